using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Pods;

/// <summary>A container to stop, and why.</summary>
/// <param name="Observed">Which.</param>
/// <param name="Spec">Its spec; null where the pod no longer has it.</param>
/// <param name="Message">Text of the event.</param>
/// <param name="GraceSeconds">Grace period; null for the pod's.</param>
internal sealed record ContainerStop(ObservedContainer Observed, Container? Spec, string Message, long? GraceSeconds);

/// <summary>A container to run.</summary>
/// <param name="Spec">Which.</param>
/// <param name="Attempt">How many came before.</param>
/// <param name="Backoff">How many of those were quick restarts.</param>
/// <param name="Init">Whether it is an init container.</param>
/// <param name="Existing">A container that was made but not started; null to make one.</param>
internal sealed record ContainerStart(Container Spec, int Attempt, int Backoff, bool Init, ObservedContainer? Existing);

/// <summary>A container that is held back.</summary>
/// <param name="Delay">How long in all.</param>
/// <param name="Until">When it may start.</param>
internal sealed record BackedOff(TimeSpan Delay, DateTimeOffset Until);

/// <summary>What one pass over a pod should do. A value: building it touches nothing.</summary>
internal sealed record PodPlan
{
    /// <summary>Attempt of the sandbox to make; null to keep the one there is.</summary>
    public int? NewSandbox { get; init; }

    /// <summary>A sandbox that was made but not started.</summary>
    public ObservedContainer? SandboxToStart { get; init; }

    /// <summary>Containers to stop, at the same time.</summary>
    public IReadOnlyList<ContainerStop> Stop { get; init; } = [];

    /// <summary>Containers to start, in order.</summary>
    public IReadOnlyList<ContainerStart> Start { get; init; } = [];

    /// <summary>Dead containers and sandboxes that nobody needs any more.</summary>
    public IReadOnlyList<ObservedContainer> Remove { get; init; } = [];

    /// <summary>Containers held back, by name.</summary>
    public IReadOnlyDictionary<string, BackedOff> BackedOff { get; init; } = new Dictionary<string, BackedOff>();

    /// <summary>Whether nothing of the pod runs or will run.</summary>
    public bool Terminal { get; init; }

    /// <summary>When to look again though nothing changed; null for not.</summary>
    public DateTimeOffset? WakeAt { get; init; }
}

/// <summary>What the probes say of a container that runs.</summary>
/// <param name="Started">Whether its startup probe has succeeded, or it has none.</param>
/// <param name="Ready">Whether its readiness probe last succeeded, or it has none.</param>
/// <param name="Failed">The probe because of which it must be restarted: <c>liveness</c> or <c>startup</c>; null for none.</param>
internal readonly record struct ProbeView(bool Started, bool Ready, string? Failed)
{
    /// <summary>A container without probes that runs.</summary>
    public static ProbeView Healthy { get; } = new(true, true, null);
}
