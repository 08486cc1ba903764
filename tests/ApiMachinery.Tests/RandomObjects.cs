using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Schemas;
using KubeAspire.ApiMachinery.Serialization;

namespace KubeAspire.ApiMachinery.Tests;

/// <summary>Objects that a schema allows, drawn from a seed.</summary>
internal sealed class RandomObjects(int seed)
{
    private const int DeepestRandom = 9;
    private const int MostRecursions = 2;

    private readonly List<string> _within = [];

    /// <summary>Whether every field is set, but for what lies below a type within itself.</summary>
    public bool Full { get; init; }

    private readonly Random _random = new(seed);

    public JsonObject Object(Schema schema, string apiVersion, string kind)
    {
        var value = (JsonObject)Value(schema, 0);
        value["apiVersion"] = apiVersion;
        value["kind"] = kind;
        return value;
    }

    public JsonNode Tree(int depth = 0) => _random.Next(depth > 4 ? 5 : 7) switch
    {
        0 => JsonScalars.Number(_random.NextInt64(-1_000_000, 1_000_000)),
        1 => JsonValue.Create(_random.Next(2) == 0),
        2 => JsonScalars.Number(_random.NextDouble()),
        3 or 4 => JsonValue.Create(Text()),
        5 => new JsonArray([.. Enumerable.Range(0, _random.Next(4)).Select(_ => Tree(depth + 1))]),
        _ => Map(() => Tree(depth + 1)),
    };

    public string Text() => _random.Next(12) switch
    {
        0 => "true",
        1 => "no",
        2 => "1.5e3",
        3 => "line one\nline two\n",
        4 => " leading",
        5 => "a: b # c",
        6 => "ünïcödé 😀 \u0001\t",
        7 => "- x",
        8 => "0x1F",
        9 => "trailing \n\n",
        10 => "{}[]&*!|>'\"%@`",
        _ => $"text-{_random.Next(1000)}",
    };

    private JsonNode Value(Schema schema, int depth)
    {
        switch (schema.Type)
        {
            case SchemaType.Object:
                var parent = new JsonObject();
                _within.Add(schema.Reference?.Name ?? schema.Name ?? "");
                foreach (var (name, property) in schema.Properties.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                {
                    var isComposite = property.Type is SchemaType.Object or SchemaType.Array or SchemaType.Map;
                    if (Full ? property.WirePath.Count > 0 && !IsTooDeep(property) : property.WirePath.Count > 0 && (!isComposite || depth < DeepestRandom) && _random.Next(depth < 3 ? 4 : 8) < 3)
                    {
                        parent[name] = Value(property, depth + 1);
                    }
                }

                _within.RemoveAt(_within.Count - 1);
                return parent;
            case SchemaType.Map:
                return Map(() => Value(schema.Values!, depth + 1));
            case SchemaType.Array:
                // An empty list cannot be told from none on the wire.
                return new JsonArray([.. Enumerable.Range(0, _random.Next(1, 3)).Select(_ => Value(schema.Items!, depth + 1))]);
            case SchemaType.Boolean:
                return JsonValue.Create(!schema.Pointer || _random.Next(2) == 0);
            case SchemaType.Integer:
                return JsonScalars.Number(schema.Format == "int64" ? _random.NextInt64(long.MinValue, 0) : _random.Next(int.MinValue, 0));
            case SchemaType.Number:
                return JsonScalars.Number(_random.NextDouble() + 1);
            case SchemaType.Any when schema.Items is { } definition:
                return _random.Next(2) == 0 && depth < DeepestRandom && !IsTooDeep(definition) ? Value(definition, depth + 1) : schema.Format switch
                {
                    "orbool" => JsonValue.Create(_random.Next(2) == 0),
                    "orstringarray" => new JsonArray(Text(), Text()),
                    _ => new JsonArray(new JsonObject { ["title"] = Text() }),
                };
            case SchemaType.Any:
                return schema.Format is null ? new JsonObject() : Map(() => Tree(3));
            default:
                return Scalar(schema);
        }
    }

    private bool IsTooDeep(Schema schema)
    {
        while (schema is { Type: SchemaType.Array, Items: { } items })
        {
            schema = items;
        }

        return schema.Type switch
        {
            SchemaType.Map => IsTooDeep(schema.Values!),
            SchemaType.Object => _within.Count(name => name == (schema.Reference?.Name ?? schema.Name)) >= MostRecursions,
            _ => false,
        };
    }

    private JsonValue Scalar(Schema schema)
    {
        switch (schema.Format)
        {
            case "byte":
                var bytes = new byte[_random.Next(1, 20)];
                _random.NextBytes(bytes);
                return JsonValue.Create(Convert.ToBase64String(bytes));
            case "date-time":
                return JsonValue.Create(DateTimeOffset.FromUnixTimeSeconds(_random.Next()).UtcDateTime.ToString(TimeConverter.Format));
            case "micro-time":
                return JsonValue.Create(DateTimeOffset.FromUnixTimeSeconds(_random.Next()).AddMicroseconds(_random.Next(1_000_000)).UtcDateTime.ToString(MicroTimeConverter.Format));
            case "quantity":
                return JsonValue.Create($"{_random.Next(1, 999)}Mi");
            case "int-or-string":
                return _random.Next(2) == 0 ? JsonScalars.Number(_random.Next(1, 70000)) : JsonValue.Create("25%");
            default:
                return JsonValue.Create(Text());
        }
    }

    private JsonObject Map(Func<JsonNode> value)
    {
        var map = new JsonObject();
        for (var i = _random.Next(1, 4); i > 0; i--)
        {
            map[$"key.{_random.Next(20)}/x"] = value();
        }

        return map;
    }
}
