using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Discovery;

/// <summary>Rules of <c>discovery.k8s.io/v1 EndpointSlice</c>: some of the addresses behind a Service.</summary>
public sealed class EndpointSliceKind : ResourceKind<EndpointSlice>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => ["addressType", "endpoints", "ports"];
}
