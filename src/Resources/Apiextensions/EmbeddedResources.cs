using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Apiextensions;

/// <summary>An object inside a custom resource says what it is, and its metadata is metadata.</summary>
/// <remarks>apiextensions-apiserver pkg/apiserver/schema/objectmeta.</remarks>
internal static class EmbeddedResources
{
    private const string NotEmpty = "must not be empty";

    public static void Validate(JsonNode? value, ValueRules rules, string path, List<FieldError> errors)
    {
        switch (value)
        {
            case JsonObject parent when rules.HasEmbedded:
                if (rules.IsEmbedded)
                {
                    Resource(parent, path, errors);
                }

                foreach (var (name, child) in parent)
                {
                    if (rules.Properties.TryGetValue(name, out var property) || (property = rules.Values) is not null)
                    {
                        Validate(child, property, ValueValidation.Below(path, name), errors);
                    }
                }

                break;
            case JsonArray list when rules.Items is { HasEmbedded: true } items:
                for (var i = 0; i < list.Count; i++)
                {
                    Validate(list[i], items, $"{path}[{i.ToString(CultureInfo.InvariantCulture)}]", errors);
                }

                break;
        }
    }

    private static void Resource(JsonObject value, string path, List<FieldError> errors)
    {
        var (atVersion, atKind) = (ValueValidation.Below(path, "apiVersion"), ValueValidation.Below(path, "kind"));
        if (Named(value, "apiVersion", atVersion, errors) is { } apiVersion && apiVersion.Count(c => c == '/') > 1)
        {
            errors.Add(Invalid(atVersion, apiVersion, $"unexpected GroupVersion string: {apiVersion}"));
        }

        if (Named(value, "kind", atKind, errors) is { } kind && Names.IsDns1035Label(kind.ToLowerInvariant()) is { Count: > 0 } problems)
        {
            errors.Add(Invalid(atKind, kind, "may have mixed case, but should otherwise match: " + string.Join(',', problems)));
        }

        if (value.TryGetPropertyValue("metadata", out var metadata) && metadata is not null)
        {
            Metadata(metadata, ValueValidation.Below(path, "metadata"), errors);
        }
    }

    private static string? Named(JsonObject value, string name, string path, List<FieldError> errors)
    {
        if (!value.TryGetPropertyValue(name, out var node))
        {
            errors.Add(FieldError.Required(path, NotEmpty));
            return null;
        }

        switch (node.AsString())
        {
            case null:
                errors.Add(new FieldError(FieldErrorType.FieldValueInvalid, path, ValueValidation.Shown(node), "must be a string") { IsText = false });
                return null;
            case "":
                errors.Add(Invalid(path, "", NotEmpty));
                return null;
            case var text:
                return text;
        }
    }

    private static void Metadata(JsonNode node, string path, List<FieldError> errors)
    {
        ObjectMeta? metadata;
        try
        {
            metadata = node is JsonObject ? JsonSerializer.Deserialize(node, KubernetesJson.TypeInfo<ObjectMeta>()) : null;
        }
        catch (Exception broken) when (broken is JsonException or FormatException or InvalidOperationException)
        {
            metadata = null;
        }

        if (metadata is null)
        {
            errors.Add(new FieldError(FieldErrorType.FieldValueInvalid, path, ValueValidation.Json(node), "must be valid metadata of an object") { IsText = false });
            return;
        }

        var found = new FieldErrors();
        if (!string.IsNullOrEmpty(metadata.GenerateName))
        {
            found.Invalid($"{path}.generateName", metadata.GenerateName, Names.IsPathSegment(metadata.GenerateName));
        }

        if (!string.IsNullOrEmpty(metadata.Name))
        {
            found.Invalid($"{path}.name", metadata.Name, Names.IsPathSegment(metadata.Name));
        }

        if (!string.IsNullOrEmpty(metadata.Namespace))
        {
            found.Invalid($"{path}.namespace", metadata.Namespace, Names.IsDnsLabel(metadata.Namespace));
        }

        found.Labels($"{path}.labels", metadata.Labels);
        found.Annotations($"{path}.annotations", metadata.Annotations);
        errors.AddRange(found);
    }

    private static FieldError Invalid(string path, string value, string detail) => FieldError.Invalid(path, value, detail) with { IsText = true };
}
