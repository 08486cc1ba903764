using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Apps;

/// <summary>Rules of <c>apps/v1 DaemonSet</c>: one pod on every node that fits.</summary>
public sealed class DaemonSetKind : ResourceKind<DaemonSet>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["ds"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["all"];

    /// <inheritdoc/>
    public override bool Traced => true;
}
