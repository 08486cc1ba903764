using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client.Informers;
using KubeAspire.Resources.Core;
using KubeAspire.Scheduler.Cache;
using KubeAspire.Scheduler.Framework;
using KubeAspire.Scheduler.Queue;

namespace KubeAspire.Scheduler;

/// <summary>Carries what the watches say into the cache and the queue.</summary>
internal sealed class ClusterFeed
{
    private readonly SchedulerCache _cache;
    private readonly SchedulingQueue _queue;
    private readonly string _schedulerName;
    private readonly IInformer<Pod> _pods;
    private readonly IInformer<Namespace> _namespaces;

    public ClusterFeed(IInformerFactory informers, SchedulerCache cache, SchedulingQueue queue, string schedulerName)
    {
        (_cache, _queue, _schedulerName) = (cache, queue, schedulerName);
        informers.For<Node>().AddHandler(OnNode);
        _pods = informers.For<Pod>();
        _pods.AddHandler(OnPod);
        _namespaces = informers.For<Namespace>();
    }

    /// <summary>The pod as the watch last showed it.</summary>
    public Pod? Find(ObjectKey key) => _pods.Find(key);

    /// <summary>Labels of a namespace, or null.</summary>
    public IReadOnlyDictionary<string, string>? LabelsOf(string ns) => _namespaces.Find(new ObjectKey("", ns))?.Metadata.Labels;

    internal void OnNode(Node? old, Node? node)
    {
        if (node is null)
        {
            _cache.RemoveNode(old!.Metadata.Name!);
            return;
        }

        _cache.SetNode(node);
        var events = old is null ? ClusterEvents.NodeAdded : Changes(old, node);
        if (events != ClusterEvents.None)
        {
            _queue.Wake(events);
        }
    }

    internal void OnPod(Pod? old, Pod? pod)
    {
        if (pod is null || HasEnded(pod))
        {
            var gone = pod ?? old!;
            _queue.Remove(ObjectKey.Of(gone));
            if (_cache.RemovePod(gone.Metadata.Uid ?? ""))
            {
                _queue.Wake(ClusterEvents.PodGone);
            }
        }
        else if (!string.IsNullOrEmpty(pod.Spec.NodeName))
        {
            _queue.Remove(ObjectKey.Of(pod));
            _cache.SetPod(new PodInfo(pod));
            if (old is null || string.IsNullOrEmpty(old.Spec.NodeName) || !Same(old.Metadata.Labels, pod.Metadata.Labels))
            {
                _queue.Wake(ClusterEvents.PodPlaced);
            }
        }
        else
        {
            OnPending(pod);
        }
    }

    private void OnPending(Pod pod)
    {
        if ((pod.Spec.SchedulerName ?? "default-scheduler") != _schedulerName)
        {
            return;
        }

        // One on its way out needs no node; one with gates is not to be looked at until they are gone.
        if (pod.Metadata.DeletionTimestamp is not null || pod.Spec.SchedulingGates is { Count: > 0 })
        {
            _queue.Remove(ObjectKey.Of(pod));
            return;
        }

        _queue.AddOrUpdate(pod);
    }

    private static bool HasEnded(Pod pod) => pod.Status.Phase is "Succeeded" or "Failed";

    private static ClusterEvents Changes(Node old, Node node)
    {
        var events = ClusterEvents.None;
        if (!Same(old.Metadata.Labels, node.Metadata.Labels))
        {
            events |= ClusterEvents.NodeLabels;
        }

        if (!Same(old.Status.Allocatable, node.Status.Allocatable))
        {
            events |= ClusterEvents.NodeAllocatable;
        }

        if ((old.Spec.Unschedulable ?? false) != (node.Spec.Unschedulable ?? false) || !(old.Spec.Taints ?? []).SequenceEqual(node.Spec.Taints ?? []))
        {
            events |= ClusterEvents.NodeTaints;
        }

        return events;
    }

    private static bool Same<T>(IReadOnlyDictionary<string, T>? left, IReadOnlyDictionary<string, T>? right) =>
        (left?.Count ?? 0) == (right?.Count ?? 0)
        && (left is null || left.All(pair => right!.TryGetValue(pair.Key, out var value) && EqualityComparer<T>.Default.Equals(value, pair.Value)));
}
