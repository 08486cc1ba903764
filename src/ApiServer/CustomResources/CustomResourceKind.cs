using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Labels;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Schemas;
using KubeAspire.Resources;
using KubeAspire.Resources.Apiextensions;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.ApiServer.CustomResources;

/// <summary>One version of a kind that a CustomResourceDefinition describes.</summary>
/// <remarks>
/// Immutable: a changed definition makes new kinds, and <see cref="Retired"/> tells whoever still follows the old one. Rules as upstream's
/// k8s.io/apiextensions-apiserver pkg/registry/customresource.
/// </remarks>
public sealed class CustomResourceKind : ResourceKind
{
    private static readonly string[] s_verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
    private static readonly string[] s_verbsAtTheEnd = ["delete", "deletecollection", "get", "list", "watch"];
    private static readonly string[] s_subresourceVerbs = ["get", "patch", "update"];
    private static readonly Schema s_metadata = BuiltInTypes.Schemas.Find("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")!;
    private static readonly Schema s_text = new(SchemaType.String);

    // What is checked and normalized as in every object: the rest of the tree is the definition's.
    private static readonly Schema s_head = new(null, () => Head());

    private readonly CustomResourceDefinitionNames _names;
    private readonly CustomResourceValidator _validator;
    private readonly CustomResourceColumns _columns;

    /// <summary>A version of a definition.</summary>
    /// <param name="definition">The definition.</param>
    /// <param name="names">The names under which it is served: those that were accepted.</param>
    /// <param name="version">The version, one of the definition's.</param>
    /// <param name="collection">Shared by the versions of one definition.</param>
    /// <param name="retired">Cancelled when the definition no longer says this.</param>
    public CustomResourceKind(
        CustomResourceDefinition definition, CustomResourceDefinitionNames names, CustomResourceDefinitionVersion version, CustomResourceCollection collection, CancellationToken retired)
    {
        (_names, Definition, Version, Collection, Retired) = (names, definition, version, collection, retired);
        var spec = definition.Spec;
        var namespaced = spec.Scope == "Namespaced";
        Type = new ResourceType(spec.Group, version.Name, names.Kind, names.Plural, namespaced);
        var storage = spec.Versions.FirstOrDefault(each => each.Storage)?.Name ?? version.Name;
        StorageType = storage == version.Name ? Type : new ResourceType(spec.Group, storage, names.Kind, names.Plural, namespaced);
        var root = version.Schema?.OpenAPIV3Schema;
        var preserves = spec.PreserveUnknownFields == true;
        var shape = StructuralSchema.ToSchema(root, preserves);
        Schema = new Schema(null, () => Head().Concat(shape.Properties.Where(property => property.Key is not ("apiVersion" or "kind" or "metadata"))))
        {
            PreserveUnknownFields = shape.PreserveUnknownFields || preserves,
        };
        _validator = new CustomResourceValidator(root);
        _columns = new CustomResourceColumns(version.AdditionalPrinterColumns ?? []);
        Subresources = [.. Offered(version.Subresources)];
        Scale = version.Subresources?.Scale is { } scale ? new ScaleMapping(Bare(scale.SpecReplicasPath)!, Bare(scale.StatusReplicasPath)!, Bare(scale.LabelSelectorPath)) : null;
        SelectableFields = (version.SelectableFields ?? []).ToFrozenDictionary(field => Bare(field.JsonPath)!, field => Reader(Bare(field.JsonPath)!), StringComparer.Ordinal);
        Deprecation = version.Deprecated == true
            ? version.DeprecationWarning ?? $"{Type.ApiVersion} {Type.Kind} is deprecated" : null;
    }

    /// <summary>The definition that this is a version of.</summary>
    public CustomResourceDefinition Definition { get; }

    /// <summary>The version.</summary>
    public CustomResourceDefinitionVersion Version { get; }

    /// <summary>The objects of all versions.</summary>
    public CustomResourceCollection Collection { get; }

    /// <inheritdoc/>
    public override string ListKind => _names.ListKind is { Length: > 0 } named ? named : Type.Kind + "List";

    /// <summary>What every request of a deprecated version is told; null for others.</summary>
    public string? Deprecation { get; }

    /// <summary>The verbs that discovery shows: a definition on its way out takes nothing new.</summary>
    public IReadOnlyList<string> AnnouncedVerbs => Collection.Terminating ? s_verbsAtTheEnd : s_verbs;

    /// <inheritdoc/>
    public override bool IsCustom => true;

    /// <inheritdoc/>
    public override CancellationToken Retired { get; }

    /// <inheritdoc/>
    public override ResourceType Type { get; }

    /// <inheritdoc/>
    public override ResourceType StorageType { get; }

    /// <inheritdoc/>
    /// <remarks>Always: what is stored may be of an older version, or older than a default or a pruning of the schema.</remarks>
    public override bool IsConverted => true;

    /// <inheritdoc/>
    public override Schema Schema { get; }

    /// <inheritdoc/>
    public override string Singular => _names.Singular is { Length: > 0 } named ? named : base.Singular;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => _names.ShortNames ?? [];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => _names.Categories ?? [];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Verbs => s_verbs;

    /// <inheritdoc/>
    public override IReadOnlyList<BuiltInSubresource> Subresources { get; }

