using System.Text.Json.Nodes;
using KubeAspire.ApiServer.Storage;

namespace KubeAspire.ApiServer.Admission.PodSecurity;

/// <summary>One way in which a pod asks for too much.</summary>
/// <param name="Reason">In short, such as <c>hostPath volumes</c>.</param>
/// <param name="Detail">What exactly.</param>
internal readonly record struct Violation(string Reason, string Detail)
{
    /// <inheritdoc/>
    public override string ToString() => Detail.Length == 0 ? Reason : $"{Reason} ({Detail})";
}

/// <summary>The Pod Security Standards: what a pod of a level must not ask for.</summary>
/// <remarks>Kubernetes' published standards, with the reasons as the API server of upstream words them. Checks of a level run by name, those of baseline first.</remarks>
internal static class PodSecurityChecks
{
    private static readonly HashSet<string> s_defaultCapabilities =
    [
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    ];

    private static readonly HashSet<string> s_selinuxTypes = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

    private static readonly HashSet<string> s_restrictedVolumes = ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret", "name"];

    // Each with the minor version that first allowed it.
    private static readonly Dictionary<string, int> s_sysctls = new()
    {
        ["kernel.shm_rmid_forced"] = 0, ["net.ipv4.ip_local_port_range"] = 0, ["net.ipv4.ip_unprivileged_port_start"] = 0, ["net.ipv4.tcp_syncookies"] = 0,
        ["net.ipv4.ping_group_range"] = 0, ["net.ipv4.ip_local_reserved_ports"] = 27, ["net.ipv4.tcp_keepalive_time"] = 29, ["net.ipv4.tcp_fin_timeout"] = 29,
        ["net.ipv4.tcp_keepalive_intvl"] = 29, ["net.ipv4.tcp_keepalive_probes"] = 29, ["net.ipv4.tcp_rmem"] = 32, ["net.ipv4.tcp_wmem"] = 32,
    };

    /// <summary>Everything that a pod's spec asks for beyond a level.</summary>
    public static IReadOnlyList<Violation> Evaluate(PodSecurityLevelVersion policy, JsonObject metadata, JsonObject spec)
    {
        if (policy.Level == PodSecurityLevel.Privileged)
        {
            return [];
        }

        var pod = new PodView(metadata, spec);
        var minor = policy.Minor ?? int.MaxValue;
        IEnumerable<Violation?> found = Baseline(pod, minor);
        if (policy.Level == PodSecurityLevel.Restricted)
        {
            // The stricter form of a check takes the place of the looser one.
            found = found.Where(violation => violation?.Reason is not ("non-default capabilities" or "hostPath volumes" or "seccompProfile")).Concat(Restricted(pod, minor));
        }

        return [.. found.OfType<Violation>()];
    }

    private static IEnumerable<Violation?> Baseline(PodView pod, int minor)
    {
        yield return AppArmor(pod);
        yield return Containers(pod, "non-default capabilities", Added(s_defaultCapabilities), names => $"must not include {Quoted(names)} in securityContext.capabilities.add");
        yield return HostNamespaces(pod);
        yield return HostPaths(pod);
        yield return HostPorts(pod);
        yield return minor >= 34 ? HostProbes(pod) : null;
        yield return Flag(pod, "privileged", container => container.Context.True("privileged"), "must not set securityContext.privileged=true");
        yield return Flag(pod, "procMount", container => container.Context.Text("procMount") is not ("" or "Default"), "must not set securityContext.procMount to \"Unmasked\"");
        yield return SeLinux(pod);
        yield return minor >= 19 ? Unconfined(pod) : null;
        yield return Sysctls(pod, minor);
        yield return HostProcess(pod);
    }

    private static IEnumerable<Violation?> Restricted(PodView pod, int minor)
    {
        var linux = pod.Spec.Child("os").Text("name") != "windows" || minor < 25;
        yield return linux && minor >= 8
            ? Flag(pod, "allowPrivilegeEscalation != false", container => !container.Context.False("allowPrivilegeEscalation"), "must set securityContext.allowPrivilegeEscalation=false") : null;
        yield return linux && minor >= 22 ? RestrictedCapabilities(pod) : null;
        yield return RestrictedVolumes(pod);
        yield return RunAsNonRoot(pod);
        yield return minor >= 23 ? RunAsUser(pod) : null;
        yield return linux && minor >= 19 ? RestrictedSeccomp(pod) : null;
    }

    private static Violation? AppArmor(PodView pod)
    {
        var bad = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var profile in pod.Containers.Select(container => container.Context).Append(pod.Context).Select(context => context.Child("appArmorProfile")))
        {
            if (profile.Text("type") == "Unconfined")
            {
                bad.Add("Unconfined");
            }
        }

        const string Annotation = "container.apparmor.security.beta.kubernetes.io/";
        foreach (var (key, value) in pod.Metadata.Child("annotations"))
        {
            if (key.StartsWith(Annotation, StringComparison.Ordinal) && value?.ToString() is { } text && text is not ("" or "runtime/default") && !text.StartsWith("localhost/", StringComparison.Ordinal))
            {
                bad.Add($"{key}=\"{text}\"");
            }
        }

