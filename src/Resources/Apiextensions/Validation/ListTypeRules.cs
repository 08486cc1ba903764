using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Apiextensions.Validation;

/// <summary>Rules of <c>x-kubernetes-list-type</c> and <c>x-kubernetes-list-map-keys</c>.</summary>
internal static class ListTypeRules
{
    private static readonly string[] s_listTypes = ["atomic", "set", "map"];

    public static void Validate(FieldErrors errors, JSONSchemaProps schema, string path)
    {
        var type = schema.XKubernetesListType;
        var keys = schema.XKubernetesListMapKeys ?? [];
        var items = schema.Items?.Schema;
        if (type is not null && schema.Type != "array")
        {
            WrongType(errors, schema.Type, $"{path}.type", "must be array if x-kubernetes-list-type is specified");
        }
        else if (type == "set" && items is not null)
        {
            Set(errors, items, $"{path}.items");
        }

        if (type is not null && !s_listTypes.Contains(type))
        {
            errors.Add(FieldError.NotSupported($"{path}.x-kubernetes-list-type", type, s_listTypes));
        }

        if (keys.Count > 0 && type != "map")
        {
            WrongType(errors, type, $"{path}.x-kubernetes-list-type", "must be map if x-kubernetes-list-map-keys is non-empty");
        }

        if (type == "map")
        {
            Map(errors, schema, items, keys, path);
        }

        if (type is "set" or "map" && items is not null)
        {
            Strict(errors, items, type, keys, $"{path}.items");
        }
    }

    /// <summary>A keyword that must have another value: missing where it has none.</summary>
    public static void WrongType(FieldErrors errors, string? value, string path, string detail)
    {
        if (string.IsNullOrEmpty(value))
        {
            errors.Required(path, detail);
        }
        else
        {
            errors.Invalid(path, value, detail);
        }
    }

    private static void Set(FieldErrors errors, JSONSchemaProps items, string path)
    {
        const string Detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
        if (items is { Type: "array", XKubernetesListType: not (null or "atomic") })
        {
            errors.Invalid($"{path}.x-kubernetes-list-type", items.XKubernetesListType, Detail);
        }

        if (items is { Type: "object", XKubernetesMapType: not "atomic" })
        {
            errors.Invalid($"{path}.x-kubernetes-map-type", items.XKubernetesMapType ?? "null", Detail);
        }
    }

    private static void Map(FieldErrors errors, JSONSchemaProps schema, JSONSchemaProps? items, IReadOnlyList<string> keys, string path)
    {
        if (keys.Count == 0)
        {
            errors.Required($"{path}.x-kubernetes-list-map-keys", "must not be empty if x-kubernetes-list-type is map");
        }

        if (schema.Items is null)
        {
            errors.Required($"{path}.items", "must have a schema if x-kubernetes-list-type is map");
            return;
        }

        if (items is null)
        {
            errors.Invalid($"{path}.items", JsonComparison.Text(schema.Items), "must only have a single schema if x-kubernetes-list-type is map");
            return;
        }

        if (items.Type != "object")
        {
            errors.Invalid($"{path}.items.type", items.Type ?? "", "must be object if parent array's x-kubernetes-list-type is map");
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var key in keys)
        {
            if (items.Properties?.TryGetValue(key, out var property) != true)
            {
                errors.Invalid($"{path}.x-kubernetes-list-map-keys", FieldErrors.Text(keys), "entries must all be names of item properties");
            }
            else if (property!.Type is "array" or "object")
            {
                errors.Invalid($"{path}.items.properties[{key}].type", items.Type, "must be a scalar type if parent array's x-kubernetes-list-type is map");
            }

            if (!seen.Add(key))
            {
                errors.Invalid($"{path}.x-kubernetes-list-map-keys", FieldErrors.Text(keys), "must not contain duplicate entries");
            }
        }
    }

    private static void Strict(FieldErrors errors, JSONSchemaProps items, string type, IReadOnlyList<string> keys, string path)
    {
        if (items.Nullable == true)
        {
            errors.Forbidden($"{path}.nullable", "cannot be nullable when x-kubernetes-list-type is " + type);
        }

        foreach (var key in type == "map" ? keys : [])
        {
            if (items.Properties?.TryGetValue(key, out var property) != true)
            {
                continue;
            }

            if (items.Required?.Contains(key) != true && StructuralSchema.Node(property!.Default) is null)
            {
                errors.Required($"{path}.properties[{key}].default", "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property");
            }

            if (property!.Nullable == true)
            {
                errors.Forbidden($"{path}.properties[{key}].nullable", "this property is in x-kubernetes-list-map-keys, so it cannot be nullable");
            }
        }
    }
}