    /// <inheritdoc/>
    public override ScaleMapping? Scale { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns => _columns.Columns;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<IKubernetesObject, string>> SelectableFields { get; }

    /// <inheritdoc/>
    public override JsonObject FromStored(JsonObject stored)
    {
        UnknownFields.Prune(stored, Schema);
        Default(stored);
        return stored;
    }

    /// <inheritdoc/>
    public override void Default(JsonObject value) => Defaults.Apply(value, Schema);

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject value)
    {
        if (HasStatus)
        {
            value.Remove("status");
        }
    }

    /// <inheritdoc/>
    public override void PrepareForStatusUpdate(JsonObject value, JsonObject stored)
    {
        base.PrepareForStatusUpdate(value, stored);
        var managers = value["metadata"]?["managedFields"]?.DeepClone();
        var metadata = (JsonObject)stored["metadata"]!.DeepClone();
        metadata.Remove("managedFields");
        if (managers is not null)
        {
            metadata["managedFields"] = managers;
        }

        value["metadata"] = metadata;
    }

    /// <inheritdoc/>
    /// <remarks>Every change outside metadata and, where it is a subresource, status.</remarks>
    public override bool ChangesGeneration(JsonObject value, JsonObject stored) =>
        value.Select(property => property.Key).Concat(stored.Select(property => property.Key)).Distinct()
            .Any(name => name != "metadata" && !(name == "status" && HasStatus) && !JsonNode.DeepEquals(value[name], stored[name]));

    /// <inheritdoc/>
    public override ApiError? Conform(JsonObject value)
    {
        if (TypeCheck.Check(value, s_head, Type.Kind) is { } wrong)
        {
            return wrong;
        }

        if (value["metadata"] is JsonObject metadata)
        {
            Normalization.Apply(metadata, s_metadata);
        }

        return null;
    }

    /// <inheritdoc/>
    public override IEnumerable<FieldError> Validate(IKubernetesObject value)
    {
        var tree = ((CustomResource)value).Tree();
        return _validator.Validate(tree).Concat(CheckScale(tree));
    }

    /// <inheritdoc/>
    /// <remarks>A rule that the stored object breaks in the same place with the same value is not held against a change elsewhere: ratcheting.</remarks>
    public override IEnumerable<FieldError> ValidateChange(IKubernetesObject value, IKubernetesObject stored) => ValidateStatusUpdate(value, stored);

    /// <inheritdoc/>
    public override IEnumerable<FieldError> ValidateStatusUpdate(IKubernetesObject value, IKubernetesObject stored)
    {
        var tree = ((CustomResource)value).Tree();
        return _validator.ValidateUpdate(tree, ((CustomResource)stored).Tree()).Concat(CheckScale(tree));
    }

    /// <inheritdoc/>
    public override IKubernetesObject Decode(ReadOnlySpan<byte> json) => CustomResource.Read(json);

    /// <inheritdoc/>
    public override IReadOnlyList<object?> Cells(IKubernetesObject value, DateTimeOffset now) => _columns.Cells((CustomResource)value, now);

    private static IEnumerable<KeyValuePair<string, Schema>> Head() =>
        [new("apiVersion", s_text), new("kind", s_text), new("metadata", s_metadata)];

    private static IEnumerable<BuiltInSubresource> Offered(CustomResourceSubresources? subresources)
    {
        if (subresources?.Status is not null)
        {
            yield return new BuiltInSubresource("status", s_subresourceVerbs);
        }

        if (subresources?.Scale is not null)
        {
            yield return new BuiltInSubresource("scale", s_subresourceVerbs);
        }
    }

    // .spec.replicas is spec.replicas here.
    private static string? Bare(string? path) => string.IsNullOrEmpty(path) ? null : path.TrimStart('.');

    private static Func<IKubernetesObject, string> Reader(string path)
    {
        var names = path.Split('.');
        return value => ((CustomResource)value).At(names) switch
        {
            { ValueKind: JsonValueKind.String } text => text.GetString()!,
            { ValueKind: JsonValueKind.True } => "true",
            { ValueKind: JsonValueKind.False } => "false",
            { ValueKind: JsonValueKind.Number } number => number.GetRawText(),
            _ => "",
        };
    }

    private IEnumerable<FieldError> CheckScale(JsonObject tree)
    {
        if (Scale is not { } scale)
        {
            yield break;
        }

        foreach (var path in (string[])[scale.SpecReplicas, scale.StatusReplicas])
        {
            if (Find(tree, path) is JsonValue value && value.TryGetValue(out long replicas) && replicas is < 0 or > int.MaxValue)
            {
                yield return FieldError.Invalid(path, replicas.ToString(System.Globalization.CultureInfo.InvariantCulture),
                    replicas < 0 ? "should be a non-negative integer" : $"should be less than or equal to {int.MaxValue}");
            }
        }

        if (scale.Selector is { } selector && Find(tree, selector) is JsonValue text && text.TryGetValue(out string? labels) && Selector.Parse(labels) is { Succeeded: false } refused)
        {
            yield return FieldError.Invalid(selector, labels, refused.Error.Message);
        }
    }

    private static JsonNode? Find(JsonNode? tree, string path) => path.Split('.').Aggregate(tree, (at, name) => (at as JsonObject)?[name]);
}
