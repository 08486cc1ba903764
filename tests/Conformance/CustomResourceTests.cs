using System.Text.Json.Nodes;
using KubeAspire.Conformance.Harness;

namespace KubeAspire.Conformance;

/// <summary>CustomResourceDefinitions, and the objects of the kinds that they bring.</summary>
public sealed class CustomResourceTests(ControlPlane api)
{
    private const string Simple = "[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin]";

    [Conformance(Simple + " Simple CustomResourceDefinition creating/deleting custom resource definition objects works")]
    public async Task CreateAndDelete()
    {
        var definition = CustomDefinition.Make();
        await definition.EstablishAsync(api);
        await definition.RemoveAsync(api);
    }

    [Conformance(Simple + " Simple CustomResourceDefinition listing custom resource definition objects works")]
    public async Task List()
    {
        var label = Guid.NewGuid().ToString("N")[..8];
        var definitions = Enumerable.Range(0, 10).Select(_ => CustomDefinition.Make(value => value["metadata"]!["labels"] = new JsonObject { ["e2e-list-test-uuid"] = label })).ToList();
        await Task.WhenAll(definitions.Select(definition => definition.EstablishAsync(api)));
        var path = $"{CustomDefinition.Collection}?labelSelector=e2e-list-test-uuid%3D{label}";
        Assert.Equal(10, (await api.SendAsync("GET", path)).Expect(200).Items.Count);
        (await api.SendAsync("DELETE", path)).Expect(200);
        foreach (var definition in definitions)
        {
            await definition.GoneAsync(api);
        }

        Assert.Empty((await api.SendAsync("GET", path)).Expect(200).Items);
    }

    [Conformance(Simple + " Simple CustomResourceDefinition getting/updating/patching custom resource definition status sub-resource works")]
    public async Task Status()
    {
        var definition = CustomDefinition.Make();
        await definition.EstablishAsync(api);
        var status = definition.Address + "/status";
        var read = (await api.SendAsync("GET", status)).Expect(200);
        var condition = new JsonObject { ["type"] = "StatusUpdate", ["status"] = "True", ["reason"] = "E2E", ["message"] = "updated from a test" };
        var update = read.Json;
        ((JsonArray)update["status"]!["conditions"]!).Add(condition.DeepClone());
        var updated = (await api.SendAsync("PUT", status, update.ToJsonString())).Expect(200);
        Assert.Contains((JsonArray)updated.Json["status"]!["conditions"]!, found => found!["type"]!.ToString() == "StatusUpdate");
        var patched = (await api.SendAsync("PATCH", status, """{"status":{"conditions":[{"type":"StatusPatched","status":"True","reason":"E2E","message":"m"}]}}""")).Expect(200);
        Assert.Equal("StatusPatched", patched.At("status.conditions.0.type"));
        await definition.RemoveAsync(api);
    }

    [Conformance(Simple + " custom resource defaulting for requests and from storage works")]
    public async Task Defaulting()
    {
        var definition = CustomDefinition.Make(value => Schema(value)["properties"] = new JsonObject
        {
            ["a"] = new JsonObject { ["type"] = "string", ["default"] = "A" }, ["b"] = new JsonObject { ["type"] = "string" },
        });
        await definition.EstablishAsync(api);
        (await api.SendAsync("POST", definition.Objects, definition.Object("one"))).Expect(201);
        var first = (await api.SendAsync("GET", definition.Objects + "/one")).Expect(200);
        Assert.Equal(("A", ""), (first.At("a"), first.At("b")));

        // Once the default of b is there and that of a is not, what is stored shows b, and keeps its a.
        (await api.SendAsync("PATCH", definition.Address,
            """[{"op":"add","path":"/spec/versions/0/schema/openAPIV3Schema/properties/b/default","value":"B"},{"op":"remove","path":"/spec/versions/0/schema/openAPIV3Schema/properties/a/default"}]""",
            "application/json-patch+json")).Expect(200);
        await CustomDefinition.EventuallyAsync(async () => (await api.SendAsync("GET", definition.Objects + "/one")).At("b") == "B");
        Assert.Equal("A", (await api.SendAsync("GET", definition.Objects + "/one")).At("a"));
        var second = (await api.SendAsync("POST", definition.Objects, definition.Object("two"))).Expect(201);
        Assert.Equal(("", "B"), (second.At("a"), second.At("b")));
        await definition.RemoveAsync(api);
    }

