using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Discovery;
using Endpoint = KubeAspire.Resources.Discovery.Endpoint;
using EndpointPort = KubeAspire.Resources.Discovery.EndpointPort;

namespace KubeAspire.Controllers.EndpointSlices;

/// <summary>The slices to write for one Service. A value: building it touches nothing.</summary>
internal sealed record EndpointSlicePlan(IReadOnlyList<EndpointSlice> Create, IReadOnlyList<EndpointSlice> Update, IReadOnlyList<EndpointSlice> Delete);

/// <summary>Spreads a Service's endpoints over slices, touching as few slices as it can. No API, no clock, no logger.</summary>
internal static class EndpointSlicePlanner
{
    /// <summary>Most endpoints of a slice. 100, upstream's --max-endpoints-per-slice.</summary>
    public const int EndpointsMax = 100;

    /// <summary>The label that names the Service.</summary>
    public const string ServiceName = "kubernetes.io/service-name";

    /// <summary>The label that names who writes the slice.</summary>
    public const string ManagedBy = "endpointslice.kubernetes.io/managed-by";

    /// <summary>This controller's value of <see cref="ManagedBy"/>.</summary>
    public const string Manager = "endpointslice-controller.k8s.io";

    /// <summary>The label of a headless Service's slices.</summary>
    public const string Headless = "service.kubernetes.io/headless";

    /// <summary>What has to be written.</summary>
    /// <param name="service">The Service; has a selector.</param>
    /// <param name="pods">The pods it selects.</param>
    /// <param name="zoneOf">The zone of a node, or null.</param>
    /// <param name="existing">The Service's slices that this controller manages.</param>
    public static EndpointSlicePlan Plan(Service service, IReadOnlyList<Pod> pods, Func<string, string?> zoneOf, IReadOnlyList<EndpointSlice> existing)
    {
        List<EndpointSlice> create = [], update = [], delete = [];
        var families = service.Spec.IpFamilies is { Count: > 0 } named ? named : ["IPv4"];
        foreach (var family in families)
        {
            var slices = existing.Where(slice => slice.AddressType == family).OrderBy(slice => slice.Metadata.Name, StringComparer.Ordinal).ToList();
            PlanFamily(service, Desired(service, pods, zoneOf, family), family, slices, (create, update, delete));
        }

        delete.AddRange(existing.Where(slice => !families.Contains(slice.AddressType)));
        return new EndpointSlicePlan(create, update, delete);
    }

    /// <summary>Groups endpoints by the ports they listen on: a named port may have another number in each pod.</summary>
    private static Dictionary<string, (List<EndpointPort> Ports, List<Endpoint> Endpoints)> Desired(
        Service service, IReadOnlyList<Pod> pods, Func<string, string?> zoneOf, string family)
    {
        var groups = new Dictionary<string, (List<EndpointPort> Ports, List<Endpoint> Endpoints)>();
        foreach (var pod in pods.Where(pod => ServicePods.Eligible(pod, includeTerminating: true)).OrderBy(pod => pod.Metadata.Name, StringComparer.Ordinal))
        {
            if (ServicePods.AddressOf(pod, family) is not { } address)
            {
                continue;
            }

            List<EndpointPort> ports = [.. (service.Spec.Ports ?? []).Select(port => PortIn(pod, port)).OfType<EndpointPort>()];
            if (ports.Count == 0 && service.Spec.Ports is { Count: > 0 })
            {
                continue; // Listens on none of the ports: no endpoint.
            }

            var key = KeyOf(ports);
            if (!groups.TryGetValue(key, out var group))
            {
                groups[key] = group = (ports, []);
            }

            group.Endpoints.Add(EndpointOf(service, pod, address, zoneOf));
        }

        return groups;
    }

    private static EndpointPort? PortIn(Pod pod, ServicePort port) => ServicePods.PortOf(pod, port) is not { } number ? null
        : new EndpointPort { Name = port.Name ?? "", Port = number, Protocol = port.Protocol ?? "TCP", AppProtocol = port.AppProtocol };

    private static Endpoint EndpointOf(Service service, Pod pod, string address, Func<string, string?> zoneOf)
    {
        var serving = PodFacts.IsReady(pod);
        var terminating = pod.Metadata.DeletionTimestamp is not null;
        return new Endpoint
        {
            Addresses = [address],
            Conditions = new EndpointConditions
            {
                Ready = service.Spec.PublishNotReadyAddresses == true || (serving && !terminating),
                Serving = serving,
                Terminating = terminating,
            },
            Hostname = ServicePods.HostnameOf(pod, service),
            NodeName = string.IsNullOrEmpty(pod.Spec.NodeName) ? null : pod.Spec.NodeName,
            Zone = string.IsNullOrEmpty(pod.Spec.NodeName) ? null : zoneOf(pod.Spec.NodeName),
            TargetRef = new ObjectReference { Kind = "Pod", Namespace = pod.Metadata.Namespace, Name = pod.Metadata.Name, Uid = pod.Metadata.Uid },
        };
    }

