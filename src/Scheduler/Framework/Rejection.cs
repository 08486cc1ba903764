namespace KubeAspire.Scheduler.Framework;

/// <summary>Why a node will not do. Plugins keep the ones without data as constants: thousands are handed out a second.</summary>
/// <param name="Plugin">Who says so.</param>
/// <param name="Reasons">In upstream's words; counted over the nodes in the pod's condition. At least one.</param>
public sealed record Rejection(string Plugin, params IReadOnlyList<string> Reasons)
{
    /// <summary>More about this very node, such as the taint; null where the reasons say it all.</summary>
    public string? Detail { get; init; }

    /// <summary>Whether no pod's departure could change it: the node itself would have to.</summary>
    public bool Unresolvable { get; init; }

    /// <summary>The reasons and the detail, for people.</summary>
    public override string ToString() => Detail is null ? string.Join(", ", Reasons) : $"{string.Join(", ", Reasons)} ({Detail})";
}
