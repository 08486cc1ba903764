using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Core.Validation;

/// <summary>The containers of one pod: what each must say, and what no two may share.</summary>
/// <remarks>Upstream's <c>validateContainers</c>, <c>validateInitContainers</c> and <c>validateContainerCommon</c>.</remarks>
internal sealed class ContainerValidation(FieldErrors errors, PodSpec spec, IReadOnlySet<string> volumes)
{
    private const string SidecarsOnly = "may not be set for init containers without restartPolicy=Always";

    private static readonly string[] s_protocols = ["SCTP", "TCP", "UDP"];

    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly HashSet<string> _hostPorts = new(StringComparer.Ordinal);

    public void Containers(string path)
    {
        if (spec.Containers.Count == 0)
        {
            errors.Required(path);
        }

        foreach (var (at, container) in spec.Containers.Index())
        {
            var here = $"{path}[{at}]";
            Common(container, here);
            Name(container.Name, here);
            Lifecycle(container, here);
            Probes(container, here);
            errors.OneOf($"{here}.restartPolicy", container.RestartPolicy, "Always", "OnFailure", "Never");
            RestartRules(container, here);
        }
    }

    public void InitContainers(string path)
    {
        foreach (var (at, container) in (spec.InitContainers ?? []).Index())
        {
            var here = $"{path}[{at}]";
            Common(container, here);
            Name(container.Name, here);
            errors.OneOf($"{here}.restartPolicy", container.RestartPolicy, "Always", "OnFailure", "Never");
            RestartRules(container, here);
            if (container.IsSidecar())
            {
                Lifecycle(container, here);
                Probes(container, here);
                continue;
            }

            foreach (var (name, isSet) in new[]
            {
                ("lifecycle", container.Lifecycle is not null), ("livenessProbe", container.LivenessProbe is not null),
                ("readinessProbe", container.ReadinessProbe is not null), ("startupProbe", container.StartupProbe is not null),
            })
            {
                if (isSet)
                {
                    errors.Forbidden($"{here}.{name}", SidecarsOnly);
                }
            }
        }
    }

    public void EphemeralContainers(string path)
    {
        foreach (var (at, container) in (spec.EphemeralContainers ?? []).Index())
        {
            var here = $"{path}[{at}]";
            Name(container.Name, here);
            Image(container.Image, here);
            EnvironmentValidation.Validate(errors, container.Env, container.EnvFrom, here);
            Mounts(container.VolumeMounts, container.SecurityContext, here);
            if (!string.IsNullOrEmpty(container.TargetContainerName) && spec.FindContainer(container.TargetContainerName) is null)
            {
                errors.Add(ApiMachinery.Errors.FieldError.NotFound($"{here}.targetContainerName", container.TargetContainerName));
            }

            foreach (var (name, isSet) in new[]
            {
                ("ports", container.Ports is not null), ("livenessProbe", container.LivenessProbe is not null), ("readinessProbe", container.ReadinessProbe is not null),
                ("startupProbe", container.StartupProbe is not null), ("lifecycle", container.Lifecycle is not null),
                ("resources", container.Resources is { Limits.Count: > 0 } or { Requests.Count: > 0 }),
            })
            {
                if (isSet)
                {
                    errors.Forbidden($"{here}.{name}", "cannot be set for an Ephemeral Container");
                }
            }
        }
    }

    private void Name(string name, string path)
    {
        errors.RequireName($"{path}.name", name, Names.IsDnsLabel);
        if (name.Length > 0 && !_names.Add(name))
        {
            errors.Duplicate($"{path}.name", name);
        }
    }

    private void Image(string? image, string path)
    {
        if (string.IsNullOrEmpty(image))
        {
            errors.Required($"{path}.image");
        }
        else if (image.Trim() != image)
        {
            errors.Invalid($"{path}.image", image, "must not have leading or trailing whitespace");
        }
    }