    [Conformance(Simple + " should include custom resource definition resources in discovery documents")]
    public async Task Discovery()
    {
        var group = (await api.SendAsync("GET", "/apis")).Expect(200).Json["groups"]!.AsArray().Single(found => found!["name"]!.ToString() == "apiextensions.k8s.io")!;
        Assert.Contains(group["versions"]!.AsArray(), version => version!["groupVersion"]!.ToString() == "apiextensions.k8s.io/v1");
        Assert.Contains((await api.SendAsync("GET", "/apis/apiextensions.k8s.io")).Expect(200).Json["versions"]!.AsArray(), version => version!["version"]!.ToString() == "v1");
        Assert.Contains(
            (await api.SendAsync("GET", "/apis/apiextensions.k8s.io/v1")).Expect(200).Json["resources"]!.AsArray(), resource => resource!["name"]!.ToString() == "customresourcedefinitions");
    }

    [Conformance("[sig-api-machinery] CustomResourceDefinition Watch [Privileged:ClusterAdmin] CustomResourceDefinition Watch watch on custom resource definition objects")]
    public async Task Watch()
    {
        var definition = CustomDefinition.Make();
        await definition.EstablishAsync(api);
        await using var one = await api.WatchAsync($"{definition.Objects}?watch=1&fieldSelector=metadata.name%3Dname1");
        await using var two = await api.WatchAsync($"{definition.Objects}?watch=1&fieldSelector=metadata.name%3Dname2");
        foreach (var (watch, name) in new[] { (one, "name1"), (two, "name2") })
        {
            var made = (await api.SendAsync("POST", definition.Objects, definition.Object(name))).Expect(201);
            Assert.Equal(made.Text, (await watch.NextAsync("ADDED")).ToJsonString());
        }

        foreach (var (watch, name) in new[] { (one, "name1"), (two, "name2") })
        {
            (await api.SendAsync("PATCH", $"{definition.Objects}/{name}", """{"dummy":"test"}""")).Expect(200);
            Assert.Equal("test", (await watch.NextAsync("MODIFIED")).At("dummy"));
            (await api.SendAsync("DELETE", $"{definition.Objects}/{name}")).Expect(200);
            Assert.Equal(name, (await watch.NextAsync("DELETED")).At("metadata.name"));
        }

        await definition.RemoveAsync(api);
    }

