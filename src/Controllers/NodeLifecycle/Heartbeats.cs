using System.Collections.Concurrent;

namespace KubeAspire.Controllers.NodeLifecycle;

/// <summary>When each node was last heard of, by the local monotonic clock. A clock that jumps, here or there, makes no node silent.</summary>
internal sealed class Heartbeats(TimeProvider clock)
{
    private readonly ConcurrentDictionary<string, long> _heard = new();

    /// <summary>A heartbeat of the node has arrived.</summary>
    public void Heard(string node) => _heard[node] = clock.GetTimestamp();

    /// <summary>Time since the node was last heard of; a node not known yet counts as heard of now.</summary>
    public TimeSpan SilenceOf(string node) => clock.GetElapsedTime(_heard.GetOrAdd(node, _ => clock.GetTimestamp()));

    /// <summary>Forgets a node.</summary>
    public void Forget(string node) => _heard.TryRemove(node, out _);
}
