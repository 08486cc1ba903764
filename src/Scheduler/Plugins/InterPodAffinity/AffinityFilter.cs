using KubeAspire.Scheduler.Framework;

namespace KubeAspire.Scheduler.Plugins.InterPodAffinity;

/// <summary>Required affinity and anti-affinity of one pod, and of the placed pods against it, worked out over the cluster once.</summary>
internal sealed class AffinityFilter : INodeFilter
{
    private static readonly Rejection s_affinity = new("InterPodAffinity", "node(s) didn't match pod affinity rules") { Unresolvable = true };
    private static readonly Rejection s_antiAffinity = new("InterPodAffinity", "node(s) didn't match pod anti-affinity rules");
    private static readonly Rejection s_existing = new("InterPodAffinity", "node(s) didn't satisfy existing pods anti-affinity rules");

    private readonly PodInfo _pod;
    private readonly HashSet<(string Key, string Value)> _forbiddenByPlaced = [];
    private readonly HashSet<(string Key, string Value)> _forbidden = [];
    private readonly HashSet<(string Key, string Value)> _wanted = [];
    private readonly bool _first;

    public AffinityFilter(PodInfo pod, ClusterSnapshot snapshot)
    {
        _pod = pod;
        foreach (var node in snapshot.Nodes)
        {
            if (node.Labels is not { } labels)
            {
                continue;
            }

            foreach (var placed in node.PodsWithAntiAffinity)
            {
                Note(_forbiddenByPlaced, labels, placed.RequiredAntiAffinity.Where(term => term.Selects(pod, snapshot)));
            }

            if (pod.RequiredAntiAffinity.Length > 0 || pod.RequiredAffinity.Length > 0)
            {
                Look(node, labels, snapshot);
            }
        }

        // The first of a group that wants to be together would otherwise wait for itself.
        _first = pod.RequiredAffinity.Length > 0 && _wanted.Count == 0 && Array.TrueForAll(pod.RequiredAffinity, term => term.Selects(pod, snapshot));
    }

    public Rejection? Check(NodeInfo node)
    {
        foreach (var term in _pod.RequiredAffinity)
        {
            if (node.Labels?.TryGetValue(term.TopologyKey, out var value) != true || (!_first && !_wanted.Contains((term.TopologyKey, value!))))
            {
                return s_affinity;
            }
        }

        return Holds(_forbidden, node) ? s_antiAffinity : Holds(_forbiddenByPlaced, node) ? s_existing : null;
    }

    private void Look(NodeInfo node, IReadOnlyDictionary<string, string> labels, ClusterSnapshot snapshot)
    {
        foreach (var placed in node.Pods)
        {
            Note(_forbidden, labels, _pod.RequiredAntiAffinity.Where(term => term.Selects(placed, snapshot)));

            // A placed pod is one to be near when all terms are about it: upstream's rule.
            if (_pod.RequiredAffinity.Length > 0 && Array.TrueForAll(_pod.RequiredAffinity, term => term.Selects(placed, snapshot)))
            {
                Note(_wanted, labels, _pod.RequiredAffinity);
            }
        }
    }

    private static void Note(HashSet<(string Key, string Value)> places, IReadOnlyDictionary<string, string> labels, IEnumerable<AffinityTerm> terms)
    {
        foreach (var term in terms)
        {
            if (labels.TryGetValue(term.TopologyKey, out var value))
            {
                places.Add((term.TopologyKey, value));
            }
        }
    }

    private static bool Holds(HashSet<(string Key, string Value)> places, NodeInfo node)
    {
        foreach (var (key, value) in places)
        {
            if (node.Labels?.TryGetValue(key, out var has) == true && has == value)
            {
                return true;
            }
        }

        return false;
    }
}
