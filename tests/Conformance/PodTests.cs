using System.Text.Json.Nodes;
using KubeAspire.Conformance.Harness;

namespace KubeAspire.Conformance;

/// <summary>Pods as objects, and the endpoints that are made of them, on nodes that are acted.</summary>
public sealed class PodTests(ControlPlane api)
{
    [Conformance("[sig-node] Pods should be submitted and removed")]
    public async Task SubmittedAndRemoved()
    {
        var pods = await PodsAsync();
        var before = await api.GetAsync(pods + "?labelSelector=time%3Dnow");
        Assert.Empty(before.Items);
        await using var watch = await api.WatchAsync($"{pods}?watch=1&labelSelector=time%3Dnow&resourceVersion={before.At("metadata.resourceVersion")}");
        await CreateAsync(pods, "one", """{"name":"foo","time":"now"}""");
        await watch.NextAsync("ADDED");
        Assert.Single((await api.GetAsync(pods + "?labelSelector=time%3Dnow")).Items);
        await watch.UntilAsync("MODIFIED", pod => pod.At("status.phase") == "Running");
        await api.DeleteAsync(pods + "/one", """{"gracePeriodSeconds":30}""");
        Assert.NotEmpty((await watch.UntilAsync("DELETED", _ => true)).At("metadata.deletionTimestamp"));
        Assert.Empty((await api.GetAsync(pods + "?labelSelector=time%3Dnow")).Items);
    }

    [Conformance("[sig-node] Pods should be updated")]
    public async Task Updated()
    {
        var pods = await PodsAsync();
        await CreateAsync(pods, "one", """{"name":"foo","time":"now"}""");
        await RunningAsync(pods + "/one");
        await api.UpdateAsync(pods + "/one", pod => pod["metadata"]!["labels"]!["time"] = "later");
        Assert.Single((await api.GetAsync(pods + "?labelSelector=time%3Dlater")).Items);
    }

    [Conformance("[sig-node] Pods should get a host IP")]
    public async Task HostIP()
    {
        var pods = await PodsAsync();
        await CreateAsync(pods, "one");
        Assert.NotEmpty((await RunningAsync(pods + "/one")).At("status.hostIP"));
    }

    [Conformance("[sig-node] Pods should delete a collection of pods")]
    public async Task Collection()
    {
        var pods = await PodsAsync();
        for (var number = 1; number <= 3; number++)
        {
            await CreateAsync(pods, $"test-pod-{number}", """{"type":"Testing"}""");
        }

        await api.EventuallyAsync(pods, list => list.Items.Count(pod => pod.At("status.phase") == "Running") == 3, "three pods run");
        await api.DeleteAsync(pods + "?labelSelector=type%3DTesting");
        await api.EventuallyAsync(pods + "?labelSelector=type%3DTesting", list => list.Items.Count == 0, "none left");
    }

    [Conformance("[sig-node] Pods should patch a pod status")]
    public async Task PatchStatus()
    {
        var pods = await PodsAsync();
        await CreateAsync(pods, "one");
        await RunningAsync(pods + "/one");
        const string Patch = """{"metadata":{"annotations":{"patchedstatus":"true"}},"status":{"message":"Patched by e2e test","reason":"E2E"}}""";
        var patched = (await api.SendAsync("PATCH", pods + "/one/status", Patch, "application/strategic-merge-patch+json")).Expect(200);
        Assert.Equal(("Patched by e2e test", "E2E"), (patched.At("status.message"), patched.At("status.reason")));
        Assert.Equal("Patched by e2e test", (await api.GetAsync(pods + "/one")).At("status.message"));
    }

