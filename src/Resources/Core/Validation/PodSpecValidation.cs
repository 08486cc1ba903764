using System.Net;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Core.Validation;

/// <summary>A pod's spec, alone or in a template.</summary>
/// <remarks>Upstream's <c>ValidatePodSpec</c> in pkg/apis/core/validation. Windows, sysctls and dynamic resource claims are taken as they come.</remarks>
internal static class PodSpecValidation
{
    public static void Validate(FieldErrors errors, PodSpec spec, string path)
    {
        var volumes = VolumeValidation.Validate(errors, spec.Volumes ?? [], $"{path}.volumes");
        var checks = new ContainerValidation(errors, spec, volumes);
        checks.Containers($"{path}.containers");
        checks.InitContainers($"{path}.initContainers");
        checks.EphemeralContainers($"{path}.ephemeralContainers");
        errors.RequireOneOf($"{path}.restartPolicy", spec.RestartPolicy, "Always", "OnFailure", "Never");
        Dns(errors, spec, path);
        errors.Labels($"{path}.nodeSelector", spec.NodeSelector);
        Sharing(errors, spec, path);
        SchedulingValidation.Validate(errors, spec, path);
        NamesWithin(errors, spec, path);
        if (spec.ActiveDeadlineSeconds is { } deadline and (< 1 or > int.MaxValue))
        {
            errors.Invalid($"{path}.activeDeadlineSeconds", FieldErrors.Text(deadline), "must be between 1 and 2147483647, inclusive");
        }

        errors.OneOf($"{path}.preemptionPolicy", spec.PreemptionPolicy, "PreemptLowerPriority", "Never");
        HostAliases(errors, spec, path);
        if (spec.Overhead is not null && string.IsNullOrEmpty(spec.RuntimeClassName) is false)
        {
            ResourceValidation.Amounts(errors, spec.Overhead, $"{path}.overhead");
        }

        if (spec.Os is { } os)
        {
            errors.RequireOneOf($"{path}.os.name", os.Name, "linux", "windows");
        }
    }

    private static void Dns(FieldErrors errors, PodSpec spec, string path)
    {
        errors.RequireOneOf($"{path}.dnsPolicy", spec.DnsPolicy, "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None");
        if (spec.DnsPolicy == "None")
        {
            if (spec.DnsConfig is null)
            {
                errors.Required($"{path}.dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None");
            }
            else if (spec.DnsConfig.Nameservers is not { Count: > 0 })
            {
                errors.Required($"{path}.dnsConfig.nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None");
            }
        }

        if (spec.DnsConfig is not { } config)
        {
            return;
        }

        const int MaximumNameservers = 3, MaximumSearches = 32, MaximumSearchCharacters = 2048; // pkg/apis/core/validation
        if (config.Nameservers?.Count > MaximumNameservers)
        {
            errors.Invalid($"{path}.dnsConfig.nameservers", JsonText(config.Nameservers), $"must not have more than {MaximumNameservers} nameservers");
        }

        foreach (var (at, server) in (config.Nameservers ?? []).Index())
        {
            Address(errors, $"{path}.dnsConfig.nameservers[{at}]", server);
        }

        if (config.Searches?.Count > MaximumSearches)
        {
            errors.Invalid($"{path}.dnsConfig.searches", JsonText(config.Searches), $"must not have more than {MaximumSearches} search paths");
        }

        if (config.Searches is not null && string.Join(' ', config.Searches).Length > MaximumSearchCharacters)
        {
            errors.Invalid($"{path}.dnsConfig.searches", JsonText(config.Searches), $"must not have more than {MaximumSearchCharacters} characters (including spaces) in the search list");
        }

        foreach (var (at, option) in (config.Options ?? []).Index())
        {
            if (string.IsNullOrEmpty(option.Name))
            {
                errors.Required($"{path}.dnsConfig.options[{at}]", "must not be empty");
            }
        }
    }

