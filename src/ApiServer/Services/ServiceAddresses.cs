using System.Globalization;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.Storage;
using KubeAspire.ApiServer.Verbs;
using KubeAspire.Resources.Core;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Services;

/// <summary>Gives Services their cluster addresses, node ports and health-check node ports, each to one Service, however many API servers give at once.</summary>
/// <remarks>
/// In two steps. <see cref="FillAsync"/> writes into the object what it leaves to the cluster, and refuses what is taken already; nothing is stored. <see cref="TakeAsync"/>, when
/// nothing else can refuse the write any more, claims each in the store; what was drawn and has been taken meanwhile is drawn again. Thus a refused write or a dry run takes nothing.
/// The rules for what goes back, and why no race can give a number twice, are in docs/specs/clustering.md.
/// </remarks>
internal sealed class ServiceAddresses(IStateEngine engine, FreeNumbers free, ServiceTaking taking)
{
    /// <summary>Fills in what a Service leaves to the cluster, and refuses what is taken.</summary>
    /// <param name="service">The Service about to be stored.</param>
    /// <param name="stored">The Service as it is stored; null for a new one.</param>
    /// <param name="drawn">Receives what was drawn rather than asked for.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<ApiError?> FillAsync(JsonObject service, JsonObject? stored, ISet<StateKey> drawn, CancellationToken cancellationToken)
    {
        if (service["spec"] is not JsonObject spec)
        {
            return null;
        }

        var before = stored?["spec"] as JsonObject;
        var type = spec.Text("type") is { Length: > 0 } text ? text : "ClusterIP";
        if (type == "ExternalName")
        {
            if (before is not null && before.Text("type") != "ExternalName")
            {
                spec.Remove("clusterIP");
                spec.Remove("clusterIPs");
            }

            return null;
        }

        var key = KeyOf(service);
        return await FillAddressAsync(spec, before, key, drawn, cancellationToken) ?? await FillPortsAsync(spec, before, type, key, drawn, cancellationToken);
    }

    /// <summary>Claims what a Service is about to have and did not have before, and arranges that what it leaves goes back once it is stored.</summary>
    /// <param name="hold">Learns what is to be done when the write's end is known.</param>
    /// <param name="service">The Service about to be stored; what was drawn may change.</param>
    /// <param name="stored">The Service as it is stored; null for a new one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether the object changed; or why it cannot be stored.</returns>
    public async ValueTask<(bool Changed, ApiError? Refusal)> TakeAsync(WriteHold hold, JsonObject service, JsonObject? stored, CancellationToken cancellationToken)
    {
        var key = KeyOf(service);
        var (wanted, held) = (ServiceClaims.Of(service["spec"] as JsonObject), ServiceClaims.Of(stored?["spec"] as JsonObject));
        if (stored is null && await engine.GetAsync(Objects.KeyOf(Service.ResourceType, key.Namespace, key.Name), cancellationToken) is not null)
        {
            return (false, ApiErrors.AlreadyExists(Service.ResourceType, key.Name)); // Before anything is claimed for it.
        }

        await taking.LeaveAsync(hold, key, held.Except(wanted), cancellationToken);
        var changed = false;
        var lost = wanted.Except(held).ToList();
        for (var attempt = 1; lost.Count > 0; attempt++)
        {
            var taken = await Task.WhenAll(lost.Select(each => taking.TakeAsync(hold, key, each, cancellationToken)));
            if (taken.FirstOrDefault(each => each.Refusal is not null).Refusal is { } refusal)
            {
                return (false, refusal);
            }

            lost = [];
            foreach (var each in taken.Where(each => !each.Taken).Select(each => each.Key))
            {
                if (!hold.Drawn.Contains(each) || attempt == ApiLimits.WriteAttempts)
                {
                    return (false, AlreadyTaken((JsonObject)service["spec"]!, key.Name, each));
                }

                var other = each.Collection == ServiceClaims.Addresses ? await free.AddressAsync(cancellationToken) : await free.PortAsync(wanted, cancellationToken);
                if (other is not { } found)
                {
                    return (false, Full(each.Collection));
                }

                Replace((JsonObject)service["spec"]!, each, found);
                wanted.Add(found);
                hold.Drawn.Add(found);
                lost.Add(found);
                changed = true;
            }
        }

        return (changed, null);
    }

    /// <summary>Arranges that what a Service has goes back once it is gone.</summary>
    public ValueTask LeaveAsync(WriteHold hold, JsonObject stored, CancellationToken cancellationToken) =>
        taking.LeaveAsync(hold, KeyOf(stored), ServiceClaims.Of(stored["spec"] as JsonObject), cancellationToken);

    private async ValueTask<ApiError?> FillAddressAsync(JsonObject spec, JsonObject? before, ObjectKey key, ISet<StateKey> drawn, CancellationToken cancellationToken)
    {
        // An update that leaves the address out keeps it.
        var wanted = spec.Text("clusterIP") is { Length: > 0 } asked ? asked : before?.Text("clusterIP") ?? "";
        if (wanted.Length == 0)
        {
            if (await free.AddressAsync(cancellationToken) is not { } found)
            {
                return Full(ServiceClaims.Addresses);
            }

            drawn.Add(found);
            wanted = found.Name;
        }
        else if (wanted != "None" && wanted != before?.Text("clusterIP"))
        {
            if (!free.Contains(wanted))
            {
                return Invalid(key.Name, "spec.clusterIPs", $"[\"{wanted}\"]", $"failed to allocate IP {wanted}: the provided IP is not in the valid range. The range of valid IPs is {free.Range}");
            }

            if (await IsTakenAsync(ServiceClaims.Address(wanted), key, cancellationToken))
            {
                return AlreadyTaken(spec, key.Name, ServiceClaims.Address(wanted));
            }
        }

        spec["clusterIP"] = wanted;
        spec["clusterIPs"] = new JsonArray(JsonValue.Create(wanted));
        spec["ipFamilies"] ??= new JsonArray("IPv4");
        spec["ipFamilyPolicy"] ??= "SingleStack";
        return null;
    }

