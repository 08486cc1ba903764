using System.Collections.Frozen;
using System.Text.Json.Nodes;

namespace KubeAspire.ApiMachinery.Schemas;

/// <summary>What a JSON value may be, in the few shapes that Kubernetes' structural schemas know.</summary>
public enum SchemaType
{
    /// <summary>Any value: RawExtension, FieldsV1, a field with x-kubernetes-preserve-unknown-fields.</summary>
    Any,

    /// <summary>An object with named properties.</summary>
    Object,

    /// <summary>An object whose keys are data: labels, annotations, resource lists.</summary>
    Map,

    /// <summary>An array.</summary>
    Array,

    /// <summary>A string; <see cref="Schema.Format"/> may narrow it.</summary>
    String,

    /// <summary>A whole number; <see cref="Schema.Format"/> is int32 or int64.</summary>
    Integer,

    /// <summary>A number.</summary>
    Number,

    /// <summary>true or false.</summary>
    Boolean,
}

/// <summary>How a list is merged by server-side apply: <c>x-kubernetes-list-type</c>.</summary>
public enum ListType
{
    /// <summary>Replaced whole. The default.</summary>
    Atomic,

    /// <summary>Scalars, each at most once.</summary>
    Set,

    /// <summary>Objects identified by <see cref="Schema.ListMapKeys"/>.</summary>
    Map,
}

/// <summary>
/// The shape of a value. The same structure serves built-in kinds (made from generated tables) and
/// custom resources (made from a CRD), so that defaulting, pruning, strict validation, strategic
/// merge, server-side apply, protobuf and OpenAPI are each written once.
/// </summary>
/// <remarks>
/// A schema either stands for itself or refers to a named definition (<see cref="Reference"/>); the
/// shape members (<see cref="Type"/>, <see cref="Properties"/>, <see cref="Items"/>, …) answer for the
/// definition then, while the members about the place (<see cref="ListType"/>, <see cref="PatchStrategy"/>,
/// <see cref="WirePath"/>, …) are the place's own. Immutable once built; safe to share.
/// </remarks>
public sealed class Schema
{
    private static readonly FrozenDictionary<string, Schema> s_none = FrozenDictionary<string, Schema>.Empty;

    private readonly Lazy<Schema>? _reference;
    private readonly Lazy<FrozenDictionary<string, Schema>>? _properties;
    private readonly SchemaType _type;
    private readonly string? _format;
    private readonly Schema? _items;
    private readonly Schema? _values;

    /// <summary>A scalar, an array of <paramref name="items"/> or a map to <paramref name="values"/>.</summary>
    public Schema(SchemaType type, string? format = null, Schema? items = null, Schema? values = null)
    {
        (_type, _format, _items, _values) = (type, format, items, values);
    }

    /// <summary>An object with named properties, made when first asked for so that definitions may refer to each other.</summary>
    public Schema(string? name, Func<IEnumerable<KeyValuePair<string, Schema>>> properties)
    {
        Name = name;
        _type = SchemaType.Object;
        _properties = new(() => properties().ToFrozenDictionary(StringComparer.Ordinal));
    }

    /// <summary>A reference to a named definition.</summary>
    public Schema(Func<Schema> reference) => _reference = new(reference);

    /// <summary>The definition's full name, such as <c>io.k8s.api.core.v1.PodSpec</c>; null for an anonymous schema.</summary>
    public string? Name { get; init; }

    /// <summary>The definition referred to, or null.</summary>
    public Schema? Reference => _reference?.Value;

    /// <summary>What the value may be.</summary>
    public SchemaType Type => Reference?.Type ?? _type;

