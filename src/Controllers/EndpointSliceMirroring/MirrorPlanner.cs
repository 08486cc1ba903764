using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Controllers.Common;
using KubeAspire.Controllers.EndpointSlices;
using KubeAspire.Controllers.ServiceEndpoints;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Discovery;
using Endpoint = KubeAspire.Resources.Discovery.Endpoint;
using EndpointPort = KubeAspire.Resources.Discovery.EndpointPort;

namespace KubeAspire.Controllers.EndpointSliceMirroring;

/// <summary>The slices that show what somebody wrote as Endpoints. No API, no clock, no logger.</summary>
/// <remarks>Upstream's pkg/controller/endpointslicemirroring.</remarks>
internal static class MirrorPlanner
{
    /// <summary>Most addresses of a subset that are mirrored. 1000, upstream's --mirroring-max-endpoints-per-subset.</summary>
    public const int AddressesMax = 1000;

    /// <summary>This controller's value of <see cref="EndpointSlicePlanner.ManagedBy"/>.</summary>
    public const string Manager = "endpointslicemirroring-controller.k8s.io";

    /// <summary>The label by which an Endpoints object asks not to be mirrored.</summary>
    public const string SkipMirror = "endpointslice.kubernetes.io/skip-mirror";

    private const string Leader = "control-plane.alpha.kubernetes.io/leader";
    private const string Trigger = "endpoints.kubernetes.io/last-change-trigger-time";
    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";

    /// <summary>Whether Endpoints are to be mirrored: written by a person for a Service that selects no pods.</summary>
    public static bool IsMirrored(Endpoints? endpoints, Service? service) =>
        endpoints is { Metadata.DeletionTimestamp: null } && service is not null && !ServicePods.HasSelector(service)
        && endpoints.Metadata.Labels?.GetValueOrDefault(SkipMirror) != "true" && endpoints.Metadata.Annotations?.ContainsKey(Leader) != true;

    /// <summary>What has to be written.</summary>
    /// <param name="endpoints">What is mirrored; null to take everything away.</param>
    /// <param name="existing">The slices that this controller wrote for it.</param>
    public static EndpointSlicePlan Plan(Endpoints? endpoints, IReadOnlyList<EndpointSlice> existing)
    {
        List<EndpointSlice> create = [], update = [];
        var spare = existing.OrderBy(slice => slice.Metadata.Name, StringComparer.Ordinal).ToList();
        foreach (var wanted in endpoints is null ? [] : Desired(endpoints))
        {
            var held = spare.Find(slice => slice.AddressType == wanted.AddressType && KeyOf(slice) == KeyOf(wanted)) ?? spare.Find(slice => slice.AddressType == wanted.AddressType);
            if (held is null)
            {
                create.Add(wanted);
                continue;
            }

            spare.Remove(held);
            var after = held with
            {
                Metadata = held.Metadata with { Labels = wanted.Metadata.Labels, Annotations = wanted.Metadata.Annotations }, Endpoints = wanted.Endpoints, Ports = wanted.Ports,
            };
            if (!Same.Value(held, after))
            {
                update.Add(after);
            }
        }

        return new EndpointSlicePlan(create, update, spare);
    }

    // One slice for the ports of a subset, each family of addresses in slices of its own, none larger than a slice may be.
    private static IEnumerable<EndpointSlice> Desired(Endpoints endpoints) =>
        from subset in endpoints.Subsets ?? []
        from family in (subset.Addresses ?? []).Select(address => EndpointOf(address, ready: true))
            .Concat((subset.NotReadyAddresses ?? []).Select(address => EndpointOf(address, ready: false)))
            .Take(AddressesMax)
            .GroupBy(endpoint => endpoint.Addresses[0].Contains(':', StringComparison.Ordinal) ? "IPv6" : "IPv4")
            .OrderBy(each => each.Key, StringComparer.Ordinal)
        from chunk in family.Chunk(EndpointSlicePlanner.EndpointsMax)
        select new EndpointSlice
        {
            Metadata = new ObjectMeta
            {
                GenerateName = $"{endpoints.Metadata.Name}-",
                Namespace = endpoints.Metadata.Namespace,
                Labels = LabelsOf(endpoints),
                Annotations = AnnotationsOf(endpoints),
                OwnerReferences = [Owners.ControllerReference(Endpoints.ResourceType, endpoints.Metadata)],
            },
            AddressType = family.Key,
            Endpoints = chunk,
            Ports = [.. (subset.Ports ?? []).Select(port => new EndpointPort { Name = port.Name ?? "", Port = port.Port, Protocol = port.Protocol ?? "TCP", AppProtocol = port.AppProtocol })],
        };

    private static Endpoint EndpointOf(EndpointAddress address, bool ready) => new()
    {
        Addresses = [address.Ip],
        Conditions = new EndpointConditions { Ready = ready },
        Hostname = address.Hostname is { Length: > 0 } hostname ? hostname : null,
        NodeName = address.NodeName,
        TargetRef = address.TargetRef,
    };

    private static Dictionary<string, string> LabelsOf(Endpoints endpoints)
    {
        var labels = new Dictionary<string, string>(endpoints.Metadata.Labels ?? new Dictionary<string, string>())
        {
            [EndpointSlicePlanner.ServiceName] = endpoints.Metadata.Name!, [EndpointSlicePlanner.ManagedBy] = Manager,
        };
        labels.Remove(EndpointsPlanner.ManagedBy);
        return labels;
    }

    private static Dictionary<string, string>? AnnotationsOf(Endpoints endpoints)
    {
        var kept = (endpoints.Metadata.Annotations ?? new Dictionary<string, string>()).Where(pair => pair.Key is not (Trigger or LastApplied)).ToDictionary();
        return kept.Count == 0 ? null : kept;
    }

    private static string KeyOf(EndpointSlice slice) =>
        string.Join(';', (slice.Ports ?? []).Select(port => $"{port.Name}/{port.Port}/{port.Protocol}/{port.AppProtocol}").Order(StringComparer.Ordinal));
}
