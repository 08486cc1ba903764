using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Schemas;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Apiextensions.Validation;

/// <summary>A default is a value that its own schema takes: nothing of it is pruned, nothing of it is invalid.</summary>
/// <remarks>apiextensions-apiserver pkg/apiserver/schema/defaulting/validation.go.</remarks>
internal static class DefaultRules
{
    public static void Validate(FieldErrors errors, JSONSchemaProps schema, string path, bool isResource)
    {
        if (StructuralSchema.Node(schema.Default) is { } value)
        {
            Default(errors, schema, value, $"{path}.default");
        }

        foreach (var (at, child) in SchemaWalk.Structure(schema, path))
        {
            // Defaults in the metadata of an object are refused elsewhere, or metadata's own.
            if (!isResource || at != $"{path}.properties[metadata]")
            {
                Validate(errors, child, at, child.XKubernetesEmbeddedResource == true);
            }
        }
    }

    private static void Default(FieldErrors errors, JSONSchemaProps schema, JsonNode value, string path)
    {
        // Pruning begins at an object: the default is looked at as the only field of one.
        var rules = StructuralSchema.Of(schema, required: false, preserve: false);
        var parent = new JsonObject { ["default"] = value.DeepClone() };
        var unknown = UnknownFields.Prune(parent, new Schema(null, () => [new("default", rules)]));
        if (unknown.Count > 0)
        {
            errors.Invalid(path, ValueValidation.Shown(value), "must not have unknown fields");
            return;
        }

        var judged = new CustomResourceValidator(new JSONSchemaProps { Properties = new Dictionary<string, JSONSchemaProps> { ["default"] = schema } });
        var root = path[..^".default".Length];
        errors.AddRange(judged.Validate(new JsonObject { ["default"] = value }).Select(error =>
            error with { Field = error.Field == "<nil>" ? path : $"{root}.{error.Field}" }));
    }
}
