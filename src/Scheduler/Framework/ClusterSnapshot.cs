namespace KubeAspire.Scheduler.Framework;

/// <summary>The cluster as one decision sees it. Owned by the thread that decides; the nodes in it are immutable.</summary>
public sealed class ClusterSnapshot
{
    private static readonly Dictionary<string, string> s_noLabels = [];
    private readonly List<NodeInfo> _nodes = [];
    private readonly Dictionary<string, int> _slots = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _images = new(StringComparer.Ordinal);

    /// <summary>A snapshot of some nodes.</summary>
    public ClusterSnapshot(params IEnumerable<NodeInfo> nodes)
    {
        foreach (var node in nodes)
        {
            Set(node);
        }
    }

    /// <summary>Labels of namespaces, for terms that select namespaces by label.</summary>
    public Func<string, IReadOnlyDictionary<string, string>?> NamespaceLabelsSource { get; init; } = static _ => null;

    /// <summary>All nodes, in no particular but a steady order.</summary>
    public IReadOnlyList<NodeInfo> Nodes => _nodes;

    /// <summary>Nodes on which some pod has affinity of any kind; zero lets the plugin skip its work.</summary>
    public int NodesWithAffinity { get; private set; }

    /// <summary>Nodes on which some pod has required anti-affinity.</summary>
    public int NodesWithAntiAffinity { get; private set; }

    /// <summary>How many nodes have an image.</summary>
    public int NodesWithImage(string name) => _images.GetValueOrDefault(name);

    /// <summary>The node of a name, or null.</summary>
    public NodeInfo? Find(string name) => _slots.TryGetValue(name, out var slot) ? _nodes[slot] : null;

    /// <summary>Labels of a namespace; empty where it is not known.</summary>
    public IReadOnlyDictionary<string, string> NamespaceLabels(string ns) => NamespaceLabelsSource(ns) ?? s_noLabels;

    /// <summary>Puts in a node, or its newer version.</summary>
    public void Set(NodeInfo node)
    {
        if (_slots.TryGetValue(node.Name, out var slot))
        {
            var old = _nodes[slot];
            Count(old, -1);
            if (!ReferenceEquals(old.Images, node.Images))
            {
                CountImages(old, -1);
                CountImages(node, 1);
            }

            _nodes[slot] = node;
        }
        else
        {
            CountImages(node, 1);
            _slots[node.Name] = _nodes.Count;
            _nodes.Add(node);
        }

        Count(node, 1);
    }

    /// <summary>Takes a node out; the last one takes its place.</summary>
    public void Remove(string name)
    {
        if (!_slots.Remove(name, out var slot))
        {
            return;
        }

        Count(_nodes[slot], -1);
        CountImages(_nodes[slot], -1);
        var last = _nodes[^1];
        _nodes.RemoveAt(_nodes.Count - 1);
        if (slot < _nodes.Count)
        {
            _nodes[slot] = last;
            _slots[last.Name] = slot;
        }
    }

    private void CountImages(NodeInfo node, int by)
    {
        foreach (var name in node.Images.Keys)
        {
            var count = _images.GetValueOrDefault(name) + by;
            if (count == 0)
            {
                _images.Remove(name);
            }
            else
            {
                _images[name] = count;
            }
        }
    }

    private void Count(NodeInfo node, int by)
    {
        NodesWithAffinity += node.PodsWithAffinity > 0 ? by : 0;
        NodesWithAntiAffinity += node.PodsWithAntiAffinity.Length > 0 ? by : 0;
    }
}