    private static void Sharing(FieldErrors errors, PodSpec spec, string path)
    {
        if (spec.ShareProcessNamespace == true && spec.HostPID == true)
        {
            errors.Invalid($"{path}.shareProcessNamespace", "true", "ShareProcessNamespace and HostPID cannot both be enabled");
        }

        if (spec.HostUsers == false && (spec.HostNetwork == true || spec.HostPID == true || spec.HostIPC == true))
        {
            errors.Forbidden($"{path}.hostUsers", "when `hostUsers` is false, `hostNetwork`, `hostPID` and `hostIPC` may not be set");
        }

        if (spec.SecurityContext is not { } security)
        {
            return;
        }

        foreach (var (name, id) in new[] { ("runAsUser", security.RunAsUser), ("runAsGroup", security.RunAsGroup), ("fsGroup", security.FsGroup) })
        {
            ContainerValidation.UserOrGroup(errors, $"{path}.securityContext.{name}", id);
        }

        foreach (var (at, group) in (security.SupplementalGroups ?? []).Index())
        {
            ContainerValidation.UserOrGroup(errors, $"{path}.securityContext.supplementalGroups[{at}]", group);
        }

        errors.OneOf($"{path}.securityContext.fsGroupChangePolicy", security.FsGroupChangePolicy, "Always", "OnRootMismatch");
        errors.OneOf($"{path}.securityContext.supplementalGroupsPolicy", security.SupplementalGroupsPolicy, "Merge", "Strict");
        ContainerValidation.Seccomp(errors, $"{path}.securityContext.seccompProfile", security.SeccompProfile);
    }

    private static void NamesWithin(FieldErrors errors, PodSpec spec, string path)
    {
        Optional(errors, $"{path}.serviceAccountName", spec.ServiceAccountName, Names.IsDnsSubdomain);
        Optional(errors, $"{path}.nodeName", spec.NodeName, Names.IsDnsSubdomain);
        Optional(errors, $"{path}.hostname", spec.Hostname, Names.IsDnsLabel);
        Optional(errors, $"{path}.subdomain", spec.Subdomain, Names.IsDnsLabel);
        Optional(errors, $"{path}.priorityClassName", spec.PriorityClassName, Names.IsDnsSubdomain);
        Optional(errors, $"{path}.runtimeClassName", spec.RuntimeClassName, Names.IsDnsSubdomain);
        foreach (var (at, gate) in (spec.ReadinessGates ?? []).Index())
        {
            errors.Invalid($"{path}.readinessGates[{at}].conditionType", gate.ConditionType, Names.IsQualifiedName(gate.ConditionType));
        }
    }

    private static void HostAliases(FieldErrors errors, PodSpec spec, string path)
    {
        foreach (var (at, alias) in (spec.HostAliases ?? []).Index())
        {
            Address(errors, $"{path}.hostAliases[{at}].ip", alias.Ip);
            foreach (var (index, name) in (alias.Hostnames ?? []).Index())
            {
                errors.Invalid($"{path}.hostAliases[{at}].hostnames[{index}]", name, Names.IsDnsSubdomain(name));
            }
        }
    }

    /// <summary>An IPv4 or IPv6 address.</summary>
    public static void Address(FieldErrors errors, string path, string? text)
    {
        if (!IsAddress(text))
        {
            errors.Invalid(path, text ?? "", "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
        }
    }

    // IPAddress.Parse takes 10 for 0.0.0.10 and brackets; Go does not.
    public static bool IsAddress(string? text) =>
        IPAddress.TryParse(text, out _) && text.IndexOfAny(['[', '%']) < 0 && (text.Contains(':') || text.Split('.').Length == 4);

    private static void Optional(FieldErrors errors, string path, string? value, Func<string, IEnumerable<string>> check)
    {
        if (!string.IsNullOrEmpty(value))
        {
            errors.Invalid(path, value, check(value));
        }
    }

    private static string JsonText(IEnumerable<string> values) => "[" + string.Join(',', values.Select(value => $"\"{value}\"")) + "]";
}
