using System.Text.Json.Nodes;
using static KubeAspire.ApiServer.Tests.CustomResources.Definitions;

namespace KubeAspire.ApiServer.Tests.CustomResources;

/// <summary>How definitions come, share names, and go with their objects.</summary>
public sealed class LifecycleTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task ADefinition_IsAcceptedThenEstablished()
    {
        var group = Group();
        var made = await api.SendAsync("POST", Collection, Widgets(group, names: ",\"shortNames\":[\"wd\"],\"categories\":[\"all\"]"));
        Assert.Equal((201, "v1"), (made.Code, made.At("status.storedVersions.0")));
        var established = await api.ConditionAsync($"widgets.{group}", "Established", "True");
        Assert.Equal(
            ["NamesAccepted=True NoConflicts no conflicts found", "Established=True InitialNamesAccepted the initial names have been accepted"],
            ((JsonArray)established["status"]!["conditions"]!).Select(condition => $"{condition!["type"]}={condition["status"]} {condition["reason"]} {condition["message"]}"));
        Assert.Equal("""{"plural":"widgets","singular":"widget","shortNames":["wd"],"kind":"Widget","listKind":"WidgetList","categories":["all"]}""", Sorted(established["status"]!["acceptedNames"]!, "plural", "singular", "shortNames", "kind", "listKind", "categories"));
        Assert.Equal(200, (await api.SendAsync("GET", $"/apis/{group}/v1/widgets")).Code); // Whoever has seen the condition finds the kind.
        await api.EventuallyAsync(async () => (await api.SendAsync("GET", $"/apis/apiregistration.k8s.io/v1/apiservices/v1.{group}")).Code == 200);
    }

    [Fact]
    public async Task ANameInUse_IsNotAccepted_UntilItIsFree()
    {
        var group = Group();
        await api.EstablishAsync(Widgets(group, names: ",\"shortNames\":[\"wd\"]"));
        var second = Widgets(group, names: ",\"shortNames\":[\"wd\"]").Replace("widgets", "gadgets", StringComparison.Ordinal).Replace("\"widget\"", "\"gadget\"", StringComparison.Ordinal);
        Assert.Equal(201, (await api.SendAsync("POST", Collection, second)).Code);
        var refused = await api.ConditionAsync($"gadgets.{group}", "NamesAccepted", "False");
        var conditions = ((JsonArray)refused["status"]!["conditions"]!).Select(condition => $"{condition!["type"]}={condition["status"]} {condition["reason"]}").ToList();
        Assert.Contains("NamesAccepted=False ListKindConflict", conditions);
        Assert.Contains("Established=False NotAccepted", conditions);
        Assert.Equal(404, (await api.SendAsync("GET", $"/apis/{group}/v1/gadgets")).Code);

        Assert.Equal(200, (await api.SendAsync("DELETE", $"{Collection}/widgets.{group}")).Code);
        await api.ConditionAsync($"gadgets.{group}", "Established", "True");
        Assert.Equal(200, (await api.SendAsync("GET", $"/apis/{group}/v1/gadgets")).Code);
    }

    [Fact]
    public async Task ADeletedDefinition_TakesItsObjectsWithIt()
    {
        var group = Group();
        await api.EstablishAsync(Widgets(group));
        var (one, two) = (await api.NamespaceAsync(), await api.NamespaceAsync());
        await api.SendAsync("POST", $"/apis/{group}/v1/namespaces/{one}/widgets", """{"metadata":{"name":"a"}}""");
        await api.SendAsync("POST", $"/apis/{group}/v1/namespaces/{two}/widgets", """{"metadata":{"name":"held","finalizers":["example.com/hold"]}}""");

        var deleted = await api.SendAsync("DELETE", $"{Collection}/widgets.{group}");
        Assert.Equal((200, "customresourcecleanup.apiextensions.k8s.io"), (deleted.Code, deleted.At("metadata.finalizers.0")));
        Assert.Equal("InstanceDeletionPending", ((JsonArray)deleted.Json["status"]!["conditions"]!).Single(condition => condition!["type"]!.ToString() == "Terminating")!["reason"]!.ToString());
        await api.UntilAsync($"/apis/{group}/v1/namespaces/{two}/widgets", change => change["object"]!["metadata"]!["deletionTimestamp"] is not null);
        var held = await api.ConditionAsync($"widgets.{group}", "Terminating", "True");
        Assert.Contains(((JsonArray)held["status"]!["conditions"]!).OfType<JsonObject>(), condition => condition["reason"]!.ToString() is "InstanceDeletionInProgress" or "InstanceDeletionPending");
        await api.EventuallyAsync(async () => (await api.SendAsync("GET", $"/apis/{group}/v1/namespaces/{one}/widgets/a")).Code == 404);

        var refused = await api.SendAsync("POST", $"/apis/{group}/v1/namespaces/{one}/widgets", """{"metadata":{"name":"b"}}""");
        Assert.Equal((405, "MethodNotAllowed", "create not allowed while custom resource definition is terminating"), (refused.Code, refused.Reason, refused.Message));
        var announced = (await api.SendAsync("GET", $"/apis/{group}/v1")).Json["resources"]![0]!["verbs"]!.ToJsonString();
        Assert.Equal("""["delete","deletecollection","get","list","watch"]""", announced);

        Assert.Equal(200, (await api.SendAsync("PATCH", $"/apis/{group}/v1/namespaces/{two}/widgets/held", """{"metadata":{"finalizers":null}}""", "application/merge-patch+json")).Code);
        await api.GoneAsync($"widgets.{group}");
        Assert.Equal(404, (await api.SendAsync("GET", $"/apis/{group}")).Code);
        await api.EventuallyAsync(async () => (await api.SendAsync("GET", $"/apis/apiregistration.k8s.io/v1/apiservices/v1.{group}")).Code == 404);

        await api.EstablishAsync(Widgets(group));
        Assert.Empty((JsonArray)(await api.SendAsync("GET", $"/apis/{group}/v1/widgets")).Json["items"]!);
    }

    [Fact]
    public async Task AWatch_EndsWithItsKind()
    {
        var group = Group();
        await api.EstablishAsync(Widgets(group));
        await api.SendAsync("POST", $"/apis/{group}/v1/namespaces/{await api.NamespaceAsync()}/widgets", """{"metadata":{"name":"a"}}""");
        var seen = new List<string>();
        var begun = new TaskCompletionSource();
        var watching = Task.Run(async () =>
        {
            await foreach (var change in api.WatchAsync($"/apis/{group}/v1/widgets?watch=true&timeoutSeconds=60", CancellationToken.None))
            {
                seen.Add(change["type"]!.ToString());
                begun.TrySetResult();
            }
        });
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(200, (await api.SendAsync("DELETE", $"{Collection}/widgets.{group}")).Code);
        await watching.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(["ADDED", "DELETED"], seen);
    }

    [Fact]
    public async Task AVersion_StopsBeingServed()
    {
        var group = Group();
        var definition = (JsonObject)JsonNode.Parse(Widgets(group))!;
        var versions = (JsonArray)definition["spec"]!["versions"]!;
        var second = versions[0]!.DeepClone();
        (second["name"], second["storage"]) = ("v2beta1", false);
        versions.Add(second);
        await api.EstablishAsync(definition.ToJsonString());
        Assert.Equal(["v1", "v2beta1"], Versions(await api.SendAsync("GET", $"/apis/{group}")));
        var current = (await api.SendAsync("GET", $"{Collection}/widgets.{group}")).Json;
        current["spec"]!["versions"]![1]!["served"] = false;
        Assert.Equal(200, (await api.SendAsync("PUT", $"{Collection}/widgets.{group}", current.ToJsonString())).Code);
        await api.EventuallyAsync(async () => (await api.SendAsync("GET", $"/apis/{group}/v2beta1/widgets")).Code == 404);
        Assert.Equal(["v1"], Versions(await api.SendAsync("GET", $"/apis/{group}")));
        Assert.Equal(404, (await api.SendAsync("GET", $"/openapi/v3/apis/{group}/v2beta1")).Code);
    }

    [Fact]
    public async Task ManyCreates_AndADelete_LeaveNothingBehind()
    {
        var group = Group();
        await api.EstablishAsync(Widgets(group, scope: "Cluster"));
        var creating = Enumerable.Range(0, 40).Select(number => Task.Run(() => api.SendAsync("POST", $"/apis/{group}/v1/widgets", $$$"""{"metadata":{"name":"w{{{number}}}"}}"""))).ToList();
        Assert.Equal(200, (await api.SendAsync("DELETE", $"{Collection}/widgets.{group}")).Code);
        var answers = await Task.WhenAll(creating);
        Assert.All(answers, answer => Assert.True(answer.Code is 201 or 404 or 405, answer.Text));
        await api.GoneAsync($"widgets.{group}");
        await api.EstablishAsync(Widgets(group, scope: "Cluster"));
        Assert.Empty((JsonArray)(await api.SendAsync("GET", $"/apis/{group}/v1/widgets")).Json["items"]!);
    }

    private static IEnumerable<string> Versions(ApiResponse group) => ((JsonArray)group.Json["versions"]!).Select(version => version!["version"]!.ToString());

    private static string Sorted(JsonNode value, params string[] names)
    {
        var sorted = new JsonObject();
        foreach (var name in names)
        {
            sorted[name] = value[name]?.DeepClone();
        }

        Assert.Equal(names.Length, ((JsonObject)value).Count);
        return sorted.ToJsonString();
    }
}
