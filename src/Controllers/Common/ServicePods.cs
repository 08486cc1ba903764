using System.Net;
using System.Net.Sockets;
using KubeAspire.ApiMachinery.Labels;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.Common;

/// <summary>What the two endpoint controllers share: which pods stand behind a Service, and which Services a pod stands behind.</summary>
internal static class ServicePods
{
    /// <summary>Whether a Service's endpoints are the controllers' to write.</summary>
    public static bool HasSelector(Service service) => service.Spec.Selector is { Count: > 0 } && service.Spec.Type != "ExternalName";

    /// <summary>Whether the Service has no address of its own.</summary>
    public static bool IsHeadless(Service service) => service.Spec.ClusterIP == "None";

    /// <summary>Whether a pod may be an endpoint at all.</summary>
    public static bool Eligible(Pod pod, bool includeTerminating) =>
        !PodFacts.IsTerminal(pod) && !string.IsNullOrEmpty(pod.Status.PodIP) && (includeTerminating || pod.Metadata.DeletionTimestamp is null);

    /// <summary>The pod's address of a family, or null.</summary>
    public static string? AddressOf(Pod pod, string family)
    {
        foreach (var address in (pod.Status.PodIPs ?? []).Select(each => each.Ip).Prepend(pod.Status.PodIP ?? ""))
        {
            if (IPAddress.TryParse(address, out var parsed) && (parsed.AddressFamily == AddressFamily.InterNetworkV6) == (family == "IPv6"))
            {
                return address;
            }
        }

        return null;
    }

    /// <summary>The number that a Service's port has in a pod; null where the pod has no port of that name.</summary>
    public static int? PortOf(Pod pod, ServicePort port)
    {
        var target = port.TargetPort ?? port.Port;
        if (target.IsInt)
        {
            return target.Number == 0 ? port.Port : target.Number;
        }

        var sidecars = (pod.Spec.InitContainers ?? []).Where(container => container.RestartPolicy == "Always");
        foreach (var container in pod.Spec.Containers.Concat(sidecars))
        {
            foreach (var candidate in container.Ports ?? [])
            {
                if (candidate.Name == target.Text && (candidate.Protocol ?? "TCP") == (port.Protocol ?? "TCP"))
                {
                    return candidate.ContainerPortValue;
                }
            }
        }

        return null;
    }

    /// <summary>The host name under which DNS knows the pod within the Service, or null.</summary>
    public static string? HostnameOf(Pod pod, Service service) =>
        !string.IsNullOrEmpty(pod.Spec.Hostname) && pod.Spec.Subdomain == service.Metadata.Name && pod.Metadata.Namespace == service.Metadata.Namespace
            ? pod.Spec.Hostname : null;

    /// <summary>The pods that a Service selects.</summary>
    public static List<Pod> Of(Service service, IInformer<Pod> pods)
    {
        var selector = Selector.FromMap(service.Spec.Selector);
        return [.. pods.List(service.Metadata.Namespace).Where(pod => selector.Matches(pod.Metadata.Labels))];
    }

    /// <summary>Queues the Services that a changed pod stands, or stood, behind.</summary>
    public static void OnPod(IInformer<Service> services, WorkQueue queue, Pod? before, Pod? after)
    {
        if (before is not null && after is not null && !IsRelevant(before, after))
        {
            return;
        }

        var pod = (after ?? before)!;
        foreach (var service in services.List(pod.Metadata.Namespace))
        {
            if (!HasSelector(service))
            {
                continue;
            }

            var selector = Selector.FromMap(service.Spec.Selector);
            if ((before is not null && selector.Matches(before.Metadata.Labels)) || (after is not null && selector.Matches(after.Metadata.Labels)))
            {
                queue.Add(ObjectKey.Of(service), Tracing.ContextOf(pod));
            }
        }
    }

    // Most changes of a pod's status are of no interest to who calls it.
    private static bool IsRelevant(Pod before, Pod after) =>
        PodFacts.IsReady(before) != PodFacts.IsReady(after)
        || PodFacts.IsTerminal(before) != PodFacts.IsTerminal(after)
        || (before.Metadata.DeletionTimestamp is null) != (after.Metadata.DeletionTimestamp is null)
        || before.Metadata.Uid != after.Metadata.Uid
        || before.Status.PodIP != after.Status.PodIP
        || !(before.Status.PodIPs ?? []).Select(each => each.Ip).SequenceEqual((after.Status.PodIPs ?? []).Select(each => each.Ip))
        || before.Spec.NodeName != after.Spec.NodeName
        || before.Spec.Hostname != after.Spec.Hostname
        || before.Spec.Subdomain != after.Spec.Subdomain
        || !Same.Map(before.Metadata.Labels, after.Metadata.Labels);
}
