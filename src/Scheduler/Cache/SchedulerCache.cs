using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core;
using KubeAspire.Scheduler.Framework;

namespace KubeAspire.Scheduler.Cache;

/// <summary>Nodes and what runs on them, the pods just decided about included before the API server says so.</summary>
/// <remarks>
/// A pod is assumed on its node from the decision until the watch shows it bound; then it simply is there. A binding that fails
/// forgets it; one that succeeds and is never shown expires, so that a lost event does not hold room for ever.
/// </remarks>
/// <param name="clock">The clock of the expiry.</param>
/// <param name="assumedFor">How long after its binding a pod stays assumed.</param>
public sealed class SchedulerCache(TimeProvider clock, TimeSpan assumedFor)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Placed> _pods = new(StringComparer.Ordinal);
    private readonly HashSet<string> _changed = new(StringComparer.Ordinal);
    private readonly Queue<(string Uid, DateTimeOffset Due)> _bound = new();

    /// <summary>Pods that are assumed and not yet shown.</summary>
    public int Assumed
    {
        get
        {
            lock (_gate)
            {
                return _pods.Values.Count(placed => placed.Assumed);
            }
        }
    }

    /// <summary>Puts in a node, or its newer version.</summary>
    public void SetNode(Node node)
    {
        lock (_gate)
        {
            var entry = EntryOf(node.Metadata.Name!);
            (entry.Known, entry.Info) = (true, entry.Info.With(node));
            _changed.Add(entry.Info.Name);
        }
    }

    /// <summary>Takes a node out. Its pods are remembered: the node may come back before they go.</summary>
    public void RemoveNode(string name)
    {
        lock (_gate)
        {
            if (_nodes.TryGetValue(name, out var entry))
            {
                entry.Known = false;
                _changed.Add(name);
                Tidy(name, entry);
            }
        }
    }

    /// <summary>Puts in a pod that has a node, or its newer version. An assumed one is assumed no more.</summary>
    public void SetPod(PodInfo pod)
    {
        lock (_gate)
        {
            Take(pod.Uid);
            Put(pod, pod.Pod.Spec.NodeName!, assumed: false);
        }
    }

    /// <summary>Takes out a pod that is gone or has ended, assumed or not.</summary>
    /// <returns>Whether it was there.</returns>
    public bool RemovePod(string uid)
    {
        lock (_gate)
        {
            return Take(uid);
        }
    }

    /// <summary>Puts a pod on the node it was decided for.</summary>
    /// <returns>False where the pod is somewhere already.</returns>
    public bool Assume(PodInfo pod, string node)
    {
        lock (_gate)
        {
            if (_pods.ContainsKey(pod.Uid))
            {
                return false;
            }

            Put(pod, node, assumed: true);
            return true;
        }
    }

    /// <summary>The binding failed: the pod is not there after all. A pod that the watch showed stays.</summary>
    public void Forget(string uid)
    {
        lock (_gate)
        {
            if (_pods.TryGetValue(uid, out var placed) && placed.Assumed)
            {
                Take(uid);
            }
        }
    }

    /// <summary>The binding succeeded: the watch should show it soon.</summary>
    public void FinishBinding(string uid)
    {
        lock (_gate)
        {
            if (_pods.TryGetValue(uid, out var placed) && placed.Assumed)
            {
                _bound.Enqueue((uid, clock.GetUtcNow() + assumedFor));
            }
        }
    }

    /// <summary>Brings a snapshot up to date: only what changed since the last call is touched. For one snapshot only.</summary>
    public void Update(ClusterSnapshot snapshot)
    {
        lock (_gate)
        {
            Expire();
            foreach (var name in _changed)
            {
                if (_nodes.TryGetValue(name, out var entry) && entry.Known)
                {
                    snapshot.Set(entry.Info);
                }
                else
                {
                    snapshot.Remove(name);
                }
            }

            _changed.Clear();
        }
    }

    private void Expire()
    {
        var now = clock.GetUtcNow();
        while (_bound.TryPeek(out var next) && next.Due <= now)
        {
            _bound.Dequeue();
            if (_pods.TryGetValue(next.Uid, out var placed) && placed.Assumed)
            {
                Take(next.Uid);
            }
        }
    }

    private void Put(PodInfo pod, string node, bool assumed)
    {
        var entry = EntryOf(node);
        entry.Info = entry.Info.Plus(pod);
        _pods[pod.Uid] = new Placed(node, assumed);
        _changed.Add(node);
    }

    private bool Take(string uid)
    {
        if (!_pods.Remove(uid, out var placed))
        {
            return false;
        }

        var entry = EntryOf(placed.Node);
        entry.Info = entry.Info.Minus(uid);
        _changed.Add(placed.Node);
        Tidy(placed.Node, entry);
        return true;
    }

    private void Tidy(string name, Entry entry)
    {
        if (!entry.Known && entry.Info.Pods.Length == 0)
        {
            _nodes.Remove(name);
        }
    }

    private Entry EntryOf(string name)
    {
        if (!_nodes.TryGetValue(name, out var entry))
        {
            // A pod may be seen before its node.
            _nodes[name] = entry = new Entry(NodeInfo.Of(new Node { Metadata = new ObjectMeta { Name = name } }));
        }

        return entry;
    }

    private sealed class Entry(NodeInfo info)
    {
        public bool Known { get; set; }

        public NodeInfo Info { get; set; } = info;
    }

    private sealed record Placed(string Node, bool Assumed);
}