        return bad.Count == 0 ? null : new Violation(bad.Count == 1 ? "forbidden AppArmor profile" : "forbidden AppArmor profiles", string.Join(", ", bad));
    }

    private static Violation? HostNamespaces(PodView pod)
    {
        var used = ((string[])["hostNetwork", "hostPID", "hostIPC"]).Where(name => pod.Spec.True(name)).Select(name => $"{name}=true").ToList();
        return used.Count == 0 ? null : new Violation("host namespaces", string.Join(", ", used));
    }

    private static Violation? HostPaths(PodView pod)
    {
        var names = pod.Volumes.Where(volume => volume["hostPath"] is not null).Select(volume => volume.Text("name")).ToList();
        return names.Count == 0 ? null : new Violation("hostPath volumes", $"{Plural("volume", names)} {Quoted(names)}");
    }

    private static Violation? HostPorts(PodView pod)
    {
        var (names, ports) = (new List<string>(), new SortedSet<long>());
        foreach (var container in pod.Containers)
        {
            var own = container.Value.Items("ports").Select(port => port.Number("hostPort") ?? 0).Where(port => port != 0).ToList();
            if (own.Count > 0)
            {
                names.Add(container.Name);
                ports.UnionWith(own);
            }
        }

        return names.Count == 0 ? null
            : new Violation("hostPort", $"{Plural("container", names)} {Quoted(names)} {(names.Count == 1 ? "uses" : "use")} {(ports.Count == 1 ? "hostPort" : "hostPorts")} {string.Join(", ", ports)}");
    }

    private static Violation? HostProbes(PodView pod)
    {
        var names = pod.Containers.Where(container => Handlers(container.Value).Any(handler =>
            handler.Child("httpGet").Text("host").Length > 0 || handler.Child("tcpSocket").Text("host").Length > 0)).Select(container => container.Name).ToList();
        return names.Count == 0 ? null : new Violation("probe or lifecycle host", $"{Plural("container", names)} {Quoted(names)} must not set host in probes or lifecycle hooks");
    }

    private static IEnumerable<JsonObject> Handlers(JsonObject container) =>
        ((string[])["livenessProbe", "readinessProbe", "startupProbe"]).Select(name => container.Child(name))
            .Concat(((string[])["postStart", "preStop"]).Select(name => container.Child("lifecycle").Child(name)));

    private static Violation? SeLinux(PodView pod)
    {
        var (holders, problems) = (new List<string>(), new SortedSet<string>(StringComparer.Ordinal));
        foreach (var (holder, context) in pod.Contexts)
        {
            var options = context.Child("seLinuxOptions");
            var before = problems.Count;
            var bad = false;
            if (!s_selinuxTypes.Contains(options.Text("type")))
            {
                bad = true;
                problems.Add($"type \"{options.Text("type")}\"");
            }

            foreach (var name in (string[])["user", "role"])
            {
                if (options.Text(name).Length > 0)
                {
                    bad = true;
                    problems.Add($"{name} may not be set");
                }
            }

            if (bad)
            {
                holders.Add(holder);
            }
        }

        return holders.Count == 0 ? null : new Violation("seLinuxOptions", $"{Holders(holders)} set forbidden securityContext.seLinuxOptions: {string.Join("; ", problems)}");
    }

    private static Violation? Unconfined(PodView pod)
    {
        var holders = pod.Contexts.Where(pair => pair.Context.Child("seccompProfile").Text("type") == "Unconfined").Select(pair => pair.Holder).ToList();
        return holders.Count == 0 ? null : new Violation("seccompProfile", $"{Holders(holders)} must not set securityContext.seccompProfile.type to \"Unconfined\"");
    }

    private static Violation? Sysctls(PodView pod, int minor)
    {
        var bad = pod.Context.Items("sysctls").Select(sysctl => sysctl.Text("name"))
            .Where(name => !s_sysctls.TryGetValue(name, out var since) || since > minor).Order(StringComparer.Ordinal).ToList();
        return bad.Count == 0 ? null : new Violation("forbidden sysctls", string.Join(", ", bad));
    }

    private static Violation? HostProcess(PodView pod)
    {
        var holders = pod.Contexts.Where(pair => pair.Context.Child("windowsOptions").True("hostProcess")).Select(pair => pair.Holder).ToList();
        return holders.Count == 0 ? null : new Violation("hostProcess", $"{Holders(holders)} must not set securityContext.windowsOptions.hostProcess=true");
    }

    private static Violation? RestrictedCapabilities(PodView pod)
    {
        var silent = pod.Containers.Where(container => !container.Context.Child("capabilities").Texts("drop").Contains("ALL")).Select(container => container.Name).ToList();
        var details = new List<string>();
        if (silent.Count > 0)
        {
            details.Add($"{Plural("container", silent)} {Quoted(silent)} must set securityContext.capabilities.drop=[\"ALL\"]");
        }

        if (Containers(pod, "", Added(["NET_BIND_SERVICE"]), names => $"must not include {Quoted(names)} in securityContext.capabilities.add") is { } added)
        {
            details.Add(added.Detail);
        }

        return details.Count == 0 ? null : new Violation("unrestricted capabilities", string.Join("; ", details));
    }

    private static Violation? RestrictedVolumes(PodView pod)
    {
        var (names, types) = (new List<string>(), new SortedSet<string>(StringComparer.Ordinal));
        foreach (var volume in pod.Volumes)
        {
            var type = volume.Select(pair => pair.Key).FirstOrDefault(key => !s_restrictedVolumes.Contains(key));
            if (type is not null)
            {
                names.Add(volume.Text("name"));
                types.Add(type);
            }
        }

        return names.Count == 0 ? null : new Violation(
            "restricted volume types",
            $"{Plural("volume", names)} {Quoted(names)} {(names.Count == 1 ? "uses" : "use")} restricted volume {(types.Count == 1 ? "type" : "types")} {Quoted(types)}");
    }

    private static Violation? RunAsNonRoot(PodView pod)
    {
        var explicitly = pod.Containers.Where(container => container.Context.False("runAsNonRoot")).Select(container => container.Name).ToList();
        var silent = pod.Containers.Where(container => container.Context["runAsNonRoot"] is null).Select(container => container.Name).ToList();
        var said = pod.Context.True("runAsNonRoot");
        if (explicitly.Count > 0 || pod.Context.False("runAsNonRoot"))
        {
            // A pod that says no matters only where a container does not say yes itself.
            var holders = pod.Context.False("runAsNonRoot") && silent.Count > 0 ? explicitly.Select(name => name).ToList() : explicitly;
            var detail = pod.Context.False("runAsNonRoot") && silent.Count > 0
                ? holders.Count == 0 ? "pod" : $"pod and {Plural("container", holders)} {Quoted(holders)}"
                : holders.Count == 0 ? "" : $"{Plural("container", holders)} {Quoted(holders)}";
            if (detail.Length > 0)
            {
                return new Violation("runAsNonRoot != true", $"{detail} must not set securityContext.runAsNonRoot=false");
            }
        }

        return said || silent.Count == 0 ? null
            : new Violation("runAsNonRoot != true", $"pod or {Plural("container", silent)} {Quoted(silent)} must set securityContext.runAsNonRoot=true");
    }

    private static Violation? RunAsUser(PodView pod)
    {
        var holders = pod.Contexts.Where(pair => pair.Context.Number("runAsUser") == 0).Select(pair => pair.Holder).ToList();
        return holders.Count == 0 ? null : new Violation("runAsUser=0", $"{Holders(holders)} must not set runAsUser=0");
    }

    private static Violation? RestrictedSeccomp(PodView pod)
    {
        var wrong = pod.Contexts.Where(pair => pair.Context.Child("seccompProfile").Text("type") is not ("" or "RuntimeDefault" or "Localhost")).Select(pair => pair.Holder).ToList();
        if (wrong.Count > 0)
        {
            return new Violation("seccompProfile", $"{Holders(wrong)} must not set securityContext.seccompProfile.type to \"Unconfined\"");
        }

        var silent = pod.Containers.Where(container => container.Context.Child("seccompProfile").Text("type").Length == 0).Select(container => container.Name).ToList();
        return pod.Context.Child("seccompProfile").Text("type").Length > 0 || silent.Count == 0 ? null
            : new Violation("seccompProfile", $"pod or {Plural("container", silent)} {Quoted(silent)} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"");
    }

    private static Violation? Flag(PodView pod, string reason, Func<ContainerView, bool> broken, string rule)
    {
        var names = pod.Containers.Where(broken).Select(container => container.Name).ToList();
        return names.Count == 0 ? null : new Violation(reason, $"{Plural("container", names)} {Quoted(names)} {rule}");
    }

    private static Violation? Containers(PodView pod, string reason, Func<ContainerView, IEnumerable<string>> wrong, Func<IEnumerable<string>, string> rule)
    {
        var (names, values) = (new List<string>(), new SortedSet<string>(StringComparer.Ordinal));
        foreach (var container in pod.Containers)
        {
            var own = wrong(container).ToList();
            if (own.Count > 0)
            {
                names.Add(container.Name);
                values.UnionWith(own);
            }
        }

        return names.Count == 0 ? null : new Violation(reason, $"{Plural("container", names)} {Quoted(names)} {rule(values)}");
    }

    private static Func<ContainerView, IEnumerable<string>> Added(HashSet<string> allowed) =>
        container => container.Context.Child("capabilities").Texts("add").Where(name => !allowed.Contains(name));

    private static string Holders(List<string> holders)
    {
        var names = holders.Where(holder => holder.Length > 0).ToList();
        var parts = new List<string>();
        if (names.Count < holders.Count)
        {
            parts.Add("pod");
        }

        if (names.Count > 0)
        {
            parts.Add($"{Plural("container", names)} {Quoted(names)}");
        }

        return string.Join(" and ", parts);
    }

    private static string Plural(string word, List<string> items) => items.Count == 1 ? word : word + "s";

    private static string Quoted(IEnumerable<string> items) => string.Join(", ", items.Select(item => $"\"{item}\""));
}
