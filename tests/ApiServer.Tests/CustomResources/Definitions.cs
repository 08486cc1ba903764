using System.Text.Json.Nodes;

namespace KubeAspire.ApiServer.Tests.CustomResources;

/// <summary>CustomResourceDefinitions for tests: each test brings a group of its own, so that tests of one server do not meet.</summary>
internal static class Definitions
{
    public const string Collection = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    /// <summary>The schema of most tests: typed, with defaults, a list map and both subresources' fields.</summary>
    public const string Schema = """
        {"type":"object","properties":{
          "spec":{"type":"object","properties":{
            "color":{"type":"string","enum":["red","green","blue"],"default":"red"},
            "replicas":{"type":"integer","minimum":0,"maximum":10},
            "note":{"type":"string","nullable":true},
            "ports":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],"items":{"type":"object","required":["name"],"properties":{"name":{"type":"string"},"port":{"type":"integer"}}}},
            "free":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}},
          "status":{"type":"object","properties":{"replicas":{"type":"integer"},"selector":{"type":"string"},"phase":{"type":"string"}}}}}
        """;

    /// <summary>A group that no other test has.</summary>
    public static string Group() => $"g{Guid.NewGuid():N}.example.com";

    /// <summary>A definition of widgets with one version.</summary>
    public static string Widgets(string group, string schema = Schema, string version = "", string names = "", string scope = "Namespaced") =>
        $$$"""
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"widgets.{{{group}}}"},
         "spec":{"group":"{{{group}}}","scope":"{{{scope}}}","names":{"plural":"widgets","singular":"widget","kind":"Widget","listKind":"WidgetList"{{{names}}}},
          "versions":[{"name":"v1","served":true,"storage":true{{{version}}},"schema":{"openAPIV3Schema":{{{schema}}}}}]}}
        """;

    /// <summary>Creates a definition and waits until it says that it is established.</summary>
    public static async Task EstablishAsync(this ApiFixture api, string definition)
    {
        var name = JsonNode.Parse(definition)!["metadata"]!["name"]!.ToString();
        var made = await api.SendAsync("POST", Collection, definition);
        Assert.True(made.Code == 201, made.Text);
        await api.ConditionAsync(name, "Established", "True");
    }

    /// <summary>Waits until a definition has a condition.</summary>
    /// <returns>The definition.</returns>
    public static Task<JsonObject> ConditionAsync(this ApiFixture api, string name, string type, string status) =>
        api.UntilAsync($"{Collection}?fieldSelector=metadata.name%3D{name}", change => change["type"]!.ToString() != "DELETED"
            && (change["object"]!["status"]?["conditions"] as JsonArray ?? []).Any(condition => condition!["type"]!.ToString() == type && condition["status"]!.ToString() == status));

    /// <summary>Waits until a definition is gone.</summary>
    public static async Task GoneAsync(this ApiFixture api, string name)
    {
        var current = await api.SendAsync("GET", $"{Collection}/{name}");
        if (current.Code != 404)
        {
            await api.UntilAsync($"{Collection}?fieldSelector=metadata.name%3D{name}&resourceVersion={current.At("metadata.resourceVersion")}", change => change["type"]!.ToString() == "DELETED");
        }

        // The kind is unserved by the one that follows the store, a moment later.
        await api.EventuallyAsync(async () => (await api.SendAsync("GET", $"/apis/{name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..]}/v1/widgets")).Code == 404);
    }

    /// <summary>Follows a collection until a change is as wanted.</summary>
    /// <returns>The object of that change.</returns>
    public static async Task<JsonObject> UntilAsync(this ApiFixture api, string target, Func<JsonObject, bool> wanted)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await foreach (var change in api.WatchAsync(target + (target.Contains('?', StringComparison.Ordinal) ? "&" : "?") + "watch=true", limit.Token))
        {
            if (wanted(change))
            {
                return (JsonObject)change["object"]!;
            }
        }

        throw new InvalidOperationException("the watch ended");
    }

    /// <summary>Asks until the answer is yes: for what the server does by itself a moment after a change, and tells nobody.</summary>
    public static async Task EventuallyAsync(this ApiFixture api, Func<Task<bool>> asked)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!await asked())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
