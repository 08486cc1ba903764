namespace KubeAspire.Scheduler.Framework;

/// <summary>Chooses a node for a pod: filter, score, take the best. Changes nothing but its own place in the round of nodes.</summary>
/// <param name="profile">The plugins.</param>
/// <param name="random">Chooses among equals.</param>
public sealed class SchedulingAlgorithm(SchedulingProfile profile, Random random)
{
    /// <summary>Fewest nodes that are looked for. 100, upstream's minFeasibleNodesToFind.</summary>
    public const int FeasibleNodesMin = 100;

    /// <summary>Smallest share of nodes that is looked for. 5 %, upstream's minFeasibleNodesPercentageToFind.</summary>
    public const int FeasiblePercentageMin = 5;

    /// <summary>Scored nodes whose scores are kept for an explanation. 10.</summary>
    private const int ScoresKept = 10;

    // Reused from pod to pod: a decision allocates for what it keeps, not for what it looks at.
    private readonly List<NodeInfo> _feasible = [];
    private readonly List<(NodeInfo Node, Rejection Rejection)> _rejected = [];
    private readonly List<INodeFilter> _filters = [];
    private long[] _totals = [];
    private long[] _scores = [];
    private int _next;

    /// <summary>How many nodes that would do are enough: all of few, a falling share of many.</summary>
    /// <remarks>Upstream's numFeasibleNodesToFind: 50 % less one for every 125 nodes.</remarks>
    public static int EnoughOf(int nodes)
    {
        if (nodes < FeasibleNodesMin)
        {
            return nodes;
        }

        var percentage = Math.Max(50 - (nodes / 125), FeasiblePercentageMin);
        return Math.Max(nodes * percentage / 100, FeasibleNodesMin);
    }

    /// <summary>Decides.</summary>
    public SchedulingDecision Decide(PodInfo pod, ClusterSnapshot snapshot)
    {
        var nodes = snapshot.Nodes;
        var looked = Filter(pod, snapshot);
        var decision = new SchedulingDecision
        {
            Pod = pod.Key, AllNodes = nodes.Count, CheckedNodes = looked, FeasibleNodes = _feasible.Count,
        };
        if (_rejected.Count > 0)
        {
            decision = WithRejections(decision);
        }

        return _feasible.Count switch
        {
            0 => decision,
            1 => decision with { Node = _feasible[0].Name },
            _ => WithScores(decision, pod, snapshot),
        };
    }

    private int Filter(PodInfo pod, ClusterSnapshot snapshot)
    {
        _feasible.Clear();
        _rejected.Clear();
        _filters.Clear();
        foreach (var plugin in profile.Filters)
        {
            if (plugin.Prepare(pod, snapshot) is { } filter)
            {
                _filters.Add(filter);
            }
        }

        var nodes = snapshot.Nodes;
        var enough = EnoughOf(nodes.Count);
        var looked = 0;

        // The round goes on where the last pod's ended, so that every node is looked at as often as any other.
        var start = nodes.Count == 0 ? 0 : _next % nodes.Count;
        for (; looked < nodes.Count && _feasible.Count < enough; looked++)
        {
            var node = nodes[(start + looked) % nodes.Count];
            if (FirstRejection(node) is { } rejection)
            {
                _rejected.Add((node, rejection));
            }
            else
            {
                _feasible.Add(node);
            }
        }

        _next = start + looked;
        return looked;
    }

    private Rejection? FirstRejection(NodeInfo node)
    {
        foreach (var filter in _filters)
        {
            if (filter.Check(node) is { } rejection)
            {
                return rejection;
            }
        }

        return null;
    }

    private SchedulingDecision WithRejections(SchedulingDecision decision)
    {
        var reasons = new Dictionary<string, int>(StringComparer.Ordinal);
        var plugins = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (_, rejection) in _rejected)
        {
            plugins.Add(rejection.Plugin);
            foreach (var reason in rejection.Reasons)
            {
                reasons[reason] = reasons.GetValueOrDefault(reason) + 1;
            }
        }

        return decision with
        {
            Reasons = reasons,
            RejectedBy = plugins,
            Rejections = [.. _rejected.Take(SchedulingDecision.NodesKeptMax).Select(pair => KeyValuePair.Create(pair.Node.Name, pair.Rejection))],
        };
    }

    private SchedulingDecision WithScores(SchedulingDecision decision, PodInfo pod, ClusterSnapshot snapshot)
    {
        var count = _feasible.Count;
        var plugins = profile.Scores.Count;
        Grow(ref _totals, count);
        Grow(ref _scores, count * plugins);
        Array.Clear(_totals, 0, count);
        Array.Clear(_scores, 0, count * plugins);
        for (var plugin = 0; plugin < plugins; plugin++)
        {
            var (score, weight) = profile.Scores[plugin];
            var own = _scores.AsSpan(plugin * count, count);
            if (!score.Score(pod, snapshot, _feasible, own))
            {
                own.Clear();
                continue;
            }

            for (var i = 0; i < count; i++)
            {
                _totals[i] += own[i] * weight;
            }
        }

        return decision with { Node = _feasible[Best(count)].Name, Scores = Keep(count) };
    }

    // Every one of the equal best is as likely as another: reservoir sampling, one pass.
    private int Best(int count)
    {
        var (best, ties) = (0, 1);
        for (var i = 1; i < count; i++)
        {
            if (_totals[i] > _totals[best])
            {
                (best, ties) = (i, 1);
            }
            else if (_totals[i] == _totals[best] && random.Next(++ties) == 0)
            {
                best = i;
            }
        }

        return best;
    }

    private NodeScore[] Keep(int count)
    {
        Span<int> top = stackalloc int[Math.Min(count, ScoresKept)];
        var kept = 0;
        for (var i = 0; i < count; i++)
        {
            var at = kept;
            while (at > 0 && _totals[top[at - 1]] < _totals[i])
            {
                at--;
            }

            if (at >= top.Length)
            {
                continue;
            }

            kept = Math.Min(kept + 1, top.Length);
            for (var move = kept - 1; move > at; move--)
            {
                top[move] = top[move - 1];
            }

            top[at] = i;
        }

        var scores = new NodeScore[kept];
        for (var i = 0; i < kept; i++)
        {
            var node = top[i];
            var byPlugin = new KeyValuePair<string, long>[profile.Scores.Count];
            for (var plugin = 0; plugin < byPlugin.Length; plugin++)
            {
                byPlugin[plugin] = KeyValuePair.Create(profile.Scores[plugin].Plugin.Name, _scores[(plugin * count) + node]);
            }

            scores[i] = new NodeScore(_feasible[node].Name, _totals[node], byPlugin);
        }

        return scores;
    }

    private static void Grow(ref long[] array, int length)
    {
        if (array.Length < length)
        {
            array = new long[Math.Max(length, array.Length * 2)];
        }
    }
}
