using System.Text.Json.Nodes;

namespace KubeAspire.Conformance.Harness;

/// <summary>A CustomResourceDefinition of a test's own: its group is drawn, so that tests do not meet.</summary>
public sealed class CustomDefinition
{
    /// <summary>Where definitions are.</summary>
    public const string Collection = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private readonly JsonObject _value;

    private CustomDefinition(JsonObject value) => _value = value;

    /// <summary>The group.</summary>
    public string Group => _value.At("spec.group");

    /// <summary>The plural.</summary>
    public string Plural => _value.At("spec.names.plural");

    /// <summary>The kind.</summary>
    public string Kind => _value.At("spec.names.kind");

    /// <summary>The definition's name.</summary>
    public string Name => _value.At("metadata.name");

    /// <summary>The definition's path.</summary>
    public string Address => $"{Collection}/{Name}";

    /// <summary>The path of its objects in the namespace default.</summary>
    public string Objects => ObjectsIn("default");

    /// <summary>The path of its objects in all namespaces.</summary>
    public string Everywhere => $"/apis/{Group}/v1/{Plural}";

    /// <summary>The name of its objects in OpenAPI.</summary>
    public string OpenApiName => $"{string.Join('.', Group.Split('.').Reverse())}.v1.{Kind}";

    /// <summary>A definition with one version, which keeps unknown fields, changed as a test wants it.</summary>
    /// <param name="change">Changes it.</param>
    /// <param name="group">The group; null for one of its own.</param>
    public static CustomDefinition Make(Action<JsonObject>? change = null, string? group = null)
    {
        var id = Guid.NewGuid().ToString("N")[..8];
        group ??= $"c{id}.example.com";
        var value = JsonNode.Parse($$$"""
            {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"foo{{{id}}}s.{{{group}}}"},
             "spec":{"group":"{{{group}}}","scope":"Namespaced","names":{"plural":"foo{{{id}}}s","singular":"foo{{{id}}}","kind":"Foo{{{id}}}","listKind":"Foo{{{id}}}List"},
              "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"x-kubernetes-preserve-unknown-fields":true,"type":"object"} } }]}}
            """)!.AsObject();
        change?.Invoke(value);
        return new CustomDefinition(value);
    }

    /// <summary>Asks until the answer is yes.</summary>
    public static async Task EventuallyAsync(Func<Task<bool>> asked)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(s_patience);
        while (!await asked())
        {
            patience.Token.ThrowIfCancellationRequested();
        }
    }

    /// <summary>The definition as JSON.</summary>
    public override string ToString() => _value.ToJsonString();

    /// <summary>The path of its objects in a namespace.</summary>
    public string ObjectsIn(string ns) => $"/apis/{Group}/v1/namespaces/{ns}/{Plural}";

    /// <summary>An object.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="members">Members besides metadata, as JSON.</param>
    public string Object(string name, string members = "") =>
        $"{{\"apiVersion\":\"{Group}/v1\",\"kind\":\"{Kind}\",\"metadata\":{{\"name\":\"{name}\"}}{(members.Length > 0 ? "," : "")}{members}}}";

    /// <summary>Creates it, and waits until it is established and discovery tells of it.</summary>
    public async Task EstablishAsync(ControlPlane api)
    {
        (await api.SendAsync("POST", Collection, _value.ToJsonString())).Expect(201);
        await using (var watch = await api.WatchAsync($"{Collection}?watch=1&fieldSelector=metadata.name%3D{Name}"))
        {
            for (var established = false; !established;)
            {
                var seen = await watch.ReadAsync();
                Assert.NotNull(seen);
                established = (seen.Value.Object["status"]?["conditions"] as JsonArray ?? []).Any(condition => condition!["type"]!.ToString() == "Established" && condition["status"]!.ToString() == "True");
            }
        }

        Assert.Contains((await api.SendAsync("GET", $"/apis/{Group}/v1")).Expect(200).Json["resources"]!.AsArray(), resource => resource!["name"]!.ToString() == Plural);
    }

    /// <summary>Deletes it, and waits until it is gone.</summary>
    public async Task RemoveAsync(ControlPlane api)
    {
        (await api.SendAsync("DELETE", Address)).Expect(200);
        await GoneAsync(api);
    }

    /// <summary>Waits until it is gone, and its kind is not served any more.</summary>
    public async Task GoneAsync(ControlPlane api)
    {
        await EventuallyAsync(async () => (await api.SendAsync("GET", Address)).Code == 404);
        await EventuallyAsync(async () => (await api.SendAsync("GET", Objects)).Code == 404);
    }
}
