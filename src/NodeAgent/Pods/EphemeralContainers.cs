using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Pods;

/// <summary>Containers added to a running pod, as <c>kubectl debug</c> does.</summary>
internal static class EphemeralContainers
{
    /// <summary>The pod's ephemeral containers in the terms of its others. What they may not have (ports, probes, resources) stays empty.</summary>
    public static IEnumerable<Container> Of(Pod pod) => (pod.Spec.EphemeralContainers ?? []).Select(one => new Container
    {
        Name = one.Name,
        Image = one.Image,
        Command = one.Command,
        Args = one.Args,
        WorkingDir = one.WorkingDir,
        Env = one.Env,
        EnvFrom = one.EnvFrom,
        VolumeMounts = one.VolumeMounts,
        ImagePullPolicy = one.ImagePullPolicy,
        SecurityContext = one.SecurityContext,
        Stdin = one.Stdin,
        StdinOnce = one.StdinOnce,
        Tty = one.Tty,
        TerminationMessagePath = one.TerminationMessagePath,
        TerminationMessagePolicy = one.TerminationMessagePolicy,
    });

    /// <summary>The container whose processes an ephemeral container sees; null for none, or for no ephemeral container.</summary>
    public static string? TargetOf(Pod pod, string name) =>
        pod.Spec.EphemeralContainers?.FirstOrDefault(one => one.Name == name)?.TargetContainerName is { Length: > 0 } target ? target : null;
}
