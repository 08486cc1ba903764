using KubeAspire.Resources.Core;

namespace KubeAspire.Scheduler.Framework;

/// <summary>A port of the node that a pod wants to itself.</summary>
/// <param name="Ip">Address; <c>0.0.0.0</c> for all.</param>
/// <param name="Protocol">TCP, UDP or SCTP.</param>
/// <param name="Port">The number.</param>
public readonly record struct HostPort(string Ip, string Protocol, int Port)
{
    private const string All = "0.0.0.0";

    /// <summary>Whether both cannot be had on one node: same protocol and number, and one address covers the other.</summary>
    public bool ConflictsWith(HostPort other) =>
        Port == other.Port && Protocol == other.Protocol && (Ip == other.Ip || Ip == All || other.Ip == All);

    /// <summary>The host ports of a pod's containers, and of its restartable init containers.</summary>
    public static HostPort[] Of(PodSpec spec)
    {
        List<HostPort>? found = null;
        foreach (var container in spec.Containers.Concat((spec.InitContainers ?? []).Where(container => container.RestartPolicy == "Always")))
        {
            foreach (var port in container.Ports ?? [])
            {
                if (port.HostPort is > 0)
                {
                    (found ??= []).Add(new HostPort(port.HostIP is { Length: > 0 } ip ? ip : All, port.Protocol ?? "TCP", port.HostPort.Value));
                }
            }
        }

        return found is null ? [] : [.. found];
    }
}
