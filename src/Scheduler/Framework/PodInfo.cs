using KubeAspire.ApiMachinery.Labels;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core;

namespace KubeAspire.Scheduler.Framework;

/// <summary>A pod with everything plugins ask of it worked out once. Immutable.</summary>
public sealed class PodInfo
{
    /// <summary>Works a pod out.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="spreadSelector">Pods that this one is a replica among: its services' and its controller's selectors together; null for none.</param>
    public PodInfo(Pod pod, Selector? spreadSelector = null)
    {
        Pod = pod;
        Key = ObjectKey.Of(pod);
        Uid = pod.Metadata.Uid ?? "";
        Requests = PodRequests.Of(pod.Spec);
        AssumedRequests = PodRequests.AssumedOf(pod.Spec);
        HostPorts = HostPort.Of(pod.Spec);
        SpreadSelector = spreadSelector;
        if (pod.Spec.Affinity is { } affinity)
        {
            RequiredAffinity = AffinityTerm.Of(pod, affinity.PodAffinity?.RequiredDuringSchedulingIgnoredDuringExecution);
            RequiredAntiAffinity = AffinityTerm.Of(pod, affinity.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution);
            PreferredAffinity = AffinityTerm.Of(pod, affinity.PodAffinity?.PreferredDuringSchedulingIgnoredDuringExecution);
            PreferredAntiAffinity = AffinityTerm.Of(pod, affinity.PodAntiAffinity?.PreferredDuringSchedulingIgnoredDuringExecution);
        }
    }

    /// <summary>The pod.</summary>
    public Pod Pod { get; }

    /// <summary>Its namespace and name.</summary>
    public ObjectKey Key { get; }

    /// <summary>Its uid.</summary>
    public string Uid { get; }

    /// <summary>Its labels; null for none.</summary>
    public IReadOnlyDictionary<string, string>? Labels => Pod.Metadata.Labels;

    /// <summary>Its priority; 0 where it has none.</summary>
    public int Priority => Pod.Spec.Priority ?? 0;

    /// <summary>Whether it is on its way out.</summary>
    public bool Terminating => Pod.Metadata.DeletionTimestamp is not null;

    /// <summary>What it asks a node for.</summary>
    public ResourceAmounts Requests { get; }

    /// <summary>What scoring counts it as.</summary>
    public ResourceAmounts AssumedRequests { get; }

    /// <summary>Ports of the node that it wants.</summary>
    public HostPort[] HostPorts { get; }

    /// <summary>Pods that this one is a replica among; null for none.</summary>
    public Selector? SpreadSelector { get; }

    /// <summary>Pods it must be near.</summary>
    public AffinityTerm[] RequiredAffinity { get; } = [];

    /// <summary>Pods it must be away from.</summary>
    public AffinityTerm[] RequiredAntiAffinity { get; } = [];

    /// <summary>Pods it would like to be near.</summary>
    public AffinityTerm[] PreferredAffinity { get; } = [];

    /// <summary>Pods it would like to be away from.</summary>
    public AffinityTerm[] PreferredAntiAffinity { get; } = [];

    /// <summary>Whether it has any pod affinity or anti-affinity.</summary>
    public bool HasAffinity => RequiredAffinity.Length + RequiredAntiAffinity.Length + PreferredAffinity.Length + PreferredAntiAffinity.Length > 0;
}
