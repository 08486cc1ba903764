using System.Text.Json.Nodes;
using KubeAspire.Conformance.Harness;

namespace KubeAspire.Conformance;

/// <summary>Custom resources in the OpenAPI documents, and what kubectl makes of them.</summary>
public sealed class CustomResourcePublishingTests(ControlPlane api)
{
    private const string Prefix = "[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] ";

    private const string Foos = """
        {"description":"Foo CRD for Testing","type":"object","properties":{
          "spec":{"description":"Specification of Foo","type":"object","properties":{"bars":{"description":"List of Bars and their specs.","type":"array","items":{"type":"object","required":["name"],"properties":{
            "name":{"description":"Name of Bar.","type":"string"},"age":{"description":"Age of Bar.","type":"string"},"feeling":{"type":"string","enum":["Great","Down"]},
            "bazs":{"description":"List of Bazs.","type":"array","items":{"type":"string"}}}}}}},
          "status":{"description":"Status of Foo","type":"object","properties":{"bars":{"type":"array","items":{"type":"object","properties":{"bar":{"type":"string"}}}}}}}}
        """;

    [Conformance(Prefix + "works for CRD with validation schema")]
    public async Task Validated()
    {
        var definition = await DefineAsync(Foos);
        var published = await PublishedAsync(definition);
        Assert.Equal("List of Bars and their specs.", published["properties"]!["spec"]!["properties"]!["bars"]!["description"]!.ToString());

        RequireKubectl();
        await ApplyAsync(definition, 0, "", "\"spec\":{\"bars\":[{\"name\":\"test\",\"age\":\"10\"}]}");
        await ApplyAsync(definition, 1, "unknown field", "\"spec\":{\"bars\":[{\"name\":\"test-2\",\"unknown\":1}]}", "second");
        await ApplyAsync(definition, 1, "Required value", "\"spec\":{\"bars\":[{\"age\":\"10\"}]}", "second");
        await ApplyAsync(definition, 1, "Unsupported value", "\"spec\":{\"bars\":[{\"name\":\"x\",\"feeling\":\"NonExistentValue\"}]}", "second");
        Assert.Contains("Foo CRD for Testing", await ExplainAsync(definition, ""), StringComparison.Ordinal);
        Assert.Contains("Specification of Foo", await ExplainAsync(definition, ".spec"), StringComparison.Ordinal);
        Assert.Contains("List of Bars and their specs.", await ExplainAsync(definition, ".spec.bars"), StringComparison.Ordinal);
        var (code, _, errors) = await api.RunAsync("kubectl", "explain", definition.Plural + ".spec.bars2");
        Assert.True(code != 0 && errors.Contains("field \"bars2\" does not exist", StringComparison.Ordinal), errors);
        await definition.RemoveAsync(api);
    }

    [Conformance(Prefix + "works for CRD without validation schema")]
    public Task Unvalidated() => FreeAsync("""{"type":"object","properties":{"spec":{"type":"object","x-kubernetes-preserve-unknown-fields":true},"status":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}""");

    [Conformance(Prefix + "works for CRD preserving unknown fields at the schema root")]
    public Task FreeRoot() => FreeAsync("""{"type":"object","x-kubernetes-preserve-unknown-fields":true}""", "\"a\":{\"b\":[\"c\"]}");

    [Conformance(Prefix + "works for CRD preserving unknown fields in an embedded object")]
    public Task FreeEmbedded() => FreeAsync(
        """{"type":"object","properties":{"spec":{"type":"object","x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true}}}""",
        "\"spec\":{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"x\"},\"b\":[{\"c\":\"d\"}]}");

    [Conformance(Prefix + "works for multiple CRDs of different groups")]
    public async Task Groups() => await TogetherAsync(CustomDefinition.Make(), CustomDefinition.Make());

    [Conformance(Prefix + "works for multiple CRDs of same group and version but different kinds")]
    public async Task Kinds()
    {
        var first = CustomDefinition.Make();
        await TogetherAsync(first, CustomDefinition.Make(group: first.Group));
    }

