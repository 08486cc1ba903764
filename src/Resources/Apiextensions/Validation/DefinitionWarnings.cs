namespace KubeAspire.Resources.Apiextensions.Validation;

/// <summary>What a user should hear about an accepted CustomResourceDefinition.</summary>
internal static class DefinitionWarnings
{
    public static IEnumerable<string> Of(CustomResourceDefinition value)
    {
        var formats = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (at, version) in value.Spec.Versions.Index())
        {
            if (version.Schema?.OpenAPIV3Schema is not { } root)
            {
                continue;
            }

            if (SchemaWalk.All(root).Any(schema => schema.XKubernetesValidations is { Count: > 0 }))
            {
                yield return $"spec.versions[{at}].schema.openAPIV3Schema: x-kubernetes-validations are kept, but not enforced yet: objects of version {version.Name} are not checked by these rules";
            }

            formats.UnionWith(SchemaWalk.All(root).Where(IsUnknownFormat).Select(schema => schema.Format!));
        }

        if (value.Spec.Conversion is { Strategy: "Webhook" })
        {
            yield return "spec.conversion.strategy: the webhook is not called yet: nothing has to be converted while there is one version";
        }

        foreach (var format in formats)
        {
            yield return $"unrecognized format \"{format}\"";
        }
    }

    private static bool IsUnknownFormat(JSONSchemaProps schema) => !string.IsNullOrEmpty(schema.Format) && (schema.XKubernetesIntOrString == true ? "*" : schema.Type) switch
    {
        null or "" or "string" => Formats.Find(schema.Format) is null,
        "integer" => schema.Format is not ("int32" or "int64"),
        "number" => schema.Format is not ("float" or "double"),
        _ => true,
    };
}