    private void Common(Container container, string path)
    {
        Image(container.Image, path);
        errors.RequireOneOf($"{path}.terminationMessagePolicy", container.TerminationMessagePolicy, "File", "FallbackToLogsOnError");
        Ports(container.Ports ?? [], $"{path}.ports");
        EnvironmentValidation.Validate(errors, container.Env, container.EnvFrom, path);
        Mounts(container.VolumeMounts, container.SecurityContext, path);
        foreach (var (at, device) in (container.VolumeDevices ?? []).Index())
        {
            errors.RequireName($"{path}.volumeDevices[{at}].name", device.Name, _ => []);
            errors.RequireName($"{path}.volumeDevices[{at}].devicePath", device.DevicePath, _ => []);
        }

        errors.RequireOneOf($"{path}.imagePullPolicy", container.ImagePullPolicy, "Always", "IfNotPresent", "Never");
        if (container.Resources is { } resources)
        {
            ResourceValidation.Validate(errors, resources, $"{path}.resources");
        }

        foreach (var (at, resize) in (container.ResizePolicy ?? []).Index())
        {
            errors.RequireOneOf($"{path}.resizePolicy[{at}].resourceName", resize.ResourceName, "cpu", "memory");
            errors.RequireOneOf($"{path}.resizePolicy[{at}].restartPolicy", resize.RestartPolicy, "NotRequired", "RestartContainer");
        }

        if (container.SecurityContext is { } security)
        {
            Security(security, $"{path}.securityContext");
        }
    }

