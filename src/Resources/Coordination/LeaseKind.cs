using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Coordination;

/// <summary>Rules of <c>coordination.k8s.io/v1 Lease</c>: who holds something, and until when.</summary>
public sealed class LeaseKind : ResourceKind<Lease>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];
}
