using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Schemas;

namespace KubeAspire.Resources.Tests;

/// <summary>Reads and writes, as each kind's record, an object that has every field its schema knows: none may be lost.</summary>
public sealed class RoundTripTests
{
    /// <summary>How often a type is filled within itself: schemas of custom resources hold schemas, a dozen ways.</summary>
    private const int MostRecursions = 2;

    public static TheoryData<string> Names => [.. BuiltInTypes.All.Select(type => type.Definition)];

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryField_SurvivesTheTypedView(string definition)
    {
        var type = BuiltInTypes.All.Single(one => one.Definition == definition);
        var full = (JsonObject)Fill(BuiltInTypes.Schemas.Find(definition)!, [])!;
        var record = AppDomain.CurrentDomain.GetAssemblies().Select(assembly => assembly.GetType(ClassOf(type))).First(found => found is not null)!;
        var info = ResourcesJsonContext.Default.GetTypeInfo(record)!;

        var written = System.Text.Json.JsonSerializer.SerializeToNode(System.Text.Json.JsonSerializer.Deserialize(full, info), info);

        KindHarness.AssertSame(full, written);
    }

    private static string ClassOf(BuiltInType type)
    {
        var parts = type.Definition.Split('.');
        return $"KubeAspire.Resources.{char.ToUpperInvariant(parts[^3][0])}{parts[^3][1..]}{(parts[^2] == "v1" ? "" : parts[^2].ToUpperInvariant())}.{parts[^1]}";
    }

    private static JsonNode? Fill(Schema schema, List<string> within)
    {
        switch (schema.Type)
        {
            case SchemaType.Object:
                var type = schema.Reference?.Name ?? schema.Name ?? "";
                if (within.Count(one => one == type) >= MostRecursions)
                {
                    return null;
                }

                within.Add(type);
                var value = new JsonObject();
                foreach (var (name, property) in schema.Properties)
                {
                    if (Fill(property, within) is { } member)
                    {
                        value[name] = member;
                    }
                }

                within.RemoveAt(within.Count - 1);
                return value;
            case SchemaType.Array:
                return Fill(schema.Items!, within) is { } item ? new JsonArray(item) : null;
            case SchemaType.Map:
                return Fill(schema.Values!, within) is { } one ? new JsonObject { ["key"] = one } : null;
            case SchemaType.Integer:
                return 7;
            case SchemaType.Number:
                return 7.5;
            case SchemaType.Boolean:
                return true;
            case SchemaType.Any:
                return schema.Format switch
                {
                    // Values of several shapes: the other shape holds a schema, of which there are enough elsewhere.
                    "orbool" => true,
                    "orarray" => new JsonArray(new JsonObject { ["type"] = "string" }),
                    "orstringarray" => new JsonArray("text"),
                    _ => new JsonObject { ["any"] = "thing" },
                };
            default:
                return schema.Format switch
                {
                    "byte" => "aGVsbG8=",
                    "date-time" => "2026-11-21T04:00:00Z",
                    "micro-time" => "2026-11-21T04:00:00.123456Z",
                    "int-or-string" => "25%",
                    "quantity" => "500m",
                    _ => "text",
                };
        }
    }
}