    private void Ports(IReadOnlyList<ContainerPort> ports, string path)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (at, port) in ports.Index())
        {
            var here = $"{path}[{at}]";
            if (!string.IsNullOrEmpty(port.Name))
            {
                var broken = Names.IsPortName(port.Name).ToList();
                errors.Invalid($"{here}.name", port.Name, broken);
                if (broken.Count == 0 && !names.Add(port.Name))
                {
                    errors.Duplicate($"{here}.name", port.Name);
                }
            }

            if (port.ContainerPortValue == 0)
            {
                errors.Required($"{here}.containerPort");
            }
            else
            {
                errors.Invalid($"{here}.containerPort", FieldErrors.Text(port.ContainerPortValue), Names.IsPortNumber(port.ContainerPortValue));
            }

            errors.RequireOneOf($"{here}.protocol", port.Protocol, s_protocols);
            var hostPort = port.HostPort ?? 0;
            if (hostPort == 0)
            {
                continue;
            }

            errors.Invalid($"{here}.hostPort", FieldErrors.Text(hostPort), Names.IsPortNumber(hostPort));
            if (spec.HostNetwork == true && hostPort != port.ContainerPortValue)
            {
                errors.Invalid($"{here}.containerPort", FieldErrors.Text(port.ContainerPortValue), "must match `hostPort` when `hostNetwork` is true");
            }

            var place = $"{port.Protocol}/{port.HostIP}/{hostPort}";
            if (!_hostPorts.Add(place))
            {
                errors.Duplicate($"{here}.hostPort", place);
            }
        }
    }

    private void Mounts(IReadOnlyList<VolumeMount>? mounts, SecurityContext? security, string path)
    {
        var paths = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (at, mount) in (mounts ?? []).Index())
        {
            var here = $"{path}.volumeMounts[{at}]";
            if (mount.Name.Length == 0)
            {
                errors.Required($"{here}.name");
            }
            else if (!volumes.Contains(mount.Name))
            {
                errors.Add(ApiMachinery.Errors.FieldError.NotFound($"{here}.name", mount.Name));
            }

            if (mount.MountPath.Length == 0)
            {
                errors.Required($"{here}.mountPath");
            }
            else if (!paths.Add(mount.MountPath))
            {
                errors.Invalid($"{here}.mountPath", mount.MountPath, "must be unique");
            }

            VolumeValidation.RelativePath(errors, $"{here}.subPath", mount.SubPath);
            VolumeValidation.RelativePath(errors, $"{here}.subPathExpr", mount.SubPathExpr);
            if (!string.IsNullOrEmpty(mount.SubPath) && !string.IsNullOrEmpty(mount.SubPathExpr))
            {
                errors.Invalid($"{here}.subPathExpr", mount.SubPathExpr, "subPathExpr and subPath are mutually exclusive");
            }

            errors.OneOf($"{here}.mountPropagation", mount.MountPropagation, "Bidirectional", "HostToContainer", "None");
            if (mount.MountPropagation == "Bidirectional" && security?.Privileged != true)
            {
                errors.Forbidden($"{here}.mountPropagation", "Bidirectional mount propagation is available only to privileged containers");
            }

            errors.OneOf($"{here}.recursiveReadOnly", mount.RecursiveReadOnly, "Disabled", "Enabled", "IfPossible");
            if (mount is { RecursiveReadOnly: "Enabled" or "IfPossible", ReadOnly: not true })
            {
                errors.Forbidden($"{here}.recursiveReadOnly", "may only be specified when readOnly is true");
            }
        }
    }

    private void Lifecycle(Container container, string path)
    {
        if (container.Lifecycle is not { } lifecycle)
        {
            return;
        }

        HandlerValidation.Hook(errors, lifecycle.PostStart, spec.TerminationGracePeriodSeconds, $"{path}.lifecycle.postStart");
        HandlerValidation.Hook(errors, lifecycle.PreStop, spec.TerminationGracePeriodSeconds, $"{path}.lifecycle.preStop");
        if (lifecycle.StopSignal is not null && spec.Os is null)
        {
            errors.Forbidden($"{path}.lifecycle.stopSignal", "may not be set for containers with empty `spec.os.name`");
        }
    }

    private void Probes(Container container, string path)
    {
        HandlerValidation.Probe(errors, container.LivenessProbe, $"{path}.livenessProbe", onceOnly: true);
        HandlerValidation.Probe(errors, container.ReadinessProbe, $"{path}.readinessProbe", onceOnly: false);
        if (container.ReadinessProbe?.TerminationGracePeriodSeconds is { } grace)
        {
            errors.Invalid($"{path}.readinessProbe.terminationGracePeriodSeconds", FieldErrors.Text(grace), "must not be set for readinessProbes");
        }

        HandlerValidation.Probe(errors, container.StartupProbe, $"{path}.startupProbe", onceOnly: true);
    }

    private void RestartRules(Container container, string path)
    {
        const int MaximumRules = 20, MaximumExitCodes = 255; // KEP-5307
        var rules = container.RestartPolicyRules ?? [];
        if (rules.Count > 0 && container.RestartPolicy is null)
        {
            errors.Required($"{path}.restartPolicy", "must specify restartPolicy when restart rules are used");
        }

        if (rules.Count > MaximumRules)
        {
            errors.Add(new(ApiMachinery.Errors.FieldErrorType.FieldValueTooMany, $"{path}.restartPolicyRules", FieldErrors.Text(rules.Count), $"must have at most {MaximumRules} items"));
        }

        foreach (var (at, rule) in rules.Index())
        {
            var here = $"{path}.restartPolicyRules[{at}]";
            errors.RequireOneOf($"{here}.action", rule.Action, "Restart", "RestartAllContainers");
            if (rule.ExitCodes is not { } codes)
            {
                errors.Required($"{here}.exitCodes", "must be specified");
                continue;
            }

            errors.RequireOneOf($"{here}.exitCodes.operator", codes.Operator, "In", "NotIn");
            if (codes.Values is not { Count: > 0 })
            {
                errors.Required($"{here}.exitCodes.values", "must specify at least one value");
            }
            else if (codes.Values.Count > MaximumExitCodes)
            {
                errors.Add(new(ApiMachinery.Errors.FieldErrorType.FieldValueTooMany, $"{here}.exitCodes.values", FieldErrors.Text(codes.Values.Count), $"must have at most {MaximumExitCodes} items"));
            }
        }
    }

    private void Security(SecurityContext security, string path)
    {
        UserOrGroup(errors, $"{path}.runAsUser", security.RunAsUser);
        UserOrGroup(errors, $"{path}.runAsGroup", security.RunAsGroup);
        errors.OneOf($"{path}.procMount", security.ProcMount, "Default", "Unmasked");
        Seccomp(errors, $"{path}.seccompProfile", security.SeccompProfile);
        if (security.AllowPrivilegeEscalation != false)
        {
            return;
        }

        if (security.Privileged == true)
        {
            errors.Invalid(path, JsonComparison.Text(security), "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
        }

        if (security.Capabilities?.Add?.Contains("CAP_SYS_ADMIN") == true)
        {
            errors.Invalid(path, JsonComparison.Text(security), "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
        }
    }

    public static void UserOrGroup(FieldErrors errors, string path, long? id)
    {
        if (id is < 0 or > int.MaxValue)
        {
            errors.Invalid(path, FieldErrors.Text(id.Value), "must be between 0 and 2147483647, inclusive");
        }
    }

    public static void Seccomp(FieldErrors errors, string path, SeccompProfile? profile)
    {
        if (profile is null)
        {
            return;
        }

        switch (profile.Type)
        {
            case "Localhost" when string.IsNullOrEmpty(profile.LocalhostProfile):
                errors.Required($"{path}.localhostProfile", "must be set when seccomp type is Localhost");
                break;
            case "RuntimeDefault" or "Unconfined" when profile.LocalhostProfile is not null:
                errors.Invalid($"{path}.localhostProfile", profile.LocalhostProfile, "can only be set when seccomp type is Localhost");
                break;
            case "":
                errors.Required($"{path}.type", "type is required when seccompProfile is set");
                break;
            default:
                errors.OneOf($"{path}.type", profile.Type, "Localhost", "RuntimeDefault", "Unconfined");
                break;
        }
    }
}
