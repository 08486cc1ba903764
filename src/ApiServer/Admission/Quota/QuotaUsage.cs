using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core;

namespace KubeAspire.ApiServer.Admission.Quota;

/// <summary>What one object takes of each resource that a quota can bound.</summary>
/// <remarks>Upstream's evaluators in pkg/quota/v1/evaluator/core and the generic object count evaluator.</remarks>
internal static class QuotaUsage
{
    private const string RequestsPrefix = "requests.";
    private const string LimitsPrefix = "limits.";
    private const string StorageClassSuffix = ".storageclass.storage.k8s.io/";
    private static readonly string[] s_compute = ["cpu", "memory", "ephemeral-storage"];

    // Kinds that could be counted by their bare names before count/<resource> came.
    private static readonly HashSet<string> s_bare = ["configmaps", "secrets", "replicationcontrollers", "resourcequotas", "services", "persistentvolumeclaims", "pods"];

    /// <summary>The usage of an object; empty where it counts for nothing (a pod that has ended).</summary>
    /// <param name="groupResource">Its resource, as <c>deployments.apps</c>.</param>
    /// <param name="value">The object.</param>
    public static Dictionary<string, Quantity> Of(string groupResource, IKubernetesObject value)
    {
        var usage = new Dictionary<string, Quantity>(StringComparer.Ordinal) { ["count/" + groupResource] = Quantity.From(1) };
        switch (value)
        {
            case Pod pod:
                AddPod(usage, pod);
                break;
            case Service service:
                AddService(usage, service);
                break;
            case PersistentVolumeClaim claim:
                AddClaim(usage, claim);
                break;
        }

        if (s_bare.Contains(groupResource) && value is not Pod)
        {
            usage[groupResource] = Quantity.From(1);
        }

        return usage;
    }

    /// <summary>Whether a quota's resource is counted from objects of a kind.</summary>
    public static bool Concerns(string resource, string groupResource) =>
        resource == "count/" + groupResource || (s_bare.Contains(groupResource) && resource == groupResource) || groupResource switch
        {
            "pods" => IsCompute(resource),
            "services" => resource is "services.nodeports" or "services.loadbalancers",
            "persistentvolumeclaims" => resource == "requests.storage" || resource.Contains(StorageClassSuffix, StringComparison.Ordinal),
            _ => false,
        };

    /// <summary>The collection that a quota's resource is counted from, or null where this server does not know it.</summary>
    public static string? CollectionOf(string resource)
    {
        if (resource.StartsWith("count/", StringComparison.Ordinal))
        {
            return resource["count/".Length..];
        }

        return s_bare.Contains(resource) ? resource
            : ((string[])["services", "persistentvolumeclaims", "pods"]).FirstOrDefault(collection => Concerns(resource, collection));
    }

    /// <summary>What a pod requests and limits as a whole: the sum of its containers or the largest of its init containers, and its overhead.</summary>
    public static (Dictionary<string, Quantity> Requests, Dictionary<string, Quantity> Limits) PodResources(PodSpec spec)
    {
        var (requests, limits) = (Aggregate(spec, resources => resources?.Requests), Aggregate(spec, resources => resources?.Limits));
        foreach (var (name, quantity) in spec.Overhead ?? new Dictionary<string, Quantity>())
        {
            Add(requests, name, quantity);
            if (limits.ContainsKey(name))
            {
                Add(limits, name, quantity);
            }
        }

        return (requests, limits);
    }

    private static bool IsCompute(string resource) =>
        s_compute.Contains(resource) || resource.StartsWith(LimitsPrefix, StringComparison.Ordinal) || resource.StartsWith("hugepages-", StringComparison.Ordinal)
        || (resource.StartsWith(RequestsPrefix, StringComparison.Ordinal) && resource != "requests.storage");

