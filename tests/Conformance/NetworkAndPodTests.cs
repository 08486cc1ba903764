using System.Text.Json.Nodes;
using KubeAspire.Conformance.Harness;

namespace KubeAspire.Conformance;

/// <summary>Services and their endpoints, and what the API promises about pods before a node sees them.</summary>
public sealed class NetworkAndPodTests(ControlPlane api)
{
    [Conformance("[sig-network] API Server should have Endpoints and EndpointSlices pointing to API Server")]
    public async Task ApiServerEndpoints()
    {
        (await api.SendAsync("GET", "/api/v1/namespaces/default/services/kubernetes")).Expect(200);
        var endpoints = (await api.SendAsync("GET", "/api/v1/namespaces/default/endpoints/kubernetes")).Expect(200);
        Assert.NotEmpty(endpoints.At("subsets.0.addresses.0.ip"));
        var slices = (await api.SendAsync("GET", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dkubernetes")).Expect(200).Items;
        Assert.Equal(endpoints.At("subsets.0.addresses.0.ip"), Assert.Single(slices).At("endpoints.0.addresses.0"));
    }

    [Conformance("[sig-network] API Server should provide secure master service")]
    public async Task SecureService()
    {
        var service = (await api.SendAsync("GET", "/api/v1/namespaces/default/services/kubernetes")).Expect(200);
        Assert.Contains((service.Json["spec"]!["ports"] as JsonArray)!.OfType<JsonObject>(), port => port.At("port") == "443");
    }

    [Conformance("[sig-network] Services should find a service from listing all namespaces")]
    public async Task FindService() => Assert.Contains(
        (await api.SendAsync("GET", "/api/v1/services")).Expect(200).Items, service => service.At("metadata.name") == "kubernetes" && service.At("metadata.namespace") == "default");

    [Conformance("[sig-network] Services should complete a service status lifecycle")]
    public async Task ServiceStatus()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/services";
        var made = (await api.SendAsync(
            "POST", path,
            """{"metadata":{"name":"svc","labels":{"test-service-static":"true"}},"spec":{"type":"LoadBalancer","ports":[{"name":"http","port":80,"targetPort":80}],"loadBalancerClass":"example.com/internal-vip"}}""")).Expect(201);
        await using var watch = await api.WatchAsync($"{path}?watch=1&labelSelector=test-service-static%3Dtrue&resourceVersion={made.At("metadata.resourceVersion")}");
        (await api.SendAsync("GET", path + "/svc/status")).Expect(200);
        (await api.SendAsync("PATCH", path + "/svc/status", """{"metadata":{"annotations":{"patchedstatus":"true"}},"status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.1"}]}}}""")).Expect(200);
        Assert.Equal("203.0.113.1", (await watch.UntilAsync("MODIFIED", seen => seen.At("metadata.annotations.patchedstatus") == "true")).At("status.loadBalancer.ingress.0.ip"));
        var read = (await api.SendAsync("GET", path + "/svc")).Json;
        read["status"]!["conditions"] = JsonNode.Parse("""[{"type":"StatusUpdate","status":"True","reason":"E2E","message":"Set from e2e test","lastTransitionTime":"2024-01-01T00:00:00Z"}]""");
        Assert.Equal("StatusUpdate", (await api.SendAsync("PUT", path + "/svc/status", read.ToJsonString())).Expect(200).At("status.conditions.0.type"));
        (await api.SendAsync("PATCH", path + "/svc", """{"metadata":{"labels":{"test-service":"patched"}}}""", "application/strategic-merge-patch+json")).Expect(200);
        await watch.UntilAsync("MODIFIED", seen => seen.At("metadata.labels.test-service") == "patched");
        (await api.SendAsync("DELETE", path + "/svc")).Expect(200);
        await watch.UntilAsync("DELETED", _ => true);
    }

    [Conformance("[sig-node] Pods Extended Pods Set QOS Class should be set on Pods with matching resource requests and limits for memory and cpu")]
    public async Task PodQos()
    {
        const string Container = """{"name":"agnhost","image":"i","resources":{"requests":{"cpu":"100m","memory":"100Mi"},"limits":{"cpu":"100m","memory":"100Mi"}}}""";
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/pods";
        (await api.SendAsync("POST", path, "{\"metadata\":{\"name\":\"pod-qos\"},\"spec\":{\"containers\":[" + Container + "]}}")).Expect(201);
        Assert.Equal("Guaranteed", (await api.SendAsync("GET", path + "/pod-qos")).At("status.qosClass"));
    }

    [Conformance("[sig-node] RuntimeClass should reject a Pod requesting a non-existent RuntimeClass")]
    public async Task NoRuntimeClass() =>
        (await CreatePodAsync(await api.NamespaceAsync(), "none-" + Guid.NewGuid().ToString("N")[..6])).ExpectRefusal(403, "Forbidden", "not found");

    [Conformance("[sig-node] RuntimeClass should reject a Pod requesting a deleted RuntimeClass")]
    public async Task DeletedRuntimeClass()
    {
        var name = await RuntimeClassAsync("{\"handler\":\"preconfigured\"}");
        (await api.SendAsync("DELETE", "/apis/node.k8s.io/v1/runtimeclasses/" + name)).Expect(200);
        (await CreatePodAsync(await api.NamespaceAsync(), name)).ExpectRefusal(403, "Forbidden", "not found");
    }

    [Conformance("[sig-node] RuntimeClass should schedule a Pod requesting a RuntimeClass and initialize its Overhead")]
    public async Task RuntimeClassOverhead()
    {
        var name = await RuntimeClassAsync("""{"handler":"preconfigured","overhead":{"podFixed":{"cpu":"10m","memory":"1Mi"}}}""");
        var pod = (await CreatePodAsync(await api.NamespaceAsync(), name)).Expect(201);
        Assert.Equal(("10m", "1Mi"), (pod.At("spec.overhead.cpu"), pod.At("spec.overhead.memory")));
    }

    [Conformance("[sig-node] RuntimeClass should schedule a Pod requesting a RuntimeClass without PodOverhead")]
    public async Task RuntimeClassWithoutOverhead()
    {
        var pod = (await CreatePodAsync(await api.NamespaceAsync(), await RuntimeClassAsync("{\"handler\":\"preconfigured\"}"))).Expect(201);
        Assert.Equal("", pod.At("spec.overhead"));
    }

    [Conformance("[sig-storage] CSIInlineVolumes should support CSIVolumeSource in Pod API")]
    public async Task InlineVolumes()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/pods";
        (await api.SendAsync(
            "POST", path,
            """
            {"metadata":{"name":"inline","labels":{"inline":"true"}},"spec":{"containers":[{"name":"c","image":"i","volumeMounts":[{"name":"v","mountPath":"/mnt"}]}],
             "volumes":[{"name":"v","csi":{"driver":"e2e.example.com","volumeAttributes":{"foo":"bar"}}}]}}
            """)).Expect(201);
        Assert.Equal("e2e.example.com", (await api.SendAsync("GET", path + "/inline")).At("spec.volumes.0.csi.driver"));
        Assert.Single((await api.SendAsync("GET", path + "?labelSelector=inline%3Dtrue")).Items);
        (await api.SendAsync("PATCH", path + "/inline", """{"metadata":{"labels":{"patched":"true"}}}""")).Expect(200);
        (await api.SendAsync("DELETE", path + "/inline?gracePeriodSeconds=0")).Expect(200);
        (await api.SendAsync("GET", path + "/inline")).ExpectRefusal(404, "NotFound");
    }

    private Task<Answer> CreatePodAsync(string ns, string runtimeClass) => api.SendAsync(
        "POST", $"/api/v1/namespaces/{ns}/pods",
        "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"runtimeClassName\":\"" + runtimeClass + "\",\"containers\":[{\"name\":\"test\",\"image\":\"i\"}]}}");

    private async Task<string> RuntimeClassAsync(string body)
    {
        var value = JsonNode.Parse(body)!.AsObject();
        value["metadata"] = new JsonObject { ["generateName"] = "e2e-" };
        return (await api.SendAsync("POST", "/apis/node.k8s.io/v1/runtimeclasses", value.ToJsonString())).Expect(201).At("metadata.name");
    }
}
