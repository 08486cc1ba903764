using System.Text.Json;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Schemas;
using KubeAspire.Resources.Apiextensions;

namespace KubeAspire.Resources.Tests.Apiextensions;

/// <summary>Passes custom resources through the schema of a CustomResourceDefinition, as a write does.</summary>
internal static class SchemaHarness
{
    /// <summary>A schema from JSON; single quotes stand for double ones.</summary>
    public static JSONSchemaProps Schema(string json) => KubernetesJson.Read<JSONSchemaProps>(JsonSerializer.SerializeToUtf8Bytes(Tree(json)));

    /// <summary>The schema of an object whose <c>spec</c> has the properties given.</summary>
    public static JSONSchemaProps Spec(string properties, string more = "") =>
        Schema($"{{'type':'object','properties':{{'spec':{{'type':'object',{more}'properties':{properties}}},'status':{{'type':'object','x-kubernetes-preserve-unknown-fields':true}}}}}}");

    /// <summary>A tree from JSON; single quotes stand for double ones.</summary>
    public static JsonObject Tree(string json) => (JsonObject)JsonNode.Parse(json.Replace('\'', '"'))!;

    /// <summary>The object after pruning and defaulting.</summary>
    public static JsonObject Stored(JSONSchemaProps schema, string json, bool preserve = false)
    {
        var value = Tree(json);
        var shape = StructuralSchema.ToSchema(schema, preserve);
        UnknownFields.Prune(value, shape);
        Defaults.Apply(value, shape);
        return value;
    }

    /// <summary>What is wrong with a new object, one line a rule.</summary>
    public static List<string> Errors(JSONSchemaProps schema, string json) => KindHarness.Lines(new CustomResourceValidator(schema).Validate(Tree(json)));

    /// <summary>What a change breaks.</summary>
    public static List<string> UpdateErrors(JSONSchemaProps schema, string stored, string changed) =>
        KindHarness.Lines(new CustomResourceValidator(schema).ValidateUpdate(Tree(changed), Tree(stored)));
}
