using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Schemas;
using KubeAspire.Resources.Apiextensions;

namespace KubeAspire.Resources.Tests.Apiextensions;

/// <summary>Any schema and any value: whatever they are, they are judged, not stumbled over. A failure prints its seed.</summary>
public sealed class SchemaFuzzTests
{
    private const int Worlds = 500;

    private static readonly string[] s_names = ["a", "b", "c", "metadata", "kind", "apiVersion", "spec"];
    private static readonly string[] s_types = ["object", "object", "array", "string", "integer", "number", "boolean", ""];
    private static readonly string[] s_formats = ["date-time", "int32", "int64", "ipv4", "uuid", "duration", "byte", "uri", "email", "odd", "creditcard", "isbn", "mac", "cidr"];
    private static readonly string[] s_patterns = ["^a$", "[", "(?!x)", @"\d+", "a{2,3}", "(?P<n>b)", @"\p{Lu}", "*", @"[[:alpha:]]", @"\Qx"];
    private static readonly string[] s_texts = ["", "a", "b", "aa", "12", "10.0.0.1", "2026-11-21T00:00:00Z", "\u00E4\uD83D\uDE00", "/", "\n", "1h"];

    [Fact]
    public void AnySchemaAndValue_AreJudged()
    {
        for (var seed = 0; seed < Worlds; seed++)
        {
            try
            {
                Replay(seed);
            }
            catch (Exception broken) when (broken is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"seed {seed}: {broken}");
            }
        }
    }

    private static void Replay(int seed)
    {
        var random = new Random(seed);
        var tree = AnySchema(random, 0);
        var schema = KubernetesJson.Read<JSONSchemaProps>(System.Text.Encoding.UTF8.GetBytes(tree.ToJsonString()));
        KindHarness.AssertSame(tree, System.Text.Json.JsonSerializer.SerializeToNode(schema, KubernetesJson.TypeInfo<JSONSchemaProps>()));
        var shape = StructuralSchema.ToSchema(schema, random.Next(10) == 0);
        var validator = new CustomResourceValidator(schema);
        var (value, stored) = (AnyObject(random, 0), AnyObject(random, 0));

        UnknownFields.Prune(value, shape);
        Defaults.Apply(value, shape);
        var once = value.ToJsonString();
        UnknownFields.Prune(value, shape);
        Defaults.Apply(value, shape);
        Assert.True(once == value.ToJsonString() || IsUnpruned(schema), $"seed {seed}: pruning and defaulting a second time changed {once} to {value.ToJsonString()} under {tree.ToJsonString()}");

        var errors = KindHarness.Lines(validator.Validate(value));
        Assert.Equal(errors, KindHarness.Lines(validator.Validate(value)));
        _ = KindHarness.Lines(validator.ValidateUpdate(value, stored));
        // What is written back as it is passes, but for what embedded resources ask.
        Assert.All(KindHarness.Lines(validator.ValidateUpdate(value, (JsonObject)value.DeepClone())), line => Assert.True(errors.Contains(line), $"seed {seed}: {line}"));
        if (!tree.ToJsonString().Contains("embedded", StringComparison.Ordinal))
        {
            Assert.Empty(validator.ValidateUpdate(value, (JsonObject)value.DeepClone()));
        }

        _ = PublishedSchema.OpenApiV2(schema, false);
        _ = PublishedSchema.OpenApiV3(schema, false);
        Define(tree);
    }

    // A default that its own schema prunes is not allowed in a definition; here it may come up.
    private static bool IsUnpruned(JSONSchemaProps schema) => KindHarness.Create(new CustomResourceDefinitionKind(), Definition(schema).ToJsonString()).Any(line => line.Contains("default", StringComparison.Ordinal) || line.Contains("structural", StringComparison.Ordinal) || line.Contains("Required", StringComparison.Ordinal));

    private static JsonObject Definition(JSONSchemaProps schema) => Definition((JsonObject)System.Text.Json.JsonSerializer.SerializeToNode(schema, KubernetesJson.TypeInfo<JSONSchemaProps>())!);

    private static JsonObject Definition(JsonObject schema) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = "things.example.com" },
        ["spec"] = new JsonObject
        {
            ["group"] = "example.com", ["scope"] = "Cluster", ["names"] = new JsonObject { ["plural"] = "things", ["kind"] = "Thing" },
            ["versions"] = new JsonArray(new JsonObject { ["name"] = "v1", ["served"] = true, ["storage"] = true, ["schema"] = new JsonObject { ["openAPIV3Schema"] = schema.DeepClone() } }),
        },
    };

    private static void Define(JsonObject schema)
    {
        var kind = new CustomResourceDefinitionKind();
        var json = Definition(schema).ToJsonString();
        var errors = KindHarness.Create(kind, json);
        Assert.Equal(errors, KindHarness.Create(kind, json));
        _ = kind.WarningsFor(KindHarness.Typed(kind, KindHarness.Parse(json))).ToList();
    }

    private static JsonObject AnySchema(Random random, int depth)
    {
        var schema = new JsonObject();
        if (One(random, s_types) is { Length: > 0 } type)
        {
            schema["type"] = type;
        }

        Maybe(3, () => schema["format"] = One(random, s_formats));
        Maybe(4, () => schema["pattern"] = One(random, s_patterns));
        Maybe(6, () => schema["nullable"] = true);
        Maybe(6, () => schema["default"] = AnyValue(random, 1) ?? 1);
        Maybe(6, () => schema["enum"] = new JsonArray(AnyValue(random, 3), "a"));
        Maybe(6, () => schema["minimum"] = random.Next(-3, 3));
        Maybe(6, () => schema["maximum"] = random.NextDouble() * 5);
        Maybe(8, () => schema["exclusiveMaximum"] = true);
        Maybe(8, () => schema["multipleOf"] = random.Next(3) - 0.5);
        Maybe(8, () => schema["maxLength"] = random.Next(3));
        Maybe(8, () => schema["minItems"] = random.Next(3));
        Maybe(8, () => schema["maxProperties"] = random.Next(3));
        Maybe(5, () => schema["required"] = new JsonArray(One(random, s_names)));
        Maybe(8, () => schema["x-kubernetes-int-or-string"] = true);
        Maybe(6, () => schema["x-kubernetes-preserve-unknown-fields"] = true);
        Maybe(8, () => schema["x-kubernetes-embedded-resource"] = true);
        Maybe(6, () => schema["x-kubernetes-map-type"] = One(random, "atomic", "granular", "odd"));
        Maybe(4, () => schema["x-kubernetes-list-type"] = One(random, "set", "map", "atomic", "odd"));
        Maybe(5, () => schema["x-kubernetes-list-map-keys"] = new JsonArray(One(random, s_names), One(random, s_names)));
        if (depth > 3)
        {
            return schema;
        }

        Maybe(2, () => schema["properties"] = new JsonObject(s_names.Where(_ => random.Next(3) == 0).Select(name => KeyValuePair.Create<string, JsonNode?>(name, AnySchema(random, depth + 1)))));
        Maybe(3, () => schema["items"] = AnySchema(random, depth + 1));
        Maybe(4, () => schema["additionalProperties"] = random.Next(3) switch { 0 => true, 1 => false, _ => AnySchema(random, depth + 1) });
        foreach (var junctor in (string[])["allOf", "anyOf", "oneOf"])
        {
            Maybe(8, () => schema[junctor] = new JsonArray(AnySchema(random, depth + 2), AnySchema(random, depth + 2)));
        }

        Maybe(8, () => schema["not"] = AnySchema(random, depth + 2));
        Maybe(20, () => schema["items"] = new JsonArray(AnySchema(random, depth + 2)));
        Maybe(20, () => schema["dependencies"] = new JsonObject { ["a"] = new JsonArray("b"), ["b"] = AnySchema(random, depth + 2) });
        Maybe(20, () => schema["definitions"] = new JsonObject { ["a"] = AnySchema(random, depth + 2) });
        return schema;

        void Maybe(int oneIn, Action act)
        {
            if (random.Next(oneIn) == 0)
            {
                act();
            }
        }
    }

    private static JsonObject AnyObject(Random random, int depth) =>
        new(s_names.Where(_ => random.Next(2) == 0).Select(name => KeyValuePair.Create(name, AnyValue(random, depth + 1))));

    private static JsonNode? AnyValue(Random random, int depth) => random.Next(depth > 3 ? 6 : 9) switch
    {
        0 => null,
        1 => JsonNode.Parse(random.Next(-5, 5).ToString()),
        2 => JsonNode.Parse(One(random, "1.5", "1e400", "-0.0", "9223372036854775808", "1e2", "0.1")),
        3 => random.Next(2) == 0,
        4 or 5 => One(random, s_texts),
        6 => new JsonArray([.. Enumerable.Range(0, random.Next(4)).Select(_ => AnyValue(random, depth + 1))]),
        _ => AnyObject(random, depth + 1),
    };

    private static T One<T>(Random random, params T[] choices) => choices[random.Next(choices.Length)];
}
