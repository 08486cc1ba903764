using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Discovery;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Streaming.Proxying;

/// <summary>Finds the pod that a proxied request is for.</summary>
internal sealed class ProxyTargets(IStateEngine engine, Random random)
{
    /// <summary>Port of a pod that names none. 80, HTTP's.</summary>
    private const int DefaultPort = 80;

    private const string ServiceLabel = "kubernetes.io/service-name";

    /// <summary>A pod by name.</summary>
    public async Task<ApiResult<ProxyTarget>> PodAsync(string ns, string text, CancellationToken cancellationToken)
    {
        if (ProxyName.Parse(text) is not { } name)
        {
            return ApiErrors.BadRequest($"invalid pod request \"{text}\"");
        }

        if (await FindAsync<Pod>(Pod.ResourceType, ns, name.Name, cancellationToken) is not { } pod)
        {
            return ApiErrors.NotFound(Pod.ResourceType, name.Name);
        }

        if (string.IsNullOrEmpty(pod.Status.PodIP) || string.IsNullOrEmpty(pod.Spec.NodeName))
        {
            return ApiErrors.BadRequest("address not allowed");
        }

        var port = name.Port.Length == 0
            ? pod.Spec.Containers.Select(container => container.Ports is [var first, ..] ? first.ContainerPortValue : 0).FirstOrDefault(number => number > 0, DefaultPort)
            : name.Number;
        return port is { } known ? new ProxyTarget(pod, known, name.Scheme == "https") : ApiErrors.BadRequest($"invalid pod request \"{text}\"");
    }

    /// <summary>One of the ready pods behind a service.</summary>
    public async Task<ApiResult<ProxyTarget>> ServiceAsync(string ns, string text, CancellationToken cancellationToken)
    {
        if (ProxyName.Parse(text) is not { } name)
        {
            return ApiErrors.BadRequest($"invalid service request \"{text}\"");
        }

        if (await FindAsync<Service>(Service.ResourceType, ns, name.Name, cancellationToken) is not { } service)
        {
            return ApiErrors.NotFound(Service.ResourceType, name.Name);
        }

        var portName = name.Port;
        if (name.Number is { } number)
        {
            if ((service.Spec.Ports ?? []).FirstOrDefault(port => port.Port == number) is not { } found)
            {
                return ApiErrors.ServiceUnavailable($"no service port {number} found for service \"{name.Name}\"");
            }

            portName = found.Name ?? "";
        }

        var endpoints = await EndpointsAsync(ns, name.Name, portName, cancellationToken);
        while (endpoints.Count > 0)
        {
            int chosen;
            lock (random)
            {
                chosen = random.Next(endpoints.Count);
            }

            var (endpoint, port) = endpoints[chosen];
            if (await BehindAsync(ns, endpoint, cancellationToken) is { } pod)
            {
                return new ProxyTarget(pod, port, name.Scheme == "https");
            }

            endpoints.RemoveAt(chosen);
        }

        return ApiErrors.ServiceUnavailable($"no endpoints available for service \"{text}\"");
    }

    private async Task<List<(Endpoint Endpoint, int Port)>> EndpointsAsync(string ns, string service, string portName, CancellationToken cancellationToken)
    {
        var endpoints = new List<(Endpoint, int)>();
        var page = await engine.ListAsync(new StateRange(EndpointSlice.ResourceType.GroupResource, ns), 0, 0, null, cancellationToken);
        foreach (var entry in page.Entries)
        {
            var slice = (EndpointSlice)entry.View<ApiMachinery.Meta.IKubernetesObject>(stored => KubernetesJson.Read<EndpointSlice>(stored.Json.Span));
            if (slice.Metadata.Labels?.GetValueOrDefault(ServiceLabel) != service)
            {
                continue;
            }

            foreach (var port in (slice.Ports ?? []).Where(port => (port.Name ?? "") == portName && port.Port is > 0))
            {
                endpoints.AddRange((slice.Endpoints ?? []).Where(endpoint => endpoint.Conditions?.Ready != false).Select(endpoint => (endpoint, port.Port!.Value)));
            }
        }

        return endpoints;
    }

    // An endpoint says where a pod is; anybody may write one. Only a pod of the namespace itself that has this address is gone to
    // (CVE-2021-25740), and how to reach it is known of the pod, not of the endpoint.
    private async Task<Pod?> BehindAsync(string ns, Endpoint endpoint, CancellationToken cancellationToken)
    {
        if (endpoint.TargetRef is not { Kind: "Pod", Name: { Length: > 0 } name } || (endpoint.TargetRef.Namespace is { Length: > 0 } other && other != ns))
        {
            return null;
        }

        var pod = await FindAsync<Pod>(Pod.ResourceType, ns, name, cancellationToken);
        return pod is { Spec.NodeName.Length: > 0, Status.PodIP.Length: > 0 } && endpoint.Addresses?.Contains(pod.Status.PodIP) == true ? pod : null;
    }

    private async Task<T?> FindAsync<T>(ApiMachinery.Meta.ResourceType type, string ns, string name, CancellationToken cancellationToken)
        where T : class, ApiMachinery.Meta.IKubernetesObject =>
        await engine.GetAsync(Objects.KeyOf(type, ns, name), cancellationToken) is { } entry
            ? (T)entry.View<ApiMachinery.Meta.IKubernetesObject>(stored => KubernetesJson.Read<T>(stored.Json.Span)) : null;
}
