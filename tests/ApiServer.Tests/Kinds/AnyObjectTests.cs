using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Schemas;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.ApiServer.Tests.Kinds;

/// <summary>Objects that a schema allows and no rule does, for every kind: each is refused in order, none breaks the server.</summary>
public sealed class AnyObjectTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const int MaximumDepth = 12, MostRecursions = 2;

    [Fact]
    public async Task WhateverIsWritten_IsAnsweredWithAStatus()
    {
        var broken = new List<string>();
        foreach (var kind in api.Server.Kinds.All)
        {
            var random = new Random(kind.Type.Kind.Length);
            for (var run = 0; run < 12; run++)
            {
                var value = (JsonObject)new Drawn(random, full: run < 2).Value(kind.Schema, 0)!;
                value["apiVersion"] = kind.Type.ApiVersion;
                value["kind"] = kind.Type.Kind;
                value["metadata"] = new JsonObject { ["name"] = "any", ["labels"] = new JsonObject { ["a"] = "b" } };
                await CheckAsync(broken, "POST", PathOf(kind), value);
            }
        }

        Assert.Empty(broken);
    }

    [Fact]
    public async Task AMemberOfAnotherShape_IsRefused()
    {
        var broken = new List<string>();
        string[] shapes = ["[]", "\"text\"", "7", "null", "{}", "[null]", "[7]", "[[]]", "{\"a\":null}", "true", "-1e99"];
        foreach (var kind in api.Server.Kinds.All)
        {
            foreach (var path in Paths(kind.Schema, 3).Where(path => path[0] is not ("apiVersion" or "kind" or "metadata")))
            {
                foreach (var shape in shapes)
                {
                    var value = new JsonObject { ["metadata"] = new JsonObject { ["name"] = "any" } };
                    JsonObject at = value;
                    foreach (var name in path[..^1])
                    {
                        at[name] = new JsonObject();
                        at = (JsonObject)at[name]!;
                    }

                    at[path[^1]] = JsonNode.Parse(shape);
                    await CheckAsync(broken, "POST", PathOf(kind), value);
                }
            }
        }

        Assert.Empty(broken);
    }

    private async Task CheckAsync(List<string> broken, string method, string path, JsonObject value)
    {
        var answer = await api.SendAsync(method, path + "?dryRun=All", value.ToJsonString());
        if (answer.Code is not (201 or 400 or 403 or 404 or 409 or 413 or 422) || (answer.Code >= 400 && answer.At("kind") != "Status"))
        {
            broken.Add($"{answer.Code} {path} {value.ToJsonString()[..Math.Min(300, value.ToJsonString().Length)]} {answer.Text[..Math.Min(300, answer.Text.Length)]}");
        }
    }

    private static string PathOf(ResourceKind kind) =>
        (kind.Type.Group.Length == 0 ? "/api/v1" : $"/apis/{kind.Type.ApiVersion}") + (kind.Type.Namespaced ? "/namespaces/default/" : "/") + kind.Type.Plural;

    private static IEnumerable<string[]> Paths(Schema schema, int depth) => depth == 0 ? [] : schema.Properties.OrderBy(pair => pair.Key, StringComparer.Ordinal)
        .SelectMany(pair => Paths(pair.Value, depth - 1).Select(below => (string[])[pair.Key, .. below]).Prepend([pair.Key]));

    /// <summary>Values of the right type and of any content.</summary>
    private sealed class Drawn(Random random, bool full)
    {
        private static readonly string[] s_texts = ["", "a", "A b", "10.0.0.1", "*", "a/b", "-", "25%", "ünïcödé", "2026-01-01T00:00:00Z", "Always", "Exists", "ClusterIP"];

        private readonly List<string> _within = [];

        public JsonNode? Value(Schema schema, int depth)
        {
            switch (schema.Type)
            {
                case SchemaType.Object:
                    var name = schema.Reference?.Name ?? schema.Name ?? "";
                    if (depth > MaximumDepth || _within.Count(one => one == name) >= MostRecursions)
                    {
                        return new JsonObject();
                    }

                    _within.Add(name);
                    var value = new JsonObject();
                    foreach (var (field, property) in schema.Properties.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                    {
                        if (full || random.Next(3) == 0)
                        {
                            value[field] = Value(property, depth + 1);
                        }
                    }

                    _within.RemoveAt(_within.Count - 1);
                    return value;
                case SchemaType.Array:
                    return new JsonArray([.. Enumerable.Range(0, random.Next(3)).Select(_ => Value(schema.Items!, depth + 1))]);
                case SchemaType.Map:
                    return new JsonObject { [s_texts[random.Next(s_texts.Length)]] = Value(schema.Values!, depth + 1) };
                case SchemaType.Integer:
                    return random.Next(4) switch { 0 => 0, 1 => -1, 2 => int.MaxValue, _ => random.Next(1, 100) };
                case SchemaType.Number:
                    return 1.5;
                case SchemaType.Boolean:
                    return random.Next(2) == 0;
                case SchemaType.Any:
                    return new JsonObject { ["any"] = "thing" };
                default:
                    return schema.Format switch
                    {
                        "byte" => "aGVsbG8=",
                        "date-time" => "2026-11-21T04:00:00Z",
                        "micro-time" => "2026-11-21T04:00:00.123456Z",
                        "quantity" => random.Next(2) == 0 ? "500m" : "-1",
                        "int-or-string" => random.Next(2) == 0 ? 7 : "25%",
                        _ => s_texts[random.Next(s_texts.Length)],
                    };
            }
        }
    }
}