    [Conformance("[sig-node] Pods should run through the lifecycle of Pods and PodStatus")]
    public async Task Lifecycle()
    {
        var pods = await PodsAsync();
        var ns = pods.Split('/')[4];
        await using var watch = await api.WatchAsync(pods + "?watch=1&labelSelector=test-pod-static%3Dtrue");
        await CreateAsync(pods, "pod-test", """{"test-pod-static":"true"}""");
        await watch.NextAsync("ADDED");
        await watch.UntilAsync("MODIFIED", pod => Condition(pod, "Ready") == "True");
        (await api.SendAsync("PATCH", pods + "/pod-test", """{"metadata":{"labels":{"test-pod":"patched"}},"spec":{"terminationGracePeriodSeconds":1,"containers":[{"name":"c","image":"patched"}]}}""", "application/strategic-merge-patch+json"))
            .ExpectRefusal(422, "Invalid", "pod updates may not change fields other than");
        (await api.SendAsync("PATCH", pods + "/pod-test", """{"metadata":{"labels":{"test-pod":"patched"}},"spec":{"containers":[{"name":"c","image":"patched"}]}}""", "application/strategic-merge-patch+json")).Expect(200);
        await watch.UntilAsync("MODIFIED", pod => pod.At("metadata.labels.test-pod") == "patched" && pod.At("spec.containers.0.image") == "patched");
        Assert.Contains((await api.GetAsync("/api/v1/pods?labelSelector=test-pod-static%3Dtrue")).Items, pod => pod.At("metadata.namespace") == ns);
        // A writer of the status says that it is not ready.
        await api.UpdateAsync(pods + "/pod-test", pod =>
        {
            foreach (var condition in pod["status"]!["conditions"]!.AsArray().OfType<JsonObject>().Where(condition => condition.At("type") == "Ready"))
            {
                condition["status"] = "False";
            }
        }, "/status");
        await watch.UntilAsync("MODIFIED", pod => Condition(pod, "Ready") == "False");
        Assert.Equal("False", Condition((await api.GetAsync(pods + "/pod-test/status")).Json, "Ready"));
        await api.DeleteAsync(pods + "?labelSelector=test-pod-static%3Dtrue");
        await watch.UntilAsync("DELETED", _ => true);
    }

    [Conformance("[sig-network] EndpointSlice should create and delete EndpointSlices for a Service with a selector that matches no pods")]
    public async Task EmptySlices()
    {
        var ns = await api.NamespaceAsync();
        await ServiceAsync(ns, "example-empty-selector", """{"does-not-match-anything":"endpoints-and-endpoint-slices-should-still-be-created"}""");
        var slices = Slices(ns, "example-empty-selector");
        Assert.Equal("example-empty-selector", (await api.EventuallyAsync(slices, list => list.Items.Count == 1, "a slice")).Items[0].At("metadata.ownerReferences.0.name"));
        await api.DeleteAsync($"/api/v1/namespaces/{ns}/services/example-empty-selector");
        await api.EventuallyAsync(slices, list => list.Items.Count == 0, "no slices");
    }

    [Conformance("[sig-network] EndpointsController should create and delete Endpoints for a Service with a selector that matches no pods")]
    public async Task EmptyEndpoints()
    {
        var ns = await api.NamespaceAsync();
        await ServiceAsync(ns, "example-empty-selector", """{"does-not-match-anything":"true"}""");
        var endpoints = $"/api/v1/namespaces/{ns}/endpoints/example-empty-selector";
        await api.EventuallyAsync(endpoints, found => found.Code == 200 && found.At("subsets") == "", "endpoints without addresses");
        await api.DeleteAsync($"/api/v1/namespaces/{ns}/services/example-empty-selector");
        await api.GoneAsync(endpoints);
    }

    [Conformance("[sig-network] EndpointSlice should create Endpoints and EndpointSlices for Pods matching a Service")]
    public async Task MatchingSlices()
    {
        var (ns, pods) = await TwoPodsAsync();
        foreach (var (service, count) in new[] { ("example-int-port", 1), ("example-named-port", 2), ("example-no-match", 0) })
        {
            var slices = await api.EventuallyAsync(Slices(ns, service), list => Endpoints(list).Count() == count, $"{count} endpoints of {service}");
            Assert.All(Endpoints(slices), endpoint => Assert.Contains(endpoint.At("targetRef.uid"), pods.Select(pod => pod.At("metadata.uid"))));
            Assert.All(Endpoints(slices), endpoint => Assert.Contains(endpoint.At("addresses.0"), pods.Select(pod => pod.At("status.podIP"))));
            var endpoints = await api.EventuallyAsync($"/api/v1/namespaces/{ns}/endpoints/{service}", found => found.Code == 200 && Addresses(found) == count, $"{count} addresses of {service}");
            Assert.Equal(count == 0 ? "" : "TCP", endpoints.At("subsets.0.ports.0.protocol"));
        }

        // A named port has a number of each pod's own, so a slice of its own for each.
        var named = (await api.GetAsync(Slices(ns, "example-named-port"))).Items;
        Assert.Equal(["3000", "3001"], named.Select(slice => slice.At("ports.0.port")).Order());
    }