    [Conformance(Prefix + "works for multiple CRDs of same group but different versions")]
    public async Task Versions()
    {
        var first = CustomDefinition.Make(value => value["spec"]!["versions"] = Two(value, "v1", "v2"));
        await first.EstablishAsync(api);
        foreach (var version in (string[])["v1", "v2"])
        {
            Assert.NotNull(await FindAsync(first, version));
        }

        await first.RemoveAsync(api);
    }

    [Conformance(Prefix + "updates the published spec when one version gets renamed")]
    public async Task Renamed()
    {
        var definition = CustomDefinition.Make(value => value["spec"]!["versions"] = Two(value, "v1", "v2"));
        await definition.EstablishAsync(api);
        (await api.SendAsync("PATCH", definition.Address, """[{"op":"test","path":"/spec/versions/1/name","value":"v2"},{"op":"replace","path":"/spec/versions/1/name","value":"v4"}]""", "application/json-patch+json")).Expect(200);
        await CustomDefinition.EventuallyAsync(async () => await FindAsync(definition, "v4") is not null);
        Assert.Null(await FindAsync(definition, "v2"));
        Assert.NotNull(await FindAsync(definition, "v1"));
        await definition.RemoveAsync(api);
    }

    [Conformance(Prefix + "removes definition from spec when one version gets changed to not be served")]
    public async Task Unserved()
    {
        var definition = CustomDefinition.Make(value => value["spec"]!["versions"] = Two(value, "v1", "v2"));
        await definition.EstablishAsync(api);
        var before = (await FindAsync(definition, "v1"))!.ToJsonString();
        (await api.SendAsync("PATCH", definition.Address, """[{"op":"replace","path":"/spec/versions/1/served","value":false}]""", "application/json-patch+json")).Expect(200);
        await CustomDefinition.EventuallyAsync(async () => await FindAsync(definition, "v2") is null);
        Assert.Equal(before, (await FindAsync(definition, "v1"))!.ToJsonString());
        await definition.RemoveAsync(api);
    }

    [Fact]
    public async Task Kubectl_KnowsThem()
    {
        RequireKubectl();
        var definition = CustomDefinition.Make(value =>
        {
            var version = value["spec"]!["versions"]![0]!;
            version["schema"]!["openAPIV3Schema"] = JsonNode.Parse("""{"type":"object","properties":{"spec":{"type":"object","properties":{"replicas":{"type":"integer"},"color":{"type":"string"}}},"status":{"type":"object","properties":{"replicas":{"type":"integer"}}}}}""");
            version["subresources"] = JsonNode.Parse("""{"status":{},"scale":{"specReplicasPath":".spec.replicas","statusReplicasPath":".status.replicas"}}""");
            version["additionalPrinterColumns"] = JsonNode.Parse("""[{"name":"Color","type":"string","jsonPath":".spec.color"},{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}]""");
            value["spec"]!["names"]!["categories"] = new JsonArray("tests");
        });
        var file = Path.Combine(api.Folder, definition.Name + ".json");
        await File.WriteAllTextAsync(file, definition.ToString(), TestContext.Current.CancellationToken);
        await KubectlAsync("apply", "-f", file);
        await KubectlAsync("wait", "--for=condition=established", "--timeout=30s", "crd/" + definition.Name);
        await ApplyAsync(definition, 0, "", "\"spec\":{\"replicas\":1,\"color\":\"red\"}");
        await ApplyAsync(definition, 0, "", "\"spec\":{\"replicas\":2,\"color\":\"blue\"}");
        var shown = (await KubectlAsync("get", definition.Plural, "first")).Split('\n')[..2].Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();
        Assert.Equal(["NAME", "COLOR", "AGE"], shown[0]);
        Assert.Equal(["first", "blue"], shown[1][..2]);
        Assert.Contains("scaled", await KubectlAsync("scale", "--replicas=5", $"{definition.Plural}/first"), StringComparison.Ordinal);
        Assert.Equal("5", await KubectlAsync("get", definition.Plural, "first", "-o", "jsonpath={.spec.replicas}"));
        Assert.Contains("first", await KubectlAsync("get", "tests", "-o", "name"), StringComparison.Ordinal);
        await KubectlAsync("label", definition.Plural, "first", "a=b");
        await KubectlAsync("delete", definition.Plural, "first");
        await KubectlAsync("delete", "-f", file);
        await definition.GoneAsync(api);
    }

