using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 Endpoints</c>: the addresses behind a Service, in the form before EndpointSlice.</summary>
public sealed class EndpointsKind : ResourceKind<Endpoints>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["ep"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];
}
