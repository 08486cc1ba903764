using System.Diagnostics;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Hosting;

/// <summary>Spans of the agent, each part of the trace of the pod that it acts on.</summary>
internal static class AgentTracing
{
    public static readonly ActivitySource Source = new("KubeAspire.NodeAgent");

    /// <summary>Starts a span under the request that asked for the pod.</summary>
    public static Activity? Start(string name, Pod pod, string node)
    {
        var activity = Source.StartActivity(name, ActivityKind.Internal, Tracing.ContextOf(pod));
        Describe(activity, pod, node);
        return activity;
    }

    /// <summary>Puts the pod's names on a span.</summary>
    public static void Describe(Activity? activity, Pod pod, string node) => activity?
        .SetTag("k8s.pod.name", pod.Metadata.Name)
        .SetTag("k8s.namespace.name", pod.Metadata.Namespace)
        .SetTag("k8s.pod.uid", pod.Metadata.Uid)
        .SetTag("k8s.node.name", node);
}
