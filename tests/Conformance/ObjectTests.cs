using System.Text.Json.Nodes;
using KubeAspire.Conformance.Harness;

namespace KubeAspire.Conformance;

/// <summary>ConfigMaps, Secrets, templates, accounts, leases, nodes: what the core objects promise.</summary>
public sealed class ObjectTests(ControlPlane api)
{
    [Conformance("[sig-node] ConfigMap should fail to create ConfigMap with empty key")]
    public async Task ConfigMapEmptyKey() =>
        (await api.SendAsync("POST", $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps", """{"metadata":{"name":"x"},"data":{"":"value-1"}}""")).ExpectRefusal(422, "Invalid", "data[]");

    [Conformance("[sig-node] Secrets should fail to create secret due to empty secret key")]
    public async Task SecretEmptyKey() =>
        (await api.SendAsync("POST", $"/api/v1/namespaces/{await api.NamespaceAsync()}/secrets", """{"metadata":{"name":"x"},"data":{"":"dmFsdWUtMQ=="}}""")).ExpectRefusal(422, "Invalid", "data[]");

    [Conformance("[sig-node] ConfigMap should update ConfigMap successfully")]
    public async Task ConfigMapUpdate()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps";
        var made = (await api.SendAsync("POST", path, """{"metadata":{"name":"c"},"data":{"data-1":"value-1","data-2":"value-2","data-3":"value-3"}}""")).Expect(201).Json;
        made["data"] = JsonNode.Parse("""{"data":"value"}""");
        (await api.SendAsync("PUT", path + "/c", made.ToJsonString())).Expect(200);
        Assert.Equal("""{"data":"value"}""", (await api.SendAsync("GET", path + "/c")).Json["data"]!.ToJsonString());
    }

    [Conformance("[sig-node] ConfigMap should run through a ConfigMap lifecycle")]
    public async Task ConfigMapLifecycle()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps";
        await using var watch = await api.WatchAsync($"{path}?watch=1&labelSelector=test-configmap-static%3Dtrue");
        (await api.SendAsync("POST", path, """{"metadata":{"name":"test-configmap","labels":{"test-configmap-static":"true"}},"data":{"valueName":"value"}}""")).Expect(201);
        await watch.NextAsync("ADDED");
        (await api.SendAsync("PATCH", path + "/test-configmap", """{"metadata":{"labels":{"test-configmap":"patched"}},"data":{"valueName":"value1"}}""", "application/strategic-merge-patch+json")).Expect(200);
        Assert.Equal("patched", (await watch.NextAsync("MODIFIED")).At("metadata.labels.test-configmap"));
        Assert.Equal("value1", (await api.SendAsync("GET", path + "/test-configmap")).At("data.valueName"));
        Assert.Single((await api.SendAsync("GET", "/api/v1/configmaps?labelSelector=test-configmap%3Dpatched")).Items);
        (await api.SendAsync("DELETE", path + "?labelSelector=test-configmap-static%3Dtrue")).Expect(200);
        await watch.NextAsync("DELETED");
        Assert.Empty((await api.SendAsync("GET", path + "?labelSelector=test-configmap-static%3Dtrue")).Items);
    }

    [Conformance("[sig-node] Secrets should patch a secret")]
    public async Task SecretPatch()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/secrets";
        (await api.SendAsync("POST", path, """{"metadata":{"name":"test-secret","labels":{"testsecret-constant":"true"}},"data":{"key":"dmFsdWU="},"type":"Opaque"}""")).Expect(201);
        Assert.Single((await api.SendAsync("GET", "/api/v1/secrets?labelSelector=testsecret-constant%3Dtrue")).Items, item => item.At("metadata.name") == "test-secret");
        (await api.SendAsync("PATCH", path + "/test-secret", """{"metadata":{"labels":{"testsecret":"true"}},"data":{"key":"dmFsdWUx"}}""", "application/strategic-merge-patch+json")).Expect(200);
        var read = await api.SendAsync("GET", path + "/test-secret");
        Assert.Equal("dmFsdWUx", read.At("data.key"));
        Assert.Equal("true", read.At("metadata.labels.testsecret"));
        (await api.SendAsync("DELETE", path + "?labelSelector=testsecret%3Dtrue")).Expect(200);
        Assert.Empty((await api.SendAsync("GET", path + "?labelSelector=testsecret%3Dtrue")).Items);
    }

    [Conformance("[sig-storage] ConfigMap should be immutable if `immutable` field is set")]
    public Task ConfigMapImmutable() => ImmutableAsync("configmaps", "value-1", "value-2");

    [Conformance("[sig-storage] Secrets should be immutable if `immutable` field is set")]
    public Task SecretImmutable() => ImmutableAsync("secrets", "dmFsdWUtMQ==", "dmFsdWUtMg==");

    [Conformance("[sig-node] PodTemplates should replace a pod template")]
    public async Task PodTemplateReplace()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/podtemplates";
        var made = (await api.SendAsync("POST", path, """{"metadata":{"name":"t"},"template":{"spec":{"containers":[{"name":"e2e","image":"i"}]}}}""")).Expect(201).Json;
        made["metadata"]!["annotations"] = JsonNode.Parse("""{"updated":"true"}""");
        Assert.Equal("true", (await api.SendAsync("PUT", path + "/t", made.ToJsonString())).Expect(200).At("metadata.annotations.updated"));
    }

    [Conformance("[sig-node] PodTemplates should delete a collection of pod templates")]
    public Task PodTemplateCollection() => CollectionAsync("podtemplates", """{"template":{"spec":{"containers":[{"name":"e2e","image":"i"}]}}}""");

    [Conformance("[sig-network] Services should delete a collection of services")]
    public Task ServiceCollection() => CollectionAsync("services", """{"spec":{"ports":[{"port":80}]}}""");

    [Conformance("[sig-instrumentation] Events should delete a collection of events")]
    public Task EventCollection() => CollectionAsync("events", """{"involvedObject":{"kind":"Pod","name":"p","namespace":"@"},"message":"m","reason":"Test","type":"Normal"}""");

    [Conformance("[sig-instrumentation] Events API should delete a collection of events")]
    public Task NewEventCollection() => CollectionAsync(
        "events",
        """{"regarding":{"kind":"Pod","name":"p","namespace":"@"},"note":"m","reason":"Test","type":"Normal","action":"Do","eventTime":"2024-01-01T00:00:00.000000Z","reportingController":"c","reportingInstance":"i"}""",
        "/apis/events.k8s.io/v1");

    [Conformance("[sig-instrumentation] Events should manage the lifecycle of an event")]
    public async Task EventLifecycle()
    {
        var ns = await api.NamespaceAsync();
        var path = $"/api/v1/namespaces/{ns}/events";
        var body = $$$"""{"metadata":{"name":"event-test","labels":{"testevent-constant":"true"}},"message":"This is a test event","reason":"Test","type":"Normal","involvedObject":{"namespace":"{{{ns}}}"}}""";
        (await api.SendAsync("POST", path, body)).Expect(201);
        Assert.Single((await api.SendAsync("GET", "/api/v1/events?labelSelector=testevent-constant%3Dtrue")).Items, item => item.At("metadata.namespace") == ns);
        (await api.SendAsync("PATCH", path + "/event-test", """{"message":"This is a test event - patched"}""", "application/strategic-merge-patch+json")).Expect(200);
        var read = (await api.SendAsync("GET", path + "/event-test")).Expect(200);
        Assert.Equal("This is a test event - patched", read.At("message"));
        // Both groups show one store.
        Assert.Equal("This is a test event - patched", (await api.SendAsync("GET", $"/apis/events.k8s.io/v1/namespaces/{ns}/events/event-test")).Expect(200).At("note"));
        var update = read.Json;
        update["series"] = JsonNode.Parse("""{"count":100,"lastObservedTime":"2014-09-22T14:00:10.000000Z"}""");
        Assert.Equal("100", (await api.SendAsync("PUT", path + "/event-test", update.ToJsonString())).Expect(200).At("series.count"));
        (await api.SendAsync("DELETE", path + "/event-test")).Expect(200);
        Assert.Empty((await api.SendAsync("GET", path + "?labelSelector=testevent-constant%3Dtrue")).Items);
    }

    [Conformance("[sig-node] Lease lease API should be available")]
    public async Task Leases()
    {
        var path = $"/apis/coordination.k8s.io/v1/namespaces/{await api.NamespaceAsync()}/leases";
        const string Spec = """{"holderIdentity":"holder","leaseDurationSeconds":30,"acquireTime":"2024-01-01T00:00:00.123456Z","renewTime":"2024-01-01T00:00:05.123456Z","leaseTransitions":0}""";
        (await api.SendAsync("POST", path, "{\"metadata\":{\"name\":\"lease\"},\"spec\":" + Spec + "}")).Expect(201);
        var read = (await api.SendAsync("GET", path + "/lease")).Expect(200).Json;
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Spec), read["spec"]), read.ToJsonString());
        read["spec"]!["holderIdentity"] = "holder2";
        read["spec"]!["leaseTransitions"] = 1;
        (await api.SendAsync("PUT", path + "/lease", read.ToJsonString())).Expect(200);
        (await api.SendAsync("PATCH", path + "/lease", """{"spec":{"holderIdentity":"holder3"}}""", "application/strategic-merge-patch+json")).Expect(200);
        Assert.Equal("holder3", (await api.SendAsync("GET", path + "/lease")).At("spec.holderIdentity"));
        (await api.SendAsync("POST", path, """{"metadata":{"name":"lease2","labels":{"deletecollection":"true"}},"spec":{}}""")).Expect(201);
        Assert.Equal(2, (await api.SendAsync("GET", path)).Items.Count);
        (await api.SendAsync("DELETE", path + "?labelSelector=deletecollection%3Dtrue")).Expect(200);
        Assert.Single((await api.SendAsync("GET", path)).Items);
        (await api.SendAsync("DELETE", path + "/lease")).Expect(200);
        (await api.SendAsync("GET", path + "/lease")).ExpectRefusal(404, "NotFound");
    }

    [Conformance("[sig-node] Node Lifecycle should run through the lifecycle of a node")]
    public async Task Nodes()
    {
        var name = "e2e-" + Guid.NewGuid().ToString("N")[..8];
        var path = "/api/v1/nodes/" + name;
        (await api.SendAsync("POST", "/api/v1/nodes", $$$"""{"metadata":{"name":"{{{name}}}"},"status":{"phase":"Running"}}""")).Expect(201);
        (await api.SendAsync("GET", path)).Expect(200);
        (await api.SendAsync("PATCH", path, """{"metadata":{"labels":{"e2e":"patched"}}}""", "application/strategic-merge-patch+json")).Expect(200);
        var updated = await api.UpdateAsync(path, node => node["metadata"]!["labels"]!["e2e"] = "updated");
        Assert.Equal("updated", updated.At("metadata.labels.e2e"));
        (await api.SendAsync("PATCH", path + "/status", """{"status":{"nodeInfo":{"architecture":"amd64"}}}""", "application/strategic-merge-patch+json")).Expect(200);
        await using var watch = await api.WatchAsync($"/api/v1/nodes?watch=1&labelSelector=e2e%3Dupdated&resourceVersion={(await api.SendAsync("GET", "/api/v1/nodes")).At("metadata.resourceVersion")}");
        (await api.SendAsync("DELETE", "/api/v1/nodes?labelSelector=e2e%3Dupdated")).Expect(200);
        await watch.UntilAsync("DELETED", node => node.At("metadata.name") == name);
        (await api.SendAsync("GET", path)).ExpectRefusal(404, "NotFound");
    }

    [Conformance("[sig-auth] ServiceAccounts should guarantee kube-root-ca.crt exist in any namespace")]
    public async Task RootCa()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps";
        await using (var first = await api.WatchAsync($"{path}?watch=1&fieldSelector=metadata.name%3Dkube-root-ca.crt&resourceVersion=0"))
        {
            Assert.Contains("BEGIN CERTIFICATE", (await first.NextAsync("ADDED")).At("data.[ca.crt]"), StringComparison.Ordinal);
            (await api.SendAsync("DELETE", path + "/kube-root-ca.crt")).Expect(200);
            await first.UntilAsync("ADDED", map => map.At("data.[ca.crt]").Length > 0);
            (await api.SendAsync("PATCH", path + "/kube-root-ca.crt", """{"data":{"ca.crt":""}}""")).Expect(200);
            await first.UntilAsync("MODIFIED", map => map.At("data.[ca.crt]").Contains("BEGIN CERTIFICATE", StringComparison.Ordinal));
        }
    }

    [Conformance("[sig-auth] ServiceAccounts should run through the lifecycle of a ServiceAccount")]
    public async Task AccountLifecycle()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/serviceaccounts";
        await using var watch = await api.WatchAsync($"{path}?watch=1&labelSelector=test-serviceaccount-static%3Dtrue");
        (await api.SendAsync("POST", path, """{"metadata":{"name":"testserviceaccount","labels":{"test-serviceaccount-static":"true"}}}""")).Expect(201);
        await watch.NextAsync("ADDED");
        (await api.SendAsync("PATCH", path + "/testserviceaccount", """{"automountServiceAccountToken":false}""", "application/strategic-merge-patch+json")).Expect(200);
        Assert.Equal("false", (await watch.NextAsync("MODIFIED")).At("automountServiceAccountToken"));
        Assert.Single((await api.SendAsync("GET", "/api/v1/serviceaccounts?labelSelector=test-serviceaccount-static%3Dtrue")).Items);
        (await api.SendAsync("DELETE", path + "?labelSelector=test-serviceaccount-static%3Dtrue")).Expect(200);
        await watch.NextAsync("DELETED");
    }

    [Conformance("[sig-auth] ServiceAccounts should update a ServiceAccount")]
    public async Task AccountUpdate()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/serviceaccounts";
        var made = (await api.SendAsync("POST", path, """{"metadata":{"name":"e2e-sa"},"automountServiceAccountToken":true}""")).Expect(201).Json;
        made["automountServiceAccountToken"] = false;
        Assert.Equal("false", (await api.SendAsync("PUT", path + "/e2e-sa", made.ToJsonString())).Expect(200).At("automountServiceAccountToken"));
    }

    [Conformance("[sig-scheduling] SchedulerPreemption PriorityClass endpoints verify PriorityClass endpoints can be operated with different HTTP methods")]
    public async Task PriorityClasses()
    {
        const string Path = "/apis/scheduling.k8s.io/v1/priorityclasses";
        var name = "p-" + Guid.NewGuid().ToString("N")[..8];
        var made = (await api.SendAsync("POST", Path, $$$"""{"metadata":{"name":"{{{name}}}"},"value":4,"description":"one"}""")).Expect(201).Json;
        (await api.SendAsync("PATCH", $"{Path}/{name}", """{"value":5}""")).ExpectRefusal(422, "Invalid", "may not be changed in an update");
        (await api.SendAsync("PATCH", $"{Path}/{name}", """{"preemptionPolicy":"Never"}""")).ExpectRefusal(422, "Invalid", "field is immutable");
        made["value"] = 6;
        (await api.SendAsync("PUT", $"{Path}/{name}", made.ToJsonString())).ExpectRefusal(422, "Invalid");
        (await api.SendAsync("PATCH", $"{Path}/{name}", """{"description":"two"}""")).Expect(200);
        made["value"] = 4;
        (made["metadata"] as JsonObject)!.Remove("resourceVersion");
        made["description"] = "three";
        Assert.Equal("three", (await api.SendAsync("PUT", $"{Path}/{name}", made.ToJsonString())).Expect(200).At("description"));
        Assert.Contains((await api.SendAsync("GET", Path)).Items, item => item.At("metadata.name") == name && item.At("value") == "4");
        (await api.SendAsync("DELETE", $"{Path}/{name}")).Expect(200);
    }

    private async Task ImmutableAsync(string plural, string first, string second)
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/{plural}";
        (await api.SendAsync("POST", path, $$$"""{"metadata":{"name":"x"},"data":{"data-1":"{{{first}}}"}}""")).Expect(201);
        (await api.SendAsync("PATCH", path + "/x", $$$"""{"data":{"data-4":"{{{second}}}"}}""")).Expect(200);
        (await api.SendAsync("PATCH", path + "/x", """{"immutable":true}""")).Expect(200);
        (await api.SendAsync("PATCH", path + "/x", """{"immutable":false}""")).ExpectRefusal(422, "Invalid", "field is immutable when `immutable` is set");
        (await api.SendAsync("PATCH", path + "/x", $$$"""{"data":{"data-5":"{{{second}}}"}}""")).ExpectRefusal(422, "Invalid", "field is immutable when `immutable` is set");
        (await api.SendAsync("PATCH", path + "/x", """{"metadata":{"labels":{"label1":"value1"}}}""")).Expect(200);
        (await api.SendAsync("DELETE", path + "/x")).Expect(200);
    }

    private async Task CollectionAsync(string plural, string body, string root = "/api/v1")
    {
        var ns = await api.NamespaceAsync();
        var path = $"{root}/namespaces/{ns}/{plural}";
        for (var number = 1; number <= 3; number++)
        {
            var value = JsonNode.Parse(body.Replace("@", ns, StringComparison.Ordinal))!.AsObject();
            value["metadata"] = JsonNode.Parse($$$"""{"name":"test-{{{number}}}","labels":{"testset":"true"}}""");
            (await api.SendAsync("POST", path, value.ToJsonString())).Expect(201);
        }

        Assert.Equal(3, (await api.SendAsync("GET", path + "?labelSelector=testset%3Dtrue")).Items.Count);
        (await api.SendAsync("DELETE", path + "?labelSelector=testset%3Dtrue")).Expect(200);
        Assert.Empty((await api.SendAsync("GET", path + "?labelSelector=testset%3Dtrue")).Items);
    }
}
