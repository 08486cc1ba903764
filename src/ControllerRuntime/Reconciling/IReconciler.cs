using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.ControllerRuntime.Reconciling;

/// <summary>Brings the world to what one object asks for. Given a key, never an event: each pass reads the world anew.</summary>
public interface IReconciler
{
    /// <summary>One pass. Running it again on a settled world writes nothing.</summary>
    Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken);
}

/// <summary>How a pass ended.</summary>
public readonly record struct ReconcileResult
{
    /// <summary>Settled; the next change wakes the controller.</summary>
    public static ReconcileResult Done => default;

    /// <summary>Come back after a while even if nothing changes.</summary>
    public static ReconcileResult After(TimeSpan delay) => new() { Delay = delay };

    /// <summary>Refused; come back with the queue's back-off.</summary>
    public static ReconcileResult Failed(ApiError error) => new() { Error = error };

    /// <summary>When to come back; null for not.</summary>
    public TimeSpan? Delay { get; private init; }

    /// <summary>Why the pass could not finish; null where it did.</summary>
    public ApiError? Error { get; private init; }
}
