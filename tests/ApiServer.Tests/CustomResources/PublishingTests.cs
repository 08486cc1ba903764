using System.Text.Json.Nodes;
using static KubeAspire.ApiServer.Tests.CustomResources.Definitions;

namespace KubeAspire.ApiServer.Tests.CustomResources;

/// <summary>Custom resources in discovery and in the OpenAPI documents.</summary>
public sealed class PublishingTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string AggregatedV2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

    [Fact]
    public async Task Discovery_TellsOfThem()
    {
        var group = Group();
        var before = (await api.SendAsync("GET", "/apis", accept: AggregatedV2)).Headers.ETag.ToString();
        await api.EstablishAsync(Widgets(group, version: ""","subresources":{"status":{},"scale":{"specReplicasPath":".spec.replicas","statusReplicasPath":".status.replicas"}}""", names: ",\"shortNames\":[\"wd\"],\"categories\":[\"all\"]"));
        var groups = (await api.SendAsync("GET", "/apis")).Json["groups"] as JsonArray;
        var names = groups!.Select(found => found!["name"]!.ToString()).ToList();
        Assert.True(names.IndexOf(group) > names.IndexOf("storage.k8s.io"), "custom groups come after the built-in ones");
        Assert.Equal("v1", (await api.SendAsync("GET", $"/apis/{group}")).At("preferredVersion.version"));

        var resources = (JsonArray)(await api.SendAsync("GET", $"/apis/{group}/v1")).Json["resources"]!;
        Assert.Equal(["widgets", "widgets/status", "widgets/scale"], resources.Select(resource => resource!["name"]!.ToString()));
        Assert.Equal(("widget", "Widget", """["wd"]""", """["all"]"""), (resources[0]!["singularName"]!.ToString(), resources[0]!["kind"]!.ToString(), resources[0]!["shortNames"]!.ToJsonString(), resources[0]!["categories"]!.ToJsonString()));
        Assert.Equal("""["delete","deletecollection","get","list","patch","create","update","watch"]""", resources[0]!["verbs"]!.ToJsonString());
        Assert.Equal(("Scale", "autoscaling"), (resources[2]!["kind"]!.ToString(), resources[2]!["group"]!.ToString()));

        var aggregated = await api.SendAsync("GET", "/apis", accept: AggregatedV2);
        Assert.NotEqual(before, aggregated.Headers.ETag.ToString());
        var told = ((JsonArray)aggregated.Json["items"]!).Single(item => item!["metadata"]!["name"]!.ToString() == group)!["versions"]![0]!["resources"]![0]!;
        Assert.Equal(("widgets", "Namespaced", "Widget"), (told["resource"]!.ToString(), told["scope"]!.ToString(), told["responseKind"]!["kind"]!.ToString()));
        Assert.Equal(["status", "scale"], ((JsonArray)told["subresources"]!).Select(subresource => subresource!["subresource"]!.ToString()));
    }

    [Fact]
    public async Task OpenApi3_HasADocumentAGroupVersion()
    {
        var group = Group();
        await api.EstablishAsync(Widgets(group, version: ",\"subresources\":{\"status\":{}}"));
        var index = (await api.SendAsync("GET", "/openapi/v3")).Json["paths"]!;
        var address = index[$"apis/{group}/v1"]!["serverRelativeURL"]!.ToString();
        var document = await api.SendAsync("GET", address);
        Assert.Equal(("public, immutable, max-age=31536000", 200), (document.Headers.CacheControl.ToString(), document.Code));
        var name = $"com.example.{group.Split('.')[0]}.v1.Widget";
        var definition = document.Json["components"]!["schemas"]![name]!;
        Assert.Equal("string", definition["properties"]!["spec"]!["properties"]!["color"]!["type"]!.ToString());
        Assert.Equal("map", definition["properties"]!["spec"]!["properties"]!["ports"]!["x-kubernetes-list-type"]!.ToString());
        Assert.Equal("Widget", definition["x-kubernetes-group-version-kind"]![0]!["kind"]!.ToString());
        Assert.NotNull(document.Json["components"]!["schemas"]!["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"]);
        var paths = (JsonObject)document.Json["paths"]!;
        Assert.True(paths.ContainsKey($"/apis/{group}/v1/namespaces/{{namespace}}/widgets/{{name}}/status"));
        Assert.DoesNotContain("strategic", paths.ToJsonString(), StringComparison.Ordinal);

        var current = (await api.SendAsync("GET", $"{Collection}/widgets.{group}")).Json;
        current["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!["properties"]!["color"]!["description"] = "What it looks like.";
        Assert.Equal(200, (await api.SendAsync("PUT", $"{Collection}/widgets.{group}", current.ToJsonString())).Code);
        await api.EventuallyAsync(async () => (await api.SendAsync("GET", $"/openapi/v3/apis/{group}/v1")).Text.Contains("What it looks like.", StringComparison.Ordinal));
        var now = (await api.SendAsync("GET", "/openapi/v3")).Json["paths"]!;
        Assert.NotEqual(address, now[$"apis/{group}/v1"]!["serverRelativeURL"]!.ToString());
        Assert.Equal(index["apis/apps/v1"]!["serverRelativeURL"]!.ToString(), now["apis/apps/v1"]!["serverRelativeURL"]!.ToString());
    }

    [Fact]
    public async Task OpenApi2_JoinsThemToTheBuiltInOnes()
    {
        var group = Group();
        await api.EstablishAsync(Widgets(group));
        var document = (await api.SendAsync("GET", "/openapi/v2")).Json;
        var definitions = (JsonObject)document["definitions"]!;
        Assert.True(definitions.ContainsKey("io.k8s.api.apps.v1.Deployment"));
        Assert.True(definitions.ContainsKey($"com.example.{group.Split('.')[0]}.v1.WidgetList"));
        Assert.Equal("string", definitions[$"com.example.{group.Split('.')[0]}.v1.Widget"]!["properties"]!["spec"]!["properties"]!["color"]!["type"]!.ToString());
        Assert.True(((JsonObject)document["paths"]!).ContainsKey($"/apis/{group}/v1/widgets"));
        var protobuf = await api.SendAsync("GET", "/openapi/v2", accept: "application/com.github.proto-openapi.spec.v2@v1.0+protobuf");
        Assert.Contains($"com.example.{group.Split('.')[0]}.v1.Widget", System.Text.Encoding.UTF8.GetString(protobuf.Bytes), StringComparison.Ordinal);
    }
}
