using System.Runtime.CompilerServices;
using KubeAspire.ApiMachinery.Schemas;

namespace KubeAspire.ApiMachinery.Serialization;

/// <summary>
/// A message's fields by number. A number leads to a property, or to an embedded message whose properties are the outer object's own in JSON.
/// </summary>
internal sealed class WireMap
{
    private static readonly ConditionalWeakTable<Schema, WireMap> s_made = [];

    /// <summary>Fields in ascending order of their numbers: the order in which upstream writes them.</summary>
    public SortedDictionary<int, WireField> Fields { get; } = [];

    /// <summary>The fields of an object's schema.</summary>
    public static WireMap Of(Schema schema) => s_made.GetValue(schema.Reference ?? schema, Make);

    private static WireMap Make(Schema schema)
    {
        var map = new WireMap();
        foreach (var (name, property) in schema.Properties)
        {
            var level = map;
            for (var i = 0; i < property.WirePath.Count; i++)
            {
                var number = property.WirePath[i];
                if (i == property.WirePath.Count - 1)
                {
                    level.Fields[number] = new WireField(name, property, null);
                }
                else
                {
                    if (!level.Fields.TryGetValue(number, out var field) || field.Embedded is null)
                    {
                        level.Fields[number] = field = new WireField("", null, new WireMap());
                    }

                    level = field.Embedded!;
                }
            }
        }

        return map;
    }
}

/// <summary>Where a field number leads: a property with its schema, or an embedded message.</summary>
internal sealed record WireField(string Name, Schema? Schema, WireMap? Embedded);
