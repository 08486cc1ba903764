using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Apps;

/// <summary>Rules of <c>apps/v1 ControllerRevision</c>: a template that once was, kept for a roll back.</summary>
public sealed class ControllerRevisionKind : ResourceKind<ControllerRevision>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];
}
