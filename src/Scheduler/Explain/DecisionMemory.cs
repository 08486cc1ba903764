using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.Scheduler.Explain;

/// <summary>Remembers the last decision about each of so many pods; the one decided about longest ago is forgotten first.</summary>
/// <param name="capacity">Pods. One or more.</param>
public sealed class DecisionMemory(int capacity) : ISchedulingExplanation
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectKey, LinkedListNode<ExplainedDecision>> _byPod = [];
    private readonly LinkedList<ExplainedDecision> _order = new();

    /// <inheritdoc/>
    public ExplainedDecision? Find(ObjectKey pod)
    {
        lock (_gate)
        {
            return _byPod.TryGetValue(pod, out var found) ? found.Value : null;
        }
    }

    /// <summary>Remembers a decision in place of the pod's last.</summary>
    public void Remember(ExplainedDecision decision)
    {
        lock (_gate)
        {
            if (_byPod.Remove(decision.Decision.Pod, out var last))
            {
                _order.Remove(last);
            }
            else if (_byPod.Count >= capacity)
            {
                _byPod.Remove(_order.First!.Value.Decision.Pod);
                _order.RemoveFirst();
            }

            _byPod[decision.Decision.Pod] = _order.AddLast(decision);
        }
    }
}