    private static void AddPod(Dictionary<string, Quantity> usage, Pod pod)
    {
        // count/pods counts every object; the rest counts what may still use something.
        if (pod.Status.Phase is "Failed" or "Succeeded")
        {
            return;
        }

        usage["pods"] = Quantity.From(1);
        var (requests, limits) = PodResources(pod.Spec);
        foreach (var (name, quantity) in requests)
        {
            usage[RequestsPrefix + name] = quantity;
            if (s_compute.Contains(name) || name.StartsWith("hugepages-", StringComparison.Ordinal))
            {
                usage[name] = quantity;
            }
        }

        foreach (var (name, quantity) in limits.Where(pair => s_compute.Contains(pair.Key)))
        {
            usage[LimitsPrefix + name] = quantity;
        }
    }

    private static Dictionary<string, Quantity> Aggregate(PodSpec spec, Func<ResourceRequirements?, IReadOnlyDictionary<string, Quantity>?> part)
    {
        if (spec.Resources is { } whole && part(whole) is { Count: > 0 } stated)
        {
            return new Dictionary<string, Quantity>(stated, StringComparer.Ordinal);
        }

        var (total, sidecars, peak) = (new Dictionary<string, Quantity>(StringComparer.Ordinal), new Dictionary<string, Quantity>(), new Dictionary<string, Quantity>());
        foreach (var container in spec.Containers)
        {
            AddAll(total, part(container.Resources));
        }

        // An init container runs beside the restartable ones before it; a restartable one stays beside everything after it.
        foreach (var container in spec.InitContainers ?? [])
        {
            var own = part(container.Resources);
            if (container.RestartPolicy == "Always")
            {
                AddAll(total, own);
                AddAll(sidecars, own);
                Max(peak, sidecars);
                continue;
            }

            var beside = new Dictionary<string, Quantity>(sidecars);
            AddAll(beside, own);
            Max(peak, beside);
        }

        Max(total, peak);
        return total;
    }

    private static void AddService(Dictionary<string, Quantity> usage, Service service)
    {
        var ports = service.Spec.Ports?.Count ?? 0;
        var balanced = service.Spec.Type == "LoadBalancer";
        var nodePorts = service.Spec.Type == "NodePort" ? ports
            : !balanced ? 0
            : service.Spec.AllocateLoadBalancerNodePorts != false ? ports : service.Spec.Ports?.Count(port => port.NodePort is > 0) ?? 0;
        usage["services.nodeports"] = Quantity.From(nodePorts);
        usage["services.loadbalancers"] = Quantity.From(balanced ? 1 : 0);
    }

    private static void AddClaim(Dictionary<string, Quantity> usage, PersistentVolumeClaim claim)
    {
        var size = claim.Spec.Resources?.Requests is { } requests && requests.TryGetValue("storage", out var asked) ? asked : Quantity.Zero;
        if (claim.Status.AllocatedResources is { } allocated && allocated.TryGetValue("storage", out var held) && held > size)
        {
            size = held;
        }

        usage["requests.storage"] = size;
        if (claim.Spec.StorageClassName is { Length: > 0 } storageClass)
        {
            usage[storageClass + StorageClassSuffix + "requests.storage"] = size;
            usage[storageClass + StorageClassSuffix + "persistentvolumeclaims"] = Quantity.From(1);
        }
    }

    private static void AddAll(Dictionary<string, Quantity> to, IReadOnlyDictionary<string, Quantity>? from)
    {
        foreach (var (name, quantity) in from ?? new Dictionary<string, Quantity>())
        {
            Add(to, name, quantity);
        }
    }

    private static void Add(Dictionary<string, Quantity> to, string name, Quantity quantity) =>
        to[name] = to.TryGetValue(name, out var sum) ? sum + quantity : quantity;

    private static void Max(Dictionary<string, Quantity> to, Dictionary<string, Quantity> other)
    {
        foreach (var (name, quantity) in other)
        {
            if (!to.TryGetValue(name, out var held) || quantity > held)
            {
                to[name] = quantity;
            }
        }
    }
}