    /// <summary>
    /// Narrows the type: <c>int32</c>, <c>int64</c>, <c>double</c>, <c>byte</c> (base64), <c>date-time</c>,
    /// <c>micro-time</c>, <c>int-or-string</c>, <c>quantity</c>, <c>raw</c> (RawExtension), <c>fields</c> (FieldsV1), <c>json</c>;
    /// <c>orbool</c>, <c>orarray</c>, <c>orstringarray</c> (what <see cref="Items"/> says, or a boolean, several of it, texts); or null.
    /// </summary>
    public string? Format => _reference is null ? _format : Reference!.Format;

    /// <summary>The properties of an object, by JSON name.</summary>
    public FrozenDictionary<string, Schema> Properties => _reference is null ? _properties?.Value ?? s_none : Reference!.Properties;

    /// <summary>The items of an array.</summary>
    public Schema? Items => _reference is null ? _items : Reference!.Items;

    /// <summary>The values of a map.</summary>
    public Schema? Values => _reference is null ? _values : Reference!.Values;

    /// <summary>Whether the parent must have this property.</summary>
    public bool Required { get; init; }

    /// <summary>
    /// Whether a zero value (<c>""</c>, 0, false, an empty message) of this property says something else than its absence: upstream's type is a pointer.
    /// True throughout the schema of a custom resource, which no Go type ever holds.
    /// </summary>
    public bool Pointer { get; init; }

    /// <summary>Whether upstream marks the field as deprecated.</summary>
    public bool Deprecated { get; init; }

    /// <summary>Whether unknown fields below are kept: <c>x-kubernetes-preserve-unknown-fields</c>.</summary>
    public bool PreserveUnknownFields { get; init; }

    /// <summary>Whether the value is a whole object with apiVersion, kind and metadata: <c>x-kubernetes-embedded-resource</c>.</summary>
    public bool EmbeddedResource { get; init; }

    /// <summary>Whether null is a value: <c>nullable</c> of a CRD.</summary>
    public bool Nullable { get; init; }

    /// <summary>The value where the field is absent, or null for none. Clone before use.</summary>
    public JsonNode? Default { get; init; }

    /// <summary>What the field means; becomes the OpenAPI description and what kubectl explain shows.</summary>
    public string? Description { get; init; }

    /// <summary>Allowed values, or empty for any.</summary>
    public IReadOnlyList<string> Enum { get; init; } = [];

    /// <summary>How a list at this place is merged.</summary>
    public ListType ListType { get; init; }

    /// <summary>Whether <see cref="ListType"/> was said, or is the default.</summary>
    public bool HasListType { get; init; }

    /// <summary>The fields that identify an item of a <see cref="ListType.Map"/> list.</summary>
    public IReadOnlyList<string> ListMapKeys { get; init; } = [];

    /// <summary>Whether a map or object at this place is replaced whole: <c>x-kubernetes-map-type: atomic</c>.</summary>
    public bool AtomicMap { get => _atomicMap || (_reference is not null && Reference!.AtomicMap); init => _atomicMap = value; }

    private readonly bool _atomicMap;

    /// <summary>Strategic merge: <c>merge</c>, <c>replace</c>, <c>retainKeys</c> or two of them; empty for the default.</summary>
    public IReadOnlyList<string> PatchStrategy { get; init; } = [];

    /// <summary>Strategic merge: the field that identifies a list's item, or null.</summary>
    public string? PatchMergeKey { get; init; }

    /// <summary>
    /// The protobuf field number of this property in its parent's message. Two numbers where upstream embeds a message that
    /// is inline in JSON (<c>Volume.volumeSource = 2</c>, <c>configMap = 19</c> in it: 2, 19). Empty where there is none.
    /// </summary>
    public IReadOnlyList<int> WirePath { get; init; } = [];

    /// <summary>Group, version and kind where the definition is a kind; empty otherwise.</summary>
    public IReadOnlyList<(string Group, string Version, string Kind)> Kinds { get; init; } = [];

    /// <inheritdoc/>
    public override string ToString() => Name ?? Reference?.Name ?? $"{Type}{(Format is null ? "" : $"({Format})")}";
}