    private async Task FreeAsync(string schema, string members = "\"spec\":{\"a\":null,\"b\":[{\"c\":\"d\"}]}")
    {
        var definition = await DefineAsync(schema);
        Assert.Equal("object", (await PublishedAsync(definition))["type"]!.ToString());
        RequireKubectl();
        await ApplyAsync(definition, 0, "", members);
        await ApplyAsync(definition, 0, "", members.Replace("\"d\"", "\"e\"", StringComparison.Ordinal));
        await ExplainAsync(definition, "");
        await definition.RemoveAsync(api);
    }

    private async Task TogetherAsync(params CustomDefinition[] definitions)
    {
        foreach (var definition in definitions)
        {
            await definition.EstablishAsync(api);
        }

        foreach (var definition in definitions)
        {
            await PublishedAsync(definition);
        }

        foreach (var definition in definitions)
        {
            await definition.RemoveAsync(api);
        }
    }

    private async Task<CustomDefinition> DefineAsync(string schema)
    {
        var definition = CustomDefinition.Make(value => value["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"] = JsonNode.Parse(schema));
        await definition.EstablishAsync(api);
        return definition;
    }

    // In both versions of OpenAPI.
    private async Task<JsonNode> PublishedAsync(CustomDefinition definition)
    {
        var second = (await api.SendAsync("GET", "/openapi/v2")).Expect(200).Json["definitions"]![definition.OpenApiName];
        Assert.NotNull(second);
        Assert.Equal(definition.Kind, second["x-kubernetes-group-version-kind"]![0]!["kind"]!.ToString());
        var third = await FindAsync(definition, "v1");
        Assert.NotNull(third);
        return third;
    }

    private async Task<JsonNode?> FindAsync(CustomDefinition definition, string version)
    {
        var address = (await api.SendAsync("GET", "/openapi/v3")).Expect(200).Json["paths"]?[$"apis/{definition.Group}/{version}"]?["serverRelativeURL"]?.ToString();
        if (address is null || await api.SendAsync("GET", address) is not { Code: not 404 } document)
        {
            return null; // Not there, or gone since the index was read.
        }

        return document.Expect(200).Json["components"]!["schemas"]![definition.OpenApiName.Replace(".v1.", $".{version}.", StringComparison.Ordinal)];
    }

    private async Task ApplyAsync(CustomDefinition definition, int expected, string part, string members, string name = "first")
    {
        var file = Path.Combine(api.Folder, $"{definition.Plural}-{name}.json");
        await File.WriteAllTextAsync(file, definition.Object(name, members), TestContext.Current.CancellationToken);
        var (code, output, errors) = await api.RunAsync("kubectl", "apply", "-f", file);
        Assert.True(code == expected && errors.Contains(part, StringComparison.Ordinal), output + errors);
    }

    private Task<string> ExplainAsync(CustomDefinition definition, string path) => KubectlAsync("explain", definition.Plural + path);

    private async Task<string> KubectlAsync(params string[] arguments)
    {
        var (code, output, errors) = await api.RunAsync("kubectl", arguments);
        Assert.True(code == 0, $"kubectl {string.Join(' ', arguments)}: {errors}");
        return output;
    }

    private static JsonArray Two(JsonObject definition, string first, string second)
    {
        var (one, two) = (definition["spec"]!["versions"]![0]!.DeepClone(), definition["spec"]!["versions"]![0]!.DeepClone());
        (one["name"], two["name"], two["storage"]) = (first, second, false);
        return new JsonArray(one, two);
    }

    private static void RequireKubectl() => Assert.SkipUnless(
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "kubectl"))), "kubectl is not on the PATH");
}
