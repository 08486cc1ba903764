using KubeAspire.Client.Events;
using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Hosting;

/// <summary>References for Events about a container of a pod.</summary>
internal static class AgentEvents
{
    /// <summary>A container, told from the pod's others by a field path as upstream's.</summary>
    public static ObjectReference About(Pod pod, Container container) => EventRecorderExtensions.ReferenceTo(pod) with
    {
        FieldPath = pod.Spec.InitContainers?.Any(one => one.Name == container.Name) == true
            ? $"spec.initContainers{{{container.Name}}}"
            : pod.Spec.EphemeralContainers?.Any(one => one.Name == container.Name) == true
            ? $"spec.ephemeralContainers{{{container.Name}}}"
            : $"spec.containers{{{container.Name}}}",
    };
}