    [Conformance("[sig-api-machinery] CustomResourceFieldSelectors [Privileged:ClusterAdmin] CustomResourceFieldSelectors MUST list and watch custom resources matching the field selector")]
    public async Task FieldSelectors()
    {
        var definition = CustomDefinition.Make(value =>
        {
            Schema(value)["properties"] = new JsonObject
            {
                ["hostPort"] = new JsonObject { ["type"] = "string" }, ["spec"] = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["color"] = new JsonObject { ["type"] = "string" } } },
            };
            value["spec"]!["versions"]![0]!["selectableFields"] = new JsonArray(new JsonObject { ["jsonPath"] = ".hostPort" }, new JsonObject { ["jsonPath"] = ".spec.color" });
        });
        await definition.EstablishAsync(api);
        await using var watch = await api.WatchAsync($"{definition.Objects}?watch=1&fieldSelector=hostPort%3D80,spec.color%3Dblue");
        foreach (var (name, port, color) in new[] { ("a", "80", "red"), ("b", "80", "blue"), ("c", "81", "blue") })
        {
            (await api.SendAsync("POST", definition.Objects, definition.Object(name, $"\"hostPort\":\"{port}\",\"spec\":{{\"color\":\"{color}\"}}"))).Expect(201);
        }

        Assert.Equal("b", (await watch.NextAsync("ADDED")).At("metadata.name"));
        Assert.Equal(["b"], (await api.SendAsync("GET", definition.Objects + "?fieldSelector=hostPort%3D80,spec.color%3Dblue")).Expect(200).Items.Select(item => item.At("metadata.name")));
        Assert.Equal(["a", "b"], (await api.SendAsync("GET", definition.Objects + "?fieldSelector=hostPort%3D80")).Expect(200).Items.Select(item => item.At("metadata.name")));
        (await api.SendAsync("DELETE", definition.Objects + "?fieldSelector=hostPort%3D80,spec.color%3Dblue")).Expect(200);
        Assert.Equal("b", (await watch.NextAsync("DELETED")).At("metadata.name"));
        await definition.RemoveAsync(api);
    }

    [Conformance("[sig-api-machinery] AggregatedDiscovery should support raw aggregated discovery request for CRDs")]
    public async Task RawAggregated()
    {
        var definition = CustomDefinition.Make();
        await definition.EstablishAsync(api);
        var told = (await api.SendAsync("GET", "/apis", accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")).Expect(200);
        Assert.Equal("APIGroupDiscoveryList", told.At("kind"));
        var group = Assert.Single(told.Items, item => item.At("metadata.name") == definition.Group);
        Assert.Equal(("v1", definition.Plural, "Namespaced"), (group.At("versions.0.version"), group.At("versions.0.resources.0.resource"), group.At("versions.0.resources.0.scope")));
        await definition.RemoveAsync(api);
    }

    [Conformance("[sig-api-machinery] AggregatedDiscovery should support aggregated discovery interface for CRDs")]
    public async Task Aggregated()
    {
        var definition = CustomDefinition.Make();
        await definition.EstablishAsync(api);
        foreach (var accept in (string[])["application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json", "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"])
        {
            var told = (await api.SendAsync("GET", "/apis", accept: accept)).Expect(200);
            Assert.Contains(told.Items, item => item.At("metadata.name") == definition.Group && item.At("versions.0.resources.0.responseKind.kind") == definition.Kind);
        }

        await definition.RemoveAsync(api);
    }

    [Fact]
    public async Task Owners_WorkAcrossKinds()
    {
        var definition = CustomDefinition.Make();
        await definition.EstablishAsync(api);
        var ns = await api.NamespaceAsync();
        var objects = definition.ObjectsIn(ns);
        var owner = (await api.SendAsync("POST", objects, definition.Object("owner"))).Expect(201);
        string Owned(string apiVersion, string kind, string uid) => $$$"""
            {"metadata":{"name":"owned","ownerReferences":[{"apiVersion":"{{{apiVersion}}}","kind":"{{{kind}}}","name":"owner","uid":"{{{uid}}}","controller":true,"blockOwnerDeletion":true}]}}
            """;
        (await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/configmaps", Owned($"{definition.Group}/v1", definition.Kind, owner.At("metadata.uid")))).Expect(201);
        (await api.SendAsync("POST", objects, Owned($"{definition.Group}/v1", definition.Kind, owner.At("metadata.uid")))).Expect(201);

        // Orphaned, a custom dependent loses its reference, which no strategic merge could take from it.
        (await api.SendAsync("DELETE", $"{objects}/owner?propagationPolicy=Orphan")).Expect(200);
        await CustomDefinition.EventuallyAsync(async () => (await api.SendAsync("GET", $"{objects}/owner")).Code == 404);
        Assert.Equal("", (await api.SendAsync("GET", $"{objects}/owned")).Expect(200).At("metadata.ownerReferences.0.uid"));
        Assert.Equal("", (await api.SendAsync("GET", $"/api/v1/namespaces/{ns}/configmaps/owned")).Expect(200).At("metadata.ownerReferences.0.uid"));
        (await api.SendAsync("DELETE", $"/api/v1/namespaces/{ns}/configmaps/owned")).Expect(200);
        (await api.SendAsync("DELETE", $"{objects}/owned")).Expect(200);

        var again = (await api.SendAsync("POST", objects, definition.Object("owner"))).Expect(201);
        (await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/configmaps", Owned($"{definition.Group}/v1", definition.Kind, again.At("metadata.uid")))).Expect(201);
        (await api.SendAsync("POST", objects, Owned($"{definition.Group}/v1", definition.Kind, again.At("metadata.uid")))).Expect(201);
        (await api.SendAsync("DELETE", $"{objects}/owner?propagationPolicy=Foreground")).Expect(200);
        await CustomDefinition.EventuallyAsync(async () => (await api.SendAsync("GET", $"{objects}/owner")).Code == 404);
        Assert.Equal(404, (await api.SendAsync("GET", $"{objects}/owned")).Code);
        Assert.Equal(404, (await api.SendAsync("GET", $"/api/v1/namespaces/{ns}/configmaps/owned")).Code);
        await definition.RemoveAsync(api);
    }

    [Fact]
    public async Task ANamespace_TakesThemWithIt()
    {
        var definition = CustomDefinition.Make();
        await definition.EstablishAsync(api);
        var ns = await api.NamespaceAsync();
        (await api.SendAsync("POST", definition.ObjectsIn(ns), definition.Object("a"))).Expect(201);
        (await api.SendAsync("POST", definition.Objects, definition.Object("stays"))).Expect(201);
        (await api.SendAsync("DELETE", $"/api/v1/namespaces/{ns}")).Expect(200);
        await CustomDefinition.EventuallyAsync(async () => (await api.SendAsync("GET", $"/api/v1/namespaces/{ns}")).Code == 404);
        Assert.Equal(["stays"], (await api.SendAsync("GET", definition.Everywhere)).Expect(200).Items.Select(item => item.At("metadata.name")));
        await definition.RemoveAsync(api);
    }

    private static JsonNode Schema(JsonObject definition) => definition["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!;
}
