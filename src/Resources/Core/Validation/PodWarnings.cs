using KubeAspire.ApiMachinery.Quantities;

namespace KubeAspire.Resources.Core.Validation;

/// <summary>What a user should hear about a pod's spec that is accepted all the same.</summary>
/// <remarks>Upstream's <c>GetWarningsForPod</c> and <c>GetWarningsForPodTemplate</c> in pkg/api/pod/warnings.go.</remarks>
internal static class PodWarnings
{
    private static readonly (string Old, string New)[] s_deprecatedLabels =
    [
        ("beta.kubernetes.io/arch", "kubernetes.io/arch"),
        ("beta.kubernetes.io/os", "kubernetes.io/os"),
        ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
        ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
        ("beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type"),
    ];

    public static IEnumerable<string> For(PodSpec? spec, string path)
    {
        if (spec is null)
        {
            yield break;
        }

        foreach (var (old, now) in s_deprecatedLabels)
        {
            if (spec.NodeSelector?.ContainsKey(old) == true)
            {
                yield return $"{path}.nodeSelector[{old}]: deprecated since v1.14; use \"{now}\" instead";
            }
        }

        foreach (var (at, alias) in (spec.HostAliases ?? []).Index())
        {
            if ((spec.HostAliases ?? []).Take(at).Any(earlier => earlier.Ip == alias.Ip))
            {
                yield return $"{path}.hostAliases[{at}].ip: duplicate ip \"{alias.Ip}\"";
            }
        }

        foreach (var (at, reference) in (spec.ImagePullSecrets ?? []).Index())
        {
            if (string.IsNullOrEmpty(reference.Name))
            {
                yield return $"{path}.imagePullSecrets[{at}].name: invalid empty name \"\"";
            }
        }

        foreach (var (list, containers) in new[] { ("initContainers", spec.InitContainers ?? []), ("containers", spec.Containers) })
        {
            foreach (var warning in containers.Index().SelectMany(one => Container(one.Item, $"{path}.{list}[{one.Index}]")))
            {
                yield return warning;
            }
        }

        foreach (var (at, volume) in (spec.Volumes ?? []).Index())
        {
            if (volume.GitRepo is not null)
            {
                yield return $"{path}.volumes[{at}].gitRepo: deprecated in v1.11, and disabled by default in v1.33+";
            }
        }

        if (spec.TerminationGracePeriodSeconds < 0)
        {
            yield return $"{path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1";
        }
    }

    private static IEnumerable<string> Container(Container container, string path)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (at, variable) in (container.Env ?? []).Index())
        {
            if (!names.Add(variable.Name) && !(variable.Value ?? "").Contains($"$({variable.Name})", StringComparison.Ordinal))
            {
                yield return $"{path}.env[{at}]: hides previous definition of \"{variable.Name}\", which may be unexpected";
            }
        }

        var ports = new HashSet<(int, string?, int?, string?)>();
        foreach (var (at, port) in (container.Ports ?? []).Index())
        {
            if (!ports.Add((port.ContainerPortValue, port.Protocol, port.HostPort, port.HostIP)))
            {
                yield return $"{path}.ports[{at}]: duplicate port definition with {path}.ports[{(container.Ports ?? []).Index().First(one => one.Item.ContainerPortValue == port.ContainerPortValue).Index}]";
            }
        }

        foreach (var (list, amounts) in new[] { ("limits", container.Resources?.Limits), ("requests", container.Resources?.Requests) })
        {
            if (amounts is not null && amounts.TryGetValue("memory", out var memory) && Quantity.TryParse(memory.ToString(), out var bytes, out _) && bytes.MilliValue % 1000 != 0)
            {
                yield return $"{path}.resources.{list}[memory]: fractional byte value \"{memory}\" is invalid, must be an integer";
            }
        }
    }
}
