namespace KubeAspire.Resources.Apiextensions.Validation;

/// <summary>Ways through a schema.</summary>
internal static class SchemaWalk
{
    /// <summary>The schema and every schema in it.</summary>
    public static IEnumerable<JSONSchemaProps> All(JSONSchemaProps root)
    {
        var waiting = new Stack<JSONSchemaProps>([root]);
        while (waiting.TryPop(out var schema))
        {
            yield return schema;
            foreach (var (_, child) in Below(schema, ""))
            {
                waiting.Push(child);
            }
        }
    }

    /// <summary>The schemas one level down, each with its path.</summary>
    public static IEnumerable<(string Path, JSONSchemaProps Schema)> Below(JSONSchemaProps schema, string path) =>
        Structure(schema, path).Concat(Junctors(schema, path)).Concat(Forbidden(schema, path));

    /// <summary>What the object is made of: properties, values, items.</summary>
    public static IEnumerable<(string Path, JSONSchemaProps Schema)> Structure(JSONSchemaProps schema, string path)
    {
        if (schema.AdditionalProperties?.Schema is { } values)
        {
            yield return ($"{path}.additionalProperties", values);
        }

        foreach (var (name, property) in schema.Properties ?? new Dictionary<string, JSONSchemaProps>())
        {
            yield return ($"{path}.properties[{name}]", property);
        }

        if (schema.Items?.Schema is { } items)
        {
            yield return ($"{path}.items", items);
        }
    }

    /// <summary>What values are asked besides: not, allOf, oneOf, anyOf.</summary>
    public static IEnumerable<(string Path, JSONSchemaProps Schema)> Junctors(JSONSchemaProps schema, string path)
    {
        if (schema.Not is { } not)
        {
            yield return ($"{path}.not", not);
        }

        foreach (var (name, list) in ((string, IReadOnlyList<JSONSchemaProps>?)[])[("allOf", schema.AllOf), ("oneOf", schema.OneOf), ("anyOf", schema.AnyOf)])
        {
            foreach (var (at, one) in (list ?? []).Index())
            {
                yield return ($"{path}.{name}[{at}]", one);
            }
        }
    }

    private static IEnumerable<(string Path, JSONSchemaProps Schema)> Forbidden(JSONSchemaProps schema, string path)
    {
        foreach (var (name, definition) in schema.Definitions ?? new Dictionary<string, JSONSchemaProps>())
        {
            yield return ($"{path}.definitions[{name}]", definition);
        }

        foreach (var (at, one) in (schema.Items?.JSONSchemas ?? []).Index())
        {
            yield return ($"{path}.items[{at}]", one);
        }

        foreach (var (name, dependency) in schema.Dependencies ?? new Dictionary<string, JSONSchemaPropsOrStringArray>())
        {
            if (dependency.Schema is { } inner)
            {
                yield return ($"{path}.dependencies[{name}]", inner);
            }
        }
    }
}
