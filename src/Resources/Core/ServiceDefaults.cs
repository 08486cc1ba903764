using System.Text.Json.Nodes;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>What upstream sets in a Service, and what a Service keeps or loses when it is updated.</summary>
/// <remarks>pkg/apis/core/v1/defaults.go and pkg/registry/core/service. Allocating addresses and ports is the API server's.</remarks>
internal static class ServiceDefaults
{
    /// <summary>How long a client sticks to a pod: three hours, in seconds.</summary>
    private const int AffinitySeconds = 10800;

    public static void Apply(JsonObject spec)
    {
        spec.DefaultText("sessionAffinity", "None");
        if (spec.Text("sessionAffinity") == "ClientIP")
        {
            spec.Ensure("sessionAffinityConfig").Ensure("clientIP").Default("timeoutSeconds", AffinitySeconds);
        }
        else if (spec.Text("sessionAffinity") == "None")
        {
            spec.Remove("sessionAffinityConfig");
        }

        spec.DefaultText("type", "ClusterIP");
        foreach (var port in spec.Items("ports"))
        {
            port.DefaultText("protocol", "TCP");
            if (port["port"] is { } number && (port["targetPort"] is null || port.Number("targetPort") is 0 || port.Text("targetPort") is { Length: 0 }))
            {
                port["targetPort"] = number.DeepClone();
            }
        }

        var type = spec.Text("type");
        if (type is "ClusterIP" or "NodePort" or "LoadBalancer")
        {
            spec.DefaultText("internalTrafficPolicy", "Cluster");
            ApplyFamilies(spec);
        }

        if (type is "NodePort" or "LoadBalancer" || (type == "ClusterIP" && spec["externalIPs"] is JsonArray { Count: > 0 }))
        {
            spec.DefaultText("externalTrafficPolicy", "Cluster");
        }

        if (type == "LoadBalancer")
        {
            spec.Default("allocateLoadBalancerNodePorts", true);
        }
    }

    // One family: the cluster has one service network.
    private static void ApplyFamilies(JsonObject spec)
    {
        if (spec.Text("clusterIP") is { Length: > 0 } address && spec["clusterIPs"] is not JsonArray { Count: > 0 })
        {
            spec["clusterIPs"] = new JsonArray(address);
        }

        if (spec["ipFamilies"] is not JsonArray { Count: > 0 })
        {
            spec["ipFamilies"] = new JsonArray("IPv4");
        }

        spec.DefaultText("ipFamilyPolicy", "SingleStack");
    }

    /// <summary>Keeps what was allocated where an update does not mention it, so that a manifest can be applied again.</summary>
    public static void KeepAllocated(JsonObject spec, JsonObject stored)
    {
        if (HasClusterIP(spec) && HasClusterIP(stored))
        {
            if (string.IsNullOrEmpty(spec.Text("clusterIP")))
            {
                Keep(spec, stored, "clusterIP");
                Keep(spec, stored, "clusterIPs");
            }
            else if (spec["clusterIPs"] is not JsonArray { Count: > 0 })
            {
                Keep(spec, stored, "clusterIPs");
            }
        }

        if (HasNodePorts(spec) && HasNodePorts(stored))
        {
            KeepNodePorts(spec, stored);
        }

        if (HasHealthCheck(spec) && HasHealthCheck(stored) && (spec.Number("healthCheckNodePort") ?? 0) == 0)
        {
            Keep(spec, stored, "healthCheckNodePort");
        }
    }

    /// <summary>Drops what belongs to the type that a Service no longer has, where the update did not set it anew.</summary>
    public static void DropDependent(JsonObject spec, JsonObject stored)
    {
        if (HasClusterIP(stored) && !HasClusterIP(spec) && Unchanged(spec, stored, "clusterIP"))
        {
            foreach (var name in new[] { "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy" })
            {
                spec.Remove(name);
            }
        }

        if (HasNodePorts(stored) && !HasNodePorts(spec))
        {
            var before = stored.Items("ports").Select(port => port.Number("nodePort")).ToHashSet();
            foreach (var port in spec.Items("ports").Where(port => before.Contains(port.Number("nodePort"))))
            {
                port.Remove("nodePort");
            }
        }

        if (HasHealthCheck(stored) && !HasHealthCheck(spec) && Unchanged(spec, stored, "healthCheckNodePort"))
        {
            spec.Remove("healthCheckNodePort");
        }

        if (stored.Text("type") == "LoadBalancer" && spec.Text("type") != "LoadBalancer")
        {
            foreach (var name in new[] { "allocateLoadBalancerNodePorts", "loadBalancerClass" })
            {
                if (Unchanged(spec, stored, name))
                {
                    spec.Remove(name);
                }
            }
        }

        if (HasNodePorts(stored, allocate: false) && !HasNodePorts(spec, allocate: false) && spec["externalIPs"] is not JsonArray { Count: > 0 }
            && Unchanged(spec, stored, "externalTrafficPolicy"))
        {
            spec.Remove("externalTrafficPolicy");
        }
    }

    private static void KeepNodePorts(JsonObject spec, JsonObject stored)
    {
        var before = stored.Items("ports").Where(port => port.Number("nodePort") > 0)
            .GroupBy(Key).ToDictionary(same => same.Key, same => same.First().Number("nodePort")!.Value);
        var taken = spec.Items("ports").Select(port => port.Number("nodePort") ?? 0).Where(port => port != 0).ToHashSet();
        foreach (var port in spec.Items("ports").Where(port => (port.Number("nodePort") ?? 0) == 0))
        {
            if (before.TryGetValue(Key(port), out var number) && taken.Add(number))
            {
                port["nodePort"] = (int)number;
            }
        }
    }

    private static (string?, long?) Key(JsonObject port) => (port.Text("protocol"), port.Number("port"));

    private static bool HasClusterIP(JsonObject spec) => spec.Text("type") is "ClusterIP" or "NodePort" or "LoadBalancer";

    private static bool HasNodePorts(JsonObject spec, bool allocate = true) =>
        spec.Text("type") == "NodePort" || (spec.Text("type") == "LoadBalancer" && (!allocate || spec["allocateLoadBalancerNodePorts"] is null || spec.IsTrue("allocateLoadBalancerNodePorts")));

    private static bool HasHealthCheck(JsonObject spec) => spec.Text("type") == "LoadBalancer" && spec.Text("externalTrafficPolicy") == "Local";

    private static bool Unchanged(JsonObject spec, JsonObject stored, string name) => JsonNode.DeepEquals(spec[name], stored[name]);

    private static void Keep(JsonObject spec, JsonObject stored, string name)
    {
        if (stored[name] is { } value)
        {
            spec[name] = value.DeepClone();
        }
    }
}
