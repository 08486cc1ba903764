using System.Collections.Frozen;
using System.Text.Json.Nodes;

namespace KubeAspire.Resources.Apiextensions;

/// <summary>What one place of a schema asks of its values, read once.</summary>
internal sealed class ValueRules
{
    private ValueRules(JSONSchemaProps schema)
    {
        Types = schema.XKubernetesIntOrString == true ? ["integer", "string"] : string.IsNullOrEmpty(schema.Type) ? [] : [schema.Type];
        Nullable = schema.Nullable == true;
        Enum = [.. (schema.Enum ?? []).Select(value => StructuralSchema.Node(value))];
        FormatName = schema.Format ?? "";
        Format = Types is [] or ["string"] ? Formats.Find(schema.Format) : null;
        IsInt32 = Types is ["integer"] && schema.Format == "int32";
        Pattern = !string.IsNullOrEmpty(schema.Pattern) && GoPattern.TryParse(schema.Pattern, out var pattern, out _) ? pattern : null;
        PatternText = schema.Pattern ?? "";
        (Maximum, ExclusiveMaximum, Minimum, ExclusiveMinimum, MultipleOf) =
            (schema.Maximum, schema.ExclusiveMaximum == true, schema.Minimum, schema.ExclusiveMinimum == true, schema.MultipleOf);
        (MaxLength, MinLength, MaxItems, MinItems, MaxProperties, MinProperties) =
            (schema.MaxLength, schema.MinLength, schema.MaxItems, schema.MinItems, schema.MaxProperties, schema.MinProperties);
        UniqueItems = schema.UniqueItems == true;
        Required = schema.Required ?? [];
        Properties = (schema.Properties ?? new Dictionary<string, JSONSchemaProps>()).ToFrozenDictionary(pair => pair.Key, pair => Of(pair.Value), StringComparer.Ordinal);
        Items = schema.Items?.Schema is { } items ? Of(items) : null;
        Values = schema.AdditionalProperties?.Schema is { } values ? Of(values) : null;
        IsClosed = schema.AdditionalProperties is { Allows: false, Schema: null };
        AllOf = [.. (schema.AllOf ?? []).Select(Of)];
        AnyOf = [.. (schema.AnyOf ?? []).Select(Of)];
        OneOf = [.. (schema.OneOf ?? []).Select(Of)];
        Not = schema.Not is { } not ? Of(not) : null;
        IsEmbedded = schema.XKubernetesEmbeddedResource == true;
        IsSet = schema.XKubernetesListType == "set";
        MapKeys = schema.XKubernetesListType == "map" ? schema.XKubernetesListMapKeys ?? [] : [];
        KeyDefaults = [.. MapKeys.Select(key => StructuralSchema.Node(schema.Items?.Schema?.Properties?.GetValueOrDefault(key)?.Default))];
        HasListRules = IsSet || MapKeys.Count > 0 || Items?.HasListRules == true || Values?.HasListRules == true || Properties.Values.Any(rules => rules.HasListRules);
        HasEmbedded = IsEmbedded || Items?.HasEmbedded == true || Values?.HasEmbedded == true || Properties.Values.Any(rules => rules.HasEmbedded);
    }

    /// <summary>The rules of a schema and of all below it.</summary>
    public static ValueRules Of(JSONSchemaProps schema) => new(schema);

    public IReadOnlyList<string> Types { get; }

    public bool Nullable { get; }

    public IReadOnlyList<JsonNode?> Enum { get; }

    public string FormatName { get; }

    public Func<string, bool>? Format { get; }

    public bool IsInt32 { get; }

    public GoPattern? Pattern { get; }

    public string PatternText { get; }

    public double? Maximum { get; }

    public bool ExclusiveMaximum { get; }

    public double? Minimum { get; }

    public bool ExclusiveMinimum { get; }

    public double? MultipleOf { get; }

    public long? MaxLength { get; }

    public long? MinLength { get; }

    public long? MaxItems { get; }

    public long? MinItems { get; }

    public long? MaxProperties { get; }

    public long? MinProperties { get; }

    public bool UniqueItems { get; }

    public IReadOnlyList<string> Required { get; }

    public FrozenDictionary<string, ValueRules> Properties { get; }

    public ValueRules? Items { get; }

    public ValueRules? Values { get; }

    /// <summary>Whether no properties but the named ones are allowed.</summary>
    public bool IsClosed { get; }

    public IReadOnlyList<ValueRules> AllOf { get; }

    public IReadOnlyList<ValueRules> AnyOf { get; }

    public IReadOnlyList<ValueRules> OneOf { get; }

    public ValueRules? Not { get; }

    public bool IsEmbedded { get; }

    public bool IsSet { get; }

    /// <summary>The fields that identify an item of a list-map; empty for any other list.</summary>
    public IReadOnlyList<string> MapKeys { get; }

    /// <summary>The default of each of <see cref="MapKeys"/>.</summary>
    public IReadOnlyList<JsonNode?> KeyDefaults { get; }

    /// <summary>Whether there is a set or a list-map here or below.</summary>
    public bool HasListRules { get; }

    /// <summary>Whether there is an embedded resource here or below.</summary>
    public bool HasEmbedded { get; }

    /// <summary>What identifies an item of a list-map; null where the item is no object.</summary>
    public JsonObject? KeyOf(JsonNode? item)
    {
        if (item is not JsonObject fields)
        {
            return null;
        }

        var key = new JsonObject();
        foreach (var (at, name) in MapKeys.Index())
        {
            if ((fields[name] ?? KeyDefaults[at]) is { } value)
            {
                key[name] = value.DeepClone();
            }
        }

        return key;
    }
}