    [Conformance("[sig-network] EndpointsController should create Endpoints for Pods matching a Service")]
    public async Task MatchingEndpoints()
    {
        var (ns, pods) = await TwoPodsAsync();
        var endpoints = await api.EventuallyAsync($"/api/v1/namespaces/{ns}/endpoints/example-int-port", found => found.Code == 200 && Addresses(found) == 1, "an address");
        Assert.Equal(("Pod", pods[0].At("metadata.name"), "8080"), (endpoints.At("subsets.0.addresses.0.targetRef.kind"), endpoints.At("subsets.0.addresses.0.targetRef.name"), endpoints.At("subsets.0.ports.0.port")));
        await api.EventuallyAsync($"/api/v1/namespaces/{ns}/endpoints/example-named-port", found => found.Code == 200 && Addresses(found) == 2, "both addresses");
    }

    [Conformance("[sig-network] EndpointSliceMirroring should mirror a custom Endpoints resource through create update and delete")]
    public async Task Mirrored()
    {
        var ns = await api.NamespaceAsync();
        const string Name = "example-custom-endpoints";
        await api.CreateAsync($"/api/v1/namespaces/{ns}/services", $$$"""{"metadata":{"name":"{{{Name}}}"},"spec":{"ports":[{"name":"example","port":80,"protocol":"TCP"}]} }""");
        var endpoints = $"/api/v1/namespaces/{ns}/endpoints";
        await api.CreateAsync(endpoints, $$$"""{"metadata":{"name":"{{{Name}}}"},"subsets":[{"addresses":[{"ip":"10.1.2.3"}],"ports":[{"name":"example","port":80,"protocol":"TCP"}]}]}""");
        var mirrored = await api.EventuallyAsync(Slices(ns, Name), list => list.Items.Count == 1, "a slice");
        Assert.Equal(("80", "example", "10.1.2.3"), (mirrored.Items[0].At("ports.0.port"), mirrored.Items[0].At("ports.0.name"), Assert.Single(Endpoints(mirrored)).At("addresses.0")));
        await api.UpdateAsync($"{endpoints}/{Name}", value => value["subsets"]![0]!["addresses"]![0]!["ip"] = "10.2.3.4");
        await api.EventuallyAsync(Slices(ns, Name), list => list.Items.Count == 1 && Endpoints(list).Single().At("addresses.0") == "10.2.3.4", "the other address");
        await api.DeleteAsync($"{endpoints}/{Name}");
        await api.EventuallyAsync(Slices(ns, Name), list => list.Items.Count == 0, "no slices");
    }

    [Conformance("[sig-network] Endpoints should test the lifecycle of an Endpoint")]
    public async Task EndpointsLifecycle()
    {
        var ns = await api.NamespaceAsync();
        var path = $"/api/v1/namespaces/{ns}/endpoints";
        await using var watch = await api.WatchAsync(path + "?watch=1&labelSelector=test-endpoint-static%3Dtrue");
        await api.CreateAsync(path, """{"metadata":{"name":"testservice","labels":{"test-endpoint-static":"true"}},"subsets":[{"addresses":[{"ip":"10.0.0.24"}],"ports":[{"name":"http","port":80,"protocol":"TCP"}]}]}""");
        await watch.NextAsync("ADDED");
        Assert.Contains((await api.GetAsync("/api/v1/endpoints?labelSelector=test-endpoint-static%3Dtrue")).Items, found => found.At("metadata.namespace") == ns);
        await api.UpdateAsync(path + "/testservice", value => value["metadata"]!["labels"]!["test-service"] = "updated");
        await watch.UntilAsync("MODIFIED", seen => seen.At("metadata.labels.test-service") == "updated");
        Assert.Equal("updated", (await api.GetAsync(path + "/testservice")).At("metadata.labels.test-service"));
        (await api.SendAsync("PATCH", path + "/testservice", """{"metadata":{"labels":{"test-service":"patched"}},"subsets":[{"addresses":[{"ip":"10.0.0.25"}],"ports":[{"name":"http-test","port":8080}]}]}""", "application/strategic-merge-patch+json")).Expect(200);
        await watch.UntilAsync("MODIFIED", seen => seen.At("metadata.labels.test-service") == "patched");
        var patched = await api.GetAsync(path + "/testservice");
        Assert.Equal(("10.0.0.25", "http-test", "8080"), (patched.At("subsets.0.addresses.0.ip"), patched.At("subsets.0.ports.0.name"), patched.At("subsets.0.ports.0.port")));
        await api.DeleteAsync(path + "?labelSelector=test-endpoint-static%3Dtrue");
        await watch.UntilAsync("DELETED", _ => true);
    }

