using KubeAspire.ControllerRuntime.Queue;

namespace KubeAspire.ControllerRuntime.Reconciling;

/// <summary>A reconciler, the queue that feeds it and how many passes may run at once.</summary>
/// <param name="Name">The controller's name, upstream's where there is one, such as <c>replicaset</c>.</param>
/// <param name="Kind">The kind its keys name, such as <c>ReplicaSet</c>; names the span.</param>
/// <param name="Reconciler">Makes the passes.</param>
/// <param name="Queue">The keys.</param>
public sealed record Controller(string Name, string Kind, IReconciler Reconciler, WorkQueue Queue)
{
    /// <summary>Workers where a controller names no number. 5, most of upstream's <c>--concurrent-*-syncs</c>.</summary>
    public const int DefaultWorkers = 5;

    /// <summary>Passes that may run at once, of different keys. At least one.</summary>
    public int Workers { get; init; } = DefaultWorkers;

    /// <summary>Waits until what the controller reads is there (its informers are synced). Workers start afterwards.</summary>
    public Func<CancellationToken, Task>? WhenReady { get; init; }

    /// <summary>Longest a pass may take before it is cancelled and counted as failed. 5 min.</summary>
    public TimeSpan PassTimeout { get; init; } = TimeSpan.FromMinutes(5);
}
