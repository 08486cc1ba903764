using System.Text.Json;
using KubeAspire.ApiMachinery.Schemas;

namespace KubeAspire.Resources.Tests;

/// <summary>Compares the generated tables with the published API, where it lies beside the repository; the data themselves are not part of it.</summary>
public sealed class PublishedApiTests
{
    private const string Missing = "the published API (shared/kubernetes/definitions.json) is not beside this repository";

    [Fact]
    public void EveryDefinition_HasThePublishedFields()
    {
        var definitions = Load();
        Assert.SkipWhen(definitions is null, Missing);
        var different = new List<string>();
        foreach (var name in BuiltInTypes.Schemas.Names)
        {
            var schema = BuiltInTypes.Schemas.Find(name)!;
            var published = definitions![name].TryGetProperty("fields", out var fields) ? fields.EnumerateObject().ToDictionary(field => field.Name, field => field.Value) : [];
            different.AddRange(published.Keys.Except(schema.Properties.Keys).Select(field => $"{name}.{field} is missing"));
            different.AddRange(schema.Properties.Keys.Except(published.Keys).Select(field => $"{name}.{field} is not published"));
            different.AddRange(published.Where(field => schema.Properties.ContainsKey(field.Key)).SelectMany(field => Compare($"{name}.{field.Key}", field.Value, schema.Properties[field.Key])));
        }

        Assert.Empty(different);
    }

    [Fact]
    public void EveryKind_IsPublishedUnderItsNames()
    {
        var definitions = Load();
        Assert.SkipWhen(definitions is null, Missing);

        Assert.All(BuiltInTypes.All, type => Assert.Contains((type.Type.Group, type.Type.Version, type.Type.Kind), Kinds(definitions![type.Definition])));
    }

    private static IEnumerable<string> Compare(string path, JsonElement published, Schema schema)
    {
        var required = published.TryGetProperty("required", out var flag) && flag.GetBoolean();
        if (required != schema.Required)
        {
            yield return $"{path}: required {schema.Required}";
        }

        var mergeKey = published.TryGetProperty("patchMergeKey", out var key) ? key.GetString() : null;
        if (mergeKey != schema.PatchMergeKey)
        {
            yield return $"{path}: merge key {schema.PatchMergeKey}";
        }

        var keys = published.TryGetProperty("listMapKeys", out var mapKeys) ? mapKeys.EnumerateArray().Select(one => one.GetString()!).ToList() : [];
        if (!keys.SequenceEqual(schema.ListMapKeys))
        {
            yield return $"{path}: list map keys {string.Join(',', schema.ListMapKeys)}";
        }

        var expected = TypeOf(published);
        if (expected is not null && expected != schema.Type)
        {
            yield return $"{path}: type {schema.Type}";
        }

        var format = published.TryGetProperty("format", out var text) ? text.GetString() : null;
        if (format is "int32" or "int64" or "byte" && format != schema.Format)
        {
            yield return $"{path}: format {schema.Format}";
        }
    }

    private static SchemaType? TypeOf(JsonElement published)
    {
        if (published.TryGetProperty("ref", out _))
        {
            return null; // The definition it names is compared by itself.
        }

        return published.GetProperty("type").GetString() switch
        {
            "string" => SchemaType.String,
            "boolean" => SchemaType.Boolean,
            "integer" => SchemaType.Integer,
            "number" => SchemaType.Number,
            "array" => SchemaType.Array,
            _ => SchemaType.Map,
        };
    }

    private static List<(string, string, string)> Kinds(JsonElement definition)
    {
        var gvk = definition.GetProperty("gvk");
        return [.. (gvk.ValueKind == JsonValueKind.Array ? gvk.EnumerateArray() : Enumerable.Repeat(gvk, 1))
            .Select(one => (one.GetProperty("group").GetString()!, one.GetProperty("version").GetString()!, one.GetProperty("kind").GetString()!))];
    }

    private static Dictionary<string, JsonElement>? Load()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "KubeAspire.sln")))
        {
            root = root.Parent;
        }

        for (var beside = root?.Parent; beside is not null; beside = beside.Parent)
        {
            var file = Path.Combine(beside.FullName, "shared", "kubernetes", "definitions.json");
            if (File.Exists(file))
            {
                return JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(File.ReadAllBytes(file));
            }
        }

        return null;
    }
}