    private static void PlanFamily(
        Service service, Dictionary<string, (List<EndpointPort> Ports, List<Endpoint> Endpoints)> desired, string family, List<EndpointSlice> existing,
        (List<EndpointSlice> Create, List<EndpointSlice> Update, List<EndpointSlice> Delete) plan)
    {
        var labels = LabelsOf(service);
        List<EndpointSlice> kept = [], created = [], spare = [];
        foreach (var orphan in existing.Where(slice => !desired.ContainsKey(KeyOf(slice.Ports ?? []))))
        {
            spare.Add(orphan);
        }

        foreach (var (key, (ports, endpoints)) in desired.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            var slices = existing.Where(slice => KeyOf(slice.Ports ?? []) == key).ToList();
            PlanGroup(ports, endpoints, slices, (kept, created, spare), () => New(service, family, labels));
        }

        if (kept.Count == 0 && created.Count == 0)
        {
            created.Add(New(service, family, labels) with { Endpoints = [], Ports = [] }); // A slice says: known, and without endpoints.
        }

        // A slice that empties takes what a new one would: one write instead of two.
        foreach (var made in created)
        {
            if (spare.Count == 0)
            {
                plan.Create.Add(made);
                continue;
            }

            kept.Add(spare[0] with { Endpoints = made.Endpoints, Ports = made.Ports });
            spare.RemoveAt(0);
        }

        plan.Delete.AddRange(spare);
        foreach (var slice in kept)
        {
            var before = existing.First(each => each.Metadata.Uid == slice.Metadata.Uid);
            var after = Same.Map(slice.Metadata.Labels, labels) ? slice : slice.WithMetadata(slice.Metadata with { Labels = labels });
            if (!Same.Value(before, after))
            {
                plan.Update.Add(after);
            }
        }
    }

    private static void PlanGroup(
        List<EndpointPort> ports, List<Endpoint> endpoints, List<EndpointSlice> slices,
        (List<EndpointSlice> Kept, List<EndpointSlice> Created, List<EndpointSlice> Spare) into, Func<EndpointSlice> make)
    {
        var missing = new Dictionary<string, Endpoint>();
        foreach (var endpoint in endpoints)
        {
            missing[KeyOf(endpoint)] = endpoint;
        }

        var rewritten = new List<(EndpointSlice Slice, List<Endpoint> Endpoints, bool Changed)>();
        foreach (var slice in slices)
        {
            var stay = new List<Endpoint>();
            var changed = false;
            foreach (var present in slice.Endpoints ?? [])
            {
                if (missing.Remove(KeyOf(present), out var wanted))
                {
                    changed |= !Same.Value(present, wanted);
                    stay.Add(wanted);
                }
                else
                {
                    changed = true;
                }
            }

            rewritten.Add((slice, stay, changed));
        }

        var rest = new Queue<Endpoint>(missing.Values);

        // Slices that change anyway are filled first; then one that has room for all that is left; then new ones.
        foreach (var (_, stay, changed) in rewritten.Where(each => each.Changed && each.Endpoints.Count > 0))
        {
            Fill(stay, rest);
        }

        while (rest.Count > EndpointsMax)
        {
            into.Created.Add(NewWith(make(), ports, rest));
        }

        if (rest.Count > 0)
        {
            var roomy = rewritten.Where(each => each.Endpoints.Count > 0 && each.Endpoints.Count + rest.Count <= EndpointsMax).OrderByDescending(each => each.Endpoints.Count).FirstOrDefault();
            if (roomy.Slice is not null)
            {
                Fill(roomy.Endpoints, rest);
            }
            else
            {
                into.Created.Add(NewWith(make(), ports, rest));
            }
        }

        foreach (var (slice, stay, _) in rewritten)
        {
            if (stay.Count > 0)
            {
                into.Kept.Add(slice with { Endpoints = stay });
            }
            else
            {
                into.Spare.Add(slice);
            }
        }
    }

    private static void Fill(List<Endpoint> endpoints, Queue<Endpoint> rest)
    {
        while (endpoints.Count < EndpointsMax && rest.TryDequeue(out var next))
        {
            endpoints.Add(next);
        }
    }

    private static EndpointSlice NewWith(EndpointSlice slice, List<EndpointPort> ports, Queue<Endpoint> rest)
    {
        var endpoints = new List<Endpoint>();
        Fill(endpoints, rest);
        return slice with { Ports = ports, Endpoints = endpoints };
    }

    private static EndpointSlice New(Service service, string family, IReadOnlyDictionary<string, string> labels) => new()
    {
        Metadata = new ObjectMeta
        {
            GenerateName = $"{service.Metadata.Name}-",
            Namespace = service.Metadata.Namespace,
            Labels = labels,
            OwnerReferences = [Owners.ControllerReference(Service.ResourceType, service.Metadata)],
        },
        AddressType = family,
    };

    private static Dictionary<string, string> LabelsOf(Service service)
    {
        var labels = new Dictionary<string, string>();
        foreach (var (key, value) in service.Metadata.Labels ?? new Dictionary<string, string>())
        {
            if (key is not (ServiceName or ManagedBy or Headless))
            {
                labels[key] = value;
            }
        }

        if (ServicePods.IsHeadless(service))
        {
            labels[Headless] = "";
        }

        labels[ServiceName] = service.Metadata.Name!;
        labels[ManagedBy] = Manager;
        return labels;
    }

    private static string KeyOf(IEnumerable<EndpointPort> ports) => string.Join(
        ';', ports.Select(port => $"{port.Name}/{port.Port}/{port.Protocol}/{port.AppProtocol}").Order(StringComparer.Ordinal));

    private static string KeyOf(Endpoint endpoint) => $"{endpoint.TargetRef?.Uid}/{(endpoint.Addresses.Count > 0 ? endpoint.Addresses[0] : "")}";
}
