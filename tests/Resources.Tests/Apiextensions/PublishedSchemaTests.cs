using System.Text.Json.Nodes;
using KubeAspire.Resources.Apiextensions;

namespace KubeAspire.Resources.Tests.Apiextensions;

public sealed class PublishedSchemaTests
{
    public static TheoryData<string, string, string, string> Fields => new()
    {
        // case, field, in v2, in v3
        { "a plain field", "{'type':'string','description':'d','maxLength':3,'pattern':'a','enum':['a'],'default':'a'}", "{'type':'string','description':'d','maxLength':3,'pattern':'a','enum':['a'],'default':'a'}", "{'type':'string','description':'d','maxLength':3,'pattern':'a','enum':['a'],'default':'a'}" },
        { "alternatives", "{'type':'integer','anyOf':[{'minimum':1}],'oneOf':[{'minimum':1}],'allOf':[{'minimum':1}],'not':{'minimum':9}}", "{'type':'integer'}", "{'type':'integer','anyOf':[{'minimum':1}],'oneOf':[{'minimum':1}],'allOf':[{'minimum':1}],'not':{'minimum':9}}" },
        { "null", "{'type':'object','nullable':true,'properties':{'a':{'type':'string'}}}", "{}", "{'type':'object','nullable':true,'properties':{'a':{'type':'string'}}}" },
        { "a required null", "{'type':'object','required':['a','b'],'properties':{'a':{'type':'string','nullable':true},'b':{'type':'string'}}}", "{'type':'object','required':['b'],'properties':{'a':{},'b':{'type':'string'}}}", "{'type':'object','required':['a','b'],'properties':{'a':{'type':'string','nullable':true},'b':{'type':'string'}}}" },
        { "unknown fields", "{'type':'object','x-kubernetes-preserve-unknown-fields':true,'properties':{'a':{'type':'string'}}}", "{'x-kubernetes-preserve-unknown-fields':true}", "{'type':'object','x-kubernetes-preserve-unknown-fields':true,'properties':{'a':{'type':'string'}}}" },
        { "an array of unknowns", "{'type':'array','x-kubernetes-preserve-unknown-fields':true,'items':{'type':'string'}}", "{'x-kubernetes-preserve-unknown-fields':true}", "{'type':'array','x-kubernetes-preserve-unknown-fields':true,'items':{'type':'string'}}" },
        { "int or string", "{'x-kubernetes-int-or-string':true,'anyOf':[{'type':'integer'},{'type':'string'}]}", "{'x-kubernetes-int-or-string':true}", "{'x-kubernetes-int-or-string':true,'anyOf':[{'type':'integer'},{'type':'string'}]}" },
        { "list type", "{'type':'array','x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':['a'],'items':{'type':'object','required':['a'],'properties':{'a':{'type':'string'}}}}", "{'type':'array','x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':['a'],'items':{'type':'object','required':['a'],'properties':{'a':{'type':'string'}}}}", "{'type':'array','x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':['a'],'items':{'type':'object','required':['a'],'properties':{'a':{'type':'string'}}}}" },
        { "rules", "{'type':'string','x-kubernetes-validations':[{'rule':'self > 0'}]}", "{'type':'string','x-kubernetes-validations':[{'rule':'self > 0'}]}", "{'type':'string','x-kubernetes-validations':[{'rule':'self > 0'}]}" },
        { "values of a map", "{'type':'object','additionalProperties':{'type':'string','nullable':true}}", "{'type':'object','additionalProperties':{}}", "{'type':'object','additionalProperties':{'type':'string','nullable':true}}" },
    };

    [Theory]
    [MemberData(nameof(Fields))]
    public void Field_IsPublished(string because, string field, string v2, string v3)
    {
        var root = SchemaHarness.Schema($"{{'type':'object','properties':{{'f':{field}}}}}");

        Same(because, v2, PublishedSchema.OpenApiV2(root, false)["properties"]!["f"]);
        Same(because, v3, PublishedSchema.OpenApiV3(root, false)["properties"]!["f"]);
    }

    [Fact]
    public void Root_HasMetadata_UnlessUnknownFieldsAreKept()
    {
        var root = SchemaHarness.Schema("{'type':'object','description':'A thing.','properties':{'spec':{'type':'object'}}}");

        Assert.Equal(["apiVersion", "kind", "metadata", "spec"], ((JsonObject)PublishedSchema.OpenApiV2(root, false)["properties"]!).Select(pair => pair.Key).Order());
        Assert.Equal("#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", PublishedSchema.OpenApiV2(root, false)["properties"]!["metadata"]!["$ref"]!.GetValue<string>());
        Assert.Equal("#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", PublishedSchema.OpenApiV3(root, false)["properties"]!["metadata"]!["allOf"]![0]!["$ref"]!.GetValue<string>());
        Assert.Equal("A thing.", PublishedSchema.OpenApiV3(root, false)["description"]!.GetValue<string>());
        Same("v2 without bounds", "{'type':'object'}", PublishedSchema.OpenApiV2(root, true));
        Same("v2 without a schema", "{'type':'object'}", PublishedSchema.OpenApiV2(null, false));
        Same("v3 without a schema", "{'type':'object'}", PublishedSchema.OpenApiV3(null, false));
    }

    [Fact]
    public void EmbeddedResource_HasMetadata()
    {
        var root = SchemaHarness.Schema("{'type':'object','properties':{'r':{'type':'object','x-kubernetes-embedded-resource':true,'properties':{'spec':{'type':'object'}}}}}");
        var published = PublishedSchema.OpenApiV3(root, false)["properties"]!["r"]!;

        Assert.Equal(["apiVersion", "kind", "metadata", "spec"], ((JsonObject)published["properties"]!).Select(pair => pair.Key).Order());
        Assert.Equal("""["kind","apiVersion"]""", published["required"]!.ToJsonString());
    }

    private static void Same(string because, string expected, JsonNode? actual) =>
        Assert.True(JsonNode.DeepEquals(SchemaHarness.Tree(expected), actual), $"{because}: {actual?.ToJsonString()}");
}
