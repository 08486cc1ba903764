using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Pods;

/// <summary>Names and labels by which a pod's containers are found again, whoever made them.</summary>
internal static class PodLabels
{
    public const string PodName = "io.kubernetes.pod.name";
    public const string PodNamespace = "io.kubernetes.pod.namespace";
    public const string PodUid = "io.kubernetes.pod.uid";
    public const string ContainerName = "io.kubernetes.container.name";
    public const string Node = "kubeaspire.dev/node";
    public const string Attempt = "kubeaspire.dev/attempt";
    public const string Kind = "kubeaspire.dev/kind";

    /// <summary>Attempt of the sandbox that a container joined.</summary>
    public const string Sandbox = "kubeaspire.dev/sandbox";

    /// <summary>How many quick restarts preceded a container: what its next back-off doubles.</summary>
    public const string Backoff = "kubeaspire.dev/backoff";

    /// <summary>Address that the agent gave to a sandbox; empty for one on the machine's network.</summary>
    public const string PodIP = "kubeaspire.dev/pod-ip";

    /// <summary>Path, on the machine, of a container's termination message.</summary>
    public const string TerminationLog = "kubeaspire.dev/termination-log";

    /// <summary>Grace period of the pod in seconds, for a container whose Pod is gone.</summary>
    public const string GracePeriod = "kubeaspire.dev/grace-period";

    public const string KindSandbox = "sandbox";
    public const string KindContainer = "container";

    /// <summary>Upstream's name of the sandbox among a pod's containers.</summary>
    private const string SandboxContainerName = "POD";

    public static string NameOf(Pod pod, string? container, int attempt) =>
        $"k8s_{container ?? SandboxContainerName}_{pod.Metadata.Name}_{pod.Metadata.Namespace}_{pod.Metadata.Uid}_{attempt}";

    public static Dictionary<string, string> Of(Pod pod, string node, string? container, int attempt) => new()
    {
        [PodName] = pod.Metadata.Name ?? "",
        [PodNamespace] = pod.Metadata.Namespace ?? "",
        [PodUid] = pod.Metadata.Uid ?? "",
        [ContainerName] = container ?? SandboxContainerName,
        [Node] = node,
        [Attempt] = attempt.ToString(),
        [Kind] = container is null ? KindSandbox : KindContainer,
    };
}
