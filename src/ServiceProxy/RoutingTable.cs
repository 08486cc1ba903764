using System.Collections.Frozen;
using System.Collections.Immutable;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Discovery;
using KubeAspire.Resources.Networking;
using KubeAspire.ServiceProxy.Ingresses;
using KubeAspire.ServiceProxy.Services;

namespace KubeAspire.ServiceProxy;

/// <summary>The objects that routes are made of: a snapshot.</summary>
public sealed record RoutingInput
{
    public IReadOnlyCollection<Service> Services { get; init; } = [];

    public IReadOnlyCollection<EndpointSlice> EndpointSlices { get; init; } = [];

    public IReadOnlyCollection<Ingress> Ingresses { get; init; } = [];

    public IReadOnlyCollection<IngressClass> IngressClasses { get; init; } = [];

    /// <summary>Secrets of type <c>kubernetes.io/tls</c>; others are ignored.</summary>
    public IReadOnlyCollection<Secret> Secrets { get; init; } = [];
}

/// <summary>Everything the proxy knows about where traffic goes. A value: built whole, swapped whole, never changed.</summary>
public sealed record RoutingTable
{
    /// <summary>A table without routes.</summary>
    public static RoutingTable Empty { get; } = new();

    /// <summary>The service ports, headless ones included: an Ingress may lead to them.</summary>
    public FrozenDictionary<ServicePortKey, ServicePortRoute> Ports { get; init; } = FrozenDictionary<ServicePortKey, ServicePortRoute>.Empty;

    /// <summary>The sockets to listen on; no two alike.</summary>
    public ImmutableArray<ServiceListener> Listeners { get; init; } = [];

    /// <summary>Hosts, paths and certificates.</summary>
    public IngressTable Ingress { get; init; } = IngressTable.Empty;

    /// <summary>The highest resourceVersion among the EndpointSlices that this table was built from; 0 without any.</summary>
    public long EndpointsResourceVersion { get; init; }

    /// <summary>What was left out, and why.</summary>
    public ImmutableArray<DroppedRoute> Dropped { get; init; } = [];
}

/// <summary>Something the table leaves out.</summary>
/// <param name="Kind">Kind of the object that asked for it.</param>
/// <param name="Key">The object.</param>
/// <param name="Reason">A CamelCase word, fit for an Event.</param>
/// <param name="Detail">What is wrong with it.</param>
public sealed record DroppedRoute(string Kind, ObjectKey Key, string Reason, string Detail);
