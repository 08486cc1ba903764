using System.Diagnostics;
using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.ControllerRuntime.Queue;

/// <summary>
/// Keys that need a pass. A key waits at most once, is worked on by at most one worker, and is worked on again after it was
/// added while being worked on: upstream's workqueue. Implemented by WorkQueue.
/// </summary>
public interface IWorkQueue
{
    /// <summary>Adds a key now. <paramref name="cause"/> is the trace of the change; the pass becomes part of it.</summary>
    void Add(ObjectKey key, ActivityContext cause = default);

    /// <summary>Adds a key once a delay has passed.</summary>
    void AddAfter(ObjectKey key, TimeSpan delay);

    /// <summary>Adds a key with its exponential back-off: 5 ms doubling to 1000 s, upstream's default limiter.</summary>
    void AddRateLimited(ObjectKey key);

    /// <summary>Forgets a key's failures.</summary>
    void Forget(ObjectKey key);
}
