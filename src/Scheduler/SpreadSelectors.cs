using KubeAspire.ApiMachinery.Labels;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client.Informers;
using KubeAspire.Resources.Apps;
using KubeAspire.Resources.Core;

namespace KubeAspire.Scheduler;

/// <summary>Which pods a pod is a replica among: those of its services and of its controller.</summary>
/// <remarks>Upstream's DefaultSelector: everything that the matching services and the controller select by, together.</remarks>
internal sealed class SpreadSelectors(IInformerFactory informers)
{
    private readonly IInformer<Service> _services = informers.For<Service>();
    private readonly IInformer<ReplicaSet> _replicaSets = informers.For<ReplicaSet>();
    private readonly IInformer<ReplicationController> _controllers = informers.For<ReplicationController>();

    public Selector? For(Pod pod)
    {
        var ns = pod.Metadata.Namespace ?? "";
        var requirements = new List<Requirement>();
        foreach (var service in _services.List(ns))
        {
            if (service.Spec.Selector is { Count: > 0 } selector && Selector.FromMap(selector) is var parsed && parsed.Matches(pod.Metadata.Labels))
            {
                requirements.AddRange(parsed.Requirements);
            }
        }

        var owner = pod.Metadata.OwnerReferences?.FirstOrDefault(reference => reference.Controller == true);
        var owned = owner?.Kind switch
        {
            "ReplicaSet" when _replicaSets.Find(new ObjectKey(ns, owner.Name)) is { } set => Selector.From(set.Spec.Selector).Value,
            "ReplicationController" when _controllers.Find(new ObjectKey(ns, owner.Name)) is { } controller => Selector.FromMap(controller.Spec.Selector),
            _ => null,
        };
        requirements.AddRange(owned?.Requirements ?? []);
        return requirements.Count == 0 ? null : Selector.FromRequirements(requirements.DistinctBy(requirement => requirement.ToString()));
    }
}
