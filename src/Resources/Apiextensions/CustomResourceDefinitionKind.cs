using System.Globalization;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Schemas;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.Resources.Apiextensions.Validation;
using KubeAspire.Resources.Kinds;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Apiextensions;

/// <summary>Rules of <c>apiextensions.k8s.io/v1 CustomResourceDefinition</c>: a kind that users bring.</summary>
/// <remarks>Upstream: apiextensions-apiserver pkg/apis/apiextensions (defaults, validation) and pkg/registry/customresourcedefinition (strategy).</remarks>
public sealed class CustomResourceDefinitionKind : ResourceKind<CustomResourceDefinition>
{
    private const string PropsDefinition = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";

    private static readonly string[] s_unions = ["items", "additionalProperties", "additionalItems"];
    private static readonly string[] s_lists = ["allOf", "anyOf", "oneOf"];
    private static readonly string[] s_maps = ["properties", "patternProperties", "definitions"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["crd", "crds"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["api-extensions"];

    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        var spec = value.Ensure("spec");
        var names = spec.Ensure("names");
        if (names.Text("kind") is { Length: > 0 } kind)
        {
            names.DefaultText("singular", kind.ToLowerInvariant());
            names.DefaultText("listKind", kind + "List");
        }

        spec.Default("conversion", new JsonObject { ["strategy"] = "None" });
        spec.Child("conversion").Child("webhook").Child("clientConfig").Child("service")?.Default("port", 443);
        foreach (var version in spec.Items("versions"))
        {
            if (version.Child("schema").Child("openAPIV3Schema") is { } schema)
            {
                Prune(schema, BuiltInTypes.Schemas.Find(PropsDefinition)!);
            }
        }
    }

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject value)
    {
        value["status"] = new JsonObject { ["acceptedNames"] = new JsonObject { ["plural"] = "", ["kind"] = "" } };
        RememberStorageVersion(value);
    }

    /// <inheritdoc/>
    public override void PrepareForUpdate(JsonObject value, JsonObject stored)
    {
        base.PrepareForUpdate(value, stored);
        RememberStorageVersion(value);
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(CustomResourceDefinition value)
    {
        var errors = new FieldErrors();
        if (value.Metadata.Name != $"{value.Spec.Names.Plural}.{value.Spec.Group}")
        {
            errors.Invalid("metadata.name", value.Metadata.Name, "must be spec.names.plural+\".\"+spec.group");
        }

        DefinitionValidation.Spec(errors, value.Spec);
        DefinitionValidation.Approval(errors, value);
        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(CustomResourceDefinition value, CustomResourceDefinition stored)
    {
        var errors = new FieldErrors();
        if (stored.Status.Conditions?.Any(condition => condition is { Type: "Established", Status: "True" }) == true)
        {
            errors.Unchanged("spec.scope", value.Spec.Scope, stored.Spec.Scope);
            errors.Unchanged("spec.names.kind", value.Spec.Names.Kind, stored.Spec.Names.Kind);
        }

        errors.Unchanged("spec.group", value.Spec.Group, stored.Spec.Group);
        errors.Unchanged("spec.names.plural", value.Spec.Names.Plural, stored.Spec.Names.Plural);
        DefinitionValidation.StoredVersions(errors, value);
        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateStatusUpdate(CustomResourceDefinition value, CustomResourceDefinition stored)
    {
        var errors = new FieldErrors();
        if (value.Status.AcceptedNames is { } names)
        {
            DefinitionValidation.Names(errors, names, "status.acceptedNames");
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<string> WarningsFor(CustomResourceDefinition value) => DefinitionWarnings.Of(value);

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.Name, new("Created At", "date", Description: "When it was made.")];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(CustomResourceDefinition value, DateTimeOffset now) =>
        [value.Metadata.Name, value.Metadata.CreationTimestamp?.UtcDateTime.ToString(TimeConverter.Format, CultureInfo.InvariantCulture)];

    // Objects may be stored in this version from now on, until a migration says otherwise.
    private static void RememberStorageVersion(JsonObject value)
    {
        if (value.Child("spec").Items("versions").FirstOrDefault(version => version.IsTrue("storage")).Text("name") is not { Length: > 0 } storage)
        {
            return;
        }

        var status = value.Ensure("status");
        if (status["storedVersions"] is not JsonArray stored)
        {
            status["storedVersions"] = stored = [];
        }

        if (!stored.Any(version => version.AsString() == storage))
        {
            stored.Add(storage);
        }
    }

    // The schema tables cannot see through values of several shapes (items, additionalProperties), so what is unknown there is pruned here.
    private static void Prune(JsonObject schema, Schema shape)
    {
        foreach (var name in s_unions)
        {
            if (schema[name] is JsonObject inner)
            {
                UnknownFields.Prune(inner, shape);
            }

            foreach (var one in (schema[name] as JsonArray ?? []).OfType<JsonObject>())
            {
                UnknownFields.Prune(one, shape);
            }
        }

        foreach (var inner in Below(schema))
        {
            Prune(inner, shape);
        }
    }

    private static IEnumerable<JsonObject> Below(JsonObject schema) =>
        s_unions.SelectMany(name => schema[name] is JsonObject inner ? [inner] : schema.Items(name))
            .Concat(s_lists.SelectMany(name => schema.Items(name)))
            .Concat(s_maps.SelectMany(name => (schema.Child(name) ?? []).Select(pair => pair.Value).OfType<JsonObject>()))
            .Concat(schema.Child("not") is { } not ? [not] : []);
}