    private async ValueTask<ApiError?> FillPortsAsync(
        JsonObject spec, JsonObject? before, string type, ObjectKey key, ISet<StateKey> drawn, CancellationToken cancellationToken)
    {
        var ports = (spec["ports"] as JsonArray ?? []).OfType<JsonObject>().ToList();
        if (type is not ("NodePort" or "LoadBalancer"))
        {
            return null;
        }

        var health = type == "LoadBalancer" && spec.Text("externalTrafficPolicy") == "Local";
        var held = ServiceClaims.Of(before);
        var fields = ports.Select((port, at) => ($"spec.ports[{at}].nodePort", port.Number("nodePort") ?? 0)).ToList();
        if (health)
        {
            fields.Add(("spec.healthCheckNodePort", spec.Number("healthCheckNodePort") ?? 0));
        }

        foreach (var (field, number) in fields.Where(each => each.Item2 != 0 && !held.Contains(ServiceClaims.Port(each.Item2))))
        {
            if (number is < FreeNumbers.FirstNodePort or > FreeNumbers.LastNodePort)
            {
                return Invalid(key.Name, field, Text(number), $"provided port is not in the valid range. The range of valid ports is {FreeNumbers.FirstNodePort}-{FreeNumbers.LastNodePort}");
            }

            if (await IsTakenAsync(ServiceClaims.Port(number), key, cancellationToken))
            {
                return Invalid(key.Name, field, Text(number), "provided port is already allocated");
            }
        }

        // A balancer may do without node ports; those that were asked for it still gets.
        if (type == "NodePort" || spec["allocateLoadBalancerNodePorts"] is not JsonValue allocate || !allocate.TryGetValue(out bool wanted) || wanted)
        {
            foreach (var port in ports.Where(port => port.Number("nodePort") is null or 0))
            {
                // One number for TCP and UDP of one port.
                var shared = ports.FirstOrDefault(other => other.Number("port") == port.Number("port") && other.Text("protocol") != port.Text("protocol") && other.Number("nodePort") > 0)?.Number("nodePort")
                    ?? await DrawPortAsync(spec, drawn, cancellationToken);
                if (shared is not { } number)
                {
                    return Full(ServiceClaims.Ports);
                }

                port["nodePort"] = (int)number;
            }
        }

        if (health && (spec.Number("healthCheckNodePort") ?? 0) == 0)
        {
            if (await DrawPortAsync(spec, drawn, cancellationToken) is not { } number)
            {
                return Full(ServiceClaims.Ports);
            }

            spec["healthCheckNodePort"] = (int)number;
        }

        return null;
    }

    private async ValueTask<long?> DrawPortAsync(JsonObject spec, ISet<StateKey> drawn, CancellationToken cancellationToken)
    {
        if (await free.PortAsync(ServiceClaims.Of(spec), cancellationToken) is not { } found)
        {
            return null;
        }

        drawn.Add(found);
        return long.Parse(found.Name, CultureInfo.InvariantCulture);
    }

    // What this Service's own name stands on is left over from a write that was never finished, or is being taken for it now: no reason to refuse.
    private async ValueTask<bool> IsTakenAsync(StateKey claim, ObjectKey service, CancellationToken cancellationToken) =>
        await engine.GetAsync(claim, cancellationToken) is { } entry && !entry.IsOf(service);

    private static void Replace(JsonObject spec, StateKey lost, StateKey found)
    {
        if (lost.Collection == ServiceClaims.Addresses)
        {
            spec["clusterIP"] = found.Name;
            spec["clusterIPs"] = new JsonArray(JsonValue.Create(found.Name));
            return;
        }

        var (before, after) = (long.Parse(lost.Name, CultureInfo.InvariantCulture), int.Parse(found.Name, CultureInfo.InvariantCulture));
        foreach (var port in (spec["ports"] as JsonArray ?? []).OfType<JsonObject>().Where(port => port.Number("nodePort") == before))
        {
            port["nodePort"] = after;
        }

        if (spec.Number("healthCheckNodePort") == before)
        {
            spec["healthCheckNodePort"] = after;
        }
    }

    private static ApiError AlreadyTaken(JsonObject spec, string name, StateKey claim)
    {
        if (claim.Collection == ServiceClaims.Addresses)
        {
            return Invalid(name, "spec.clusterIPs", $"[\"{claim.Name}\"]", $"failed to allocate IP {claim.Name}: provided IP is already allocated");
        }

        var number = long.Parse(claim.Name, CultureInfo.InvariantCulture);
        var at = (spec["ports"] as JsonArray ?? []).OfType<JsonObject>().ToList().FindIndex(port => port.Number("nodePort") == number);
        return Invalid(name, at < 0 ? "spec.healthCheckNodePort" : $"spec.ports[{at}].nodePort", claim.Name, "provided port is already allocated");
    }

    private static ApiError Full(string collection) =>
        ApiErrors.InternalError(collection == ServiceClaims.Addresses ? "failed to allocate IP: range is full" : "failed to allocate a nodePort: range is full");

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static ObjectKey KeyOf(JsonObject service) => new(service.Meta().Text("namespace"), service.Meta().Text("name"));

    private static ApiError Invalid(string name, string field, string value, string detail) =>
        ApiErrors.Invalid(Service.ResourceType, name, [FieldError.Invalid(field, value, detail)]);
}