    [Conformance("[sig-network] Service endpoints latency should not be very high")]
    public async Task Latency()
    {
        const int Services = 200;
        var ns = await api.NamespaceAsync();
        await CreateAsync($"/api/v1/namespaces/{ns}/pods", "svc-latency", """{"name":"svc-latency-rc"}""");
        await RunningAsync($"/api/v1/namespaces/{ns}/pods/svc-latency");
        var clock = TimeProvider.System;
        await using var watch = await api.WatchAsync($"/api/v1/namespaces/{ns}/endpoints?watch=1");
        var created = new System.Collections.Concurrent.ConcurrentDictionary<string, long>();
        var making = Parallel.ForAsync(0, Services, new ParallelOptions { MaxDegreeOfParallelism = 15 }, async (number, _) =>
        {
            created[$"latency-{number}"] = clock.GetTimestamp();
            await ServiceAsync(ns, $"latency-{number}", """{"name":"svc-latency-rc"}""");
        });
        var took = new Dictionary<string, TimeSpan>();
        while (took.Count < Services)
        {
            var (_, value) = (await watch.ReadAsync())!.Value;
            if (value.At("subsets.0.addresses.0.ip").Length > 0)
            {
                took.TryAdd(value.At("metadata.name"), clock.GetElapsedTime(created[value.At("metadata.name")]));
            }
        }

        await making;
        var sorted = took.Values.Order().ToList();
        Assert.InRange(sorted[Services / 2], TimeSpan.Zero, TimeSpan.FromSeconds(20));
        Assert.InRange(sorted[Services * 99 / 100], TimeSpan.Zero, TimeSpan.FromSeconds(50));
    }

    private static string Condition(JsonObject pod, string type) =>
        (pod["status"]?["conditions"] as JsonArray ?? []).OfType<JsonObject>().FirstOrDefault(condition => condition.At("type") == type)?.At("status") ?? "";

    private static IEnumerable<JsonObject> Endpoints(Answer slices) => slices.Items.SelectMany(slice => (slice["endpoints"] as JsonArray ?? []).OfType<JsonObject>());

    private static int Addresses(Answer endpoints) => (endpoints.Json["subsets"] as JsonArray ?? []).OfType<JsonObject>().Sum(subset => (subset["addresses"] as JsonArray ?? []).Count);

    private static string Slices(string ns, string service) => $"/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3D{service}";

    private async Task<string> PodsAsync() => $"/api/v1/namespaces/{await api.NamespaceAsync()}/pods";

    private async Task<Answer> RunningAsync(string pod) => await api.EventuallyAsync(pod, found => found.At("status.phase") == "Running" && found.At("status.podIP").Length > 0, "the pod runs");

    private Task<Answer> CreateAsync(string pods, string name, string labels = "{}", string ports = "") => api.CreateAsync(
        pods, $$$"""{"metadata":{"name":"{{{name}}}","labels":{{{labels}}} },"spec":{"containers":[{"name":"c","image":"i","ports":[{{{ports}}}]}]} }""");

    private Task<Answer> ServiceAsync(string ns, string name, string selector, string target = "8080") => api.CreateAsync(
        $"/api/v1/namespaces/{ns}/services", $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"selector":{{{selector}}},"ports":[{"name":"example","port":80,"targetPort":{{{target}}},"protocol":"TCP"}]} }""");

    private async Task<(string Namespace, IReadOnlyList<JsonObject> Pods)> TwoPodsAsync()
    {
        var ns = await api.NamespaceAsync();
        var pods = $"/api/v1/namespaces/{ns}/pods";
        await CreateAsync(pods, "pod1", """{"foo":"bar","shared":"42"}""", """{"name":"example-name","containerPort":3000}""");
        await CreateAsync(pods, "pod2", """{"shared":"42"}""", """{"name":"example-name","containerPort":3001},{"name":"other-port","containerPort":3002}""");
        await ServiceAsync(ns, "example-int-port", """{"foo":"bar"}""");
        await ServiceAsync(ns, "example-named-port", """{"shared":"42"}""", "\"example-name\"");
        await ServiceAsync(ns, "example-no-match", """{"does-not":"match"}""");
        return (ns, [(await RunningAsync(pods + "/pod1")).Json, (await RunningAsync(pods + "/pod2")).Json]);
    }
}
