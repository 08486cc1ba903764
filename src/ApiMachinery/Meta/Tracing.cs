using System.Diagnostics;

namespace KubeAspire.ApiMachinery.Meta;

/// <summary>How a trace follows an object through the cluster: the W3C traceparent of the request that last asked for it, in an annotation.</summary>
public static class Tracing
{
    /// <summary>The annotation, as proposed by Kubernetes enhancement 5915.</summary>
    public const string Annotation = "tracing.k8s.io/traceparent";

    /// <summary>The trace that an object belongs to; default where it names none.</summary>
    public static ActivityContext ContextOf(IKubernetesObject value) =>
        value.Metadata.Annotations is { } annotations && annotations.TryGetValue(Annotation, out var text)
        && ActivityContext.TryParse(text, null, isRemote: true, out var context) ? context : default;
}
