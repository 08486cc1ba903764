using System.Globalization;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Networking;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Services;

/// <summary>The objects that say which Service has an address or a node port: one for each, named by it, so that the store's own create gives it to one alone.</summary>
/// <remarks>
/// An address is an <c>IPAddress</c> of networking.k8s.io/v1, as upstream's since 1.33, and is seen with <c>kubectl get ipaddresses</c>; a node port is an object of the
/// same form in a collection that is not served. Both name the Service as their parent.
/// </remarks>
internal static class ServiceClaims
{
    /// <summary>The collection of the addresses.</summary>
    public static readonly string Addresses = IPAddress.ResourceType.GroupResource;

    /// <summary>The collection of the node ports. It belongs to no kind.</summary>
    public const string Ports = "nodeports.kubeaspire.dev";

    /// <summary>Who keeps an IPAddress: upstream's label and its value. What has another value, its maker keeps.</summary>
    public const string ManagedBy = "ipaddress.kubernetes.io/managed-by";

    /// <summary>Upstream's value of <see cref="ManagedBy"/>.</summary>
    public const string Manager = "ipallocator.k8s.io";

    /// <summary>Set by the repair on what no Service has, before it is taken away: whoever has just stored a Service with it sees that, and takes it again.</summary>
    public const string Unowned = "kubeaspire.dev/unowned";

    private const string Family = "ipaddress.kubernetes.io/ip-family";

    /// <summary>The key of an address.</summary>
    public static StateKey Address(string address) => new(Addresses, "", address);

    /// <summary>The key of a node port.</summary>
    public static StateKey Port(long port) => new(Ports, "", port.ToString(CultureInfo.InvariantCulture));

    /// <summary>What a Service has, by its spec.</summary>
    public static HashSet<StateKey> Of(JsonObject? spec)
    {
        var claims = new HashSet<StateKey>();
        if (spec is null || spec.Text("type") == "ExternalName")
        {
            return claims;
        }

        if (spec.Text("clusterIP") is { Length: > 0 } and not "None" and var address)
        {
            claims.Add(Address(address));
        }

        if (spec.Text("type") is "NodePort" or "LoadBalancer")
        {
            var ports = (spec["ports"] as JsonArray ?? []).OfType<JsonObject>().Select(port => port.Number("nodePort")).Append(spec.Number("healthCheckNodePort"));
            claims.UnionWith(ports.Where(port => port is > 0).Select(port => Port(port!.Value)));
        }

        return claims;
    }

    /// <summary>What a Service has, by its record.</summary>
    public static IEnumerable<StateKey> Of(Service service)
    {
        if (service.Spec.Type == "ExternalName")
        {
            yield break;
        }

        if (service.Spec.ClusterIP is { Length: > 0 } and not "None" and var address)
        {
            yield return Address(address);
        }

        if (service.Spec.Type is "NodePort" or "LoadBalancer")
        {
            // TCP and UDP of one Service may share a number.
            foreach (var port in (service.Spec.Ports ?? []).Select(port => port.NodePort).Append(service.Spec.HealthCheckNodePort).Where(port => port is > 0).Distinct())
            {
                yield return Port(port!.Value);
            }
        }
    }

    /// <summary>A claim as it is stored.</summary>
    /// <param name="key">What is claimed.</param>
    /// <param name="parent">For which Service.</param>
    /// <param name="now">The instant as metadata shows it.</param>
    /// <param name="unowned">Whether the repair is about to take it away.</param>
    public static StateValue Value(StateKey key, ObjectKey parent, string now, bool unowned = false)
    {
        var address = key.Collection == Addresses;
        var metadata = new JsonObject { ["name"] = key.Name, ["uid"] = Guid.NewGuid().ToString(), ["creationTimestamp"] = now };
        if (address)
        {
            metadata["labels"] = new JsonObject { [Family] = "IPv4", [ManagedBy] = Manager };
        }

        if (unowned)
        {
            metadata["annotations"] = new JsonObject { [Unowned] = "true" };
        }

        var (json, revisionAt) = CanonicalJson.Encode(new JsonObject
        {
            ["apiVersion"] = address ? IPAddress.ResourceType.ApiVersion : "kubeaspire.dev/v1",
            ["kind"] = address ? IPAddress.ResourceType.Kind : "NodePort",
            ["metadata"] = metadata,
            ["spec"] = new JsonObject
            {
                ["parentRef"] = new JsonObject { ["group"] = "", ["resource"] = Service.ResourceType.Plural, ["namespace"] = parent.Namespace, ["name"] = parent.Name },
            },
        });
        return new StateValue(json, revisionAt);
    }

    /// <summary>Whether the cluster keeps a claim: it was made here, not by a user.</summary>
    public static bool IsManaged(this StateEntry claim) =>
        claim.Key.Collection == Ports || claim.As<IPAddress>().Metadata.Labels?.GetValueOrDefault(ManagedBy) == Manager;

    /// <summary>Whether a claim is kept by the cluster for this Service.</summary>
    public static bool IsOf(this StateEntry claim, ObjectKey service)
    {
        var parent = claim.As<IPAddress>().Spec.ParentRef;
        return claim.IsManaged() && string.IsNullOrEmpty(parent.Group) && parent.Resource == Service.ResourceType.Plural
            && parent.Namespace == service.Namespace && parent.Name == service.Name;
    }

    /// <summary>Whether the repair is about to take a claim away.</summary>
    public static bool IsUnowned(this StateEntry claim) => claim.As<IPAddress>().Metadata.Annotations?.ContainsKey(Unowned) == true;
}
