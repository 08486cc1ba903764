using System.Collections.Frozen;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Schemas;

namespace KubeAspire.Resources.Kinds;

/// <summary>
/// Everything the API server needs to know to serve one kind beyond its schema: its names, who may write which half of it,
/// what a well-formed one is, and the columns people read. Holds rules only: no store, no clock of its own.
/// </summary>
/// <remarks>
/// A write passes: decode to a tree → prune or refuse unknown fields (schema) → <see cref="Default"/> →
/// <see cref="PrepareForCreate"/> or <see cref="PrepareForUpdate"/> → admission → encode → typed view →
/// <see cref="Validate"/> or <see cref="ValidateUpdate"/> → compare-and-swap. Metadata rules that all kinds share
/// (names, labels, uid, generation, timestamps) are the API server's, not a kind's.
/// </remarks>
public abstract class ResourceKind
{
    /// <summary>Group, version, kind, plural, scope.</summary>
    public abstract ResourceType Type { get; }

    /// <summary>The shape of an object.</summary>
    public abstract Schema Schema { get; }

    /// <summary>The version whose collection holds the objects. Another than <see cref="Type"/> where two versions share one store.</summary>
    public virtual ResourceType StorageType => Type;

    /// <summary>Whether stored objects must pass <see cref="FromStored"/> before they are shown. False for a kind of one version: its bytes are served as they are.</summary>
    public virtual bool IsConverted => StorageType != Type;

    /// <summary>An object of this version as the storage version holds it. May change its argument. apiVersion and kind are the caller's to set.</summary>
    public virtual JsonObject ToStored(JsonObject value) => value;

    /// <summary>An object of the storage version in this version. May change its argument. apiVersion and kind are the caller's to set.</summary>
    public virtual JsonObject FromStored(JsonObject stored) => stored;

    /// <summary>
    /// Whether the kind is made by a CustomResourceDefinition: a free tree that has no record, no protobuf form and no strategic merge, and of which
    /// nothing is normalized or completed but its metadata.
    /// </summary>
    public virtual bool IsCustom => false;

    /// <summary>Cancelled when the kind is no longer served as it is here; its watches end then. Never for a built-in kind.</summary>
    public virtual CancellationToken Retired => CancellationToken.None;

    /// <summary>Singular name, such as <c>pod</c>.</summary>
    public virtual string Singular => Type.Kind.ToLowerInvariant();

    /// <summary>The kind of a list, such as <c>PodList</c>.</summary>
    public virtual string ListKind => Type.Kind + "List";

    /// <summary>Short names, such as <c>po</c>.</summary>
    public virtual IReadOnlyList<string> ShortNames => [];

    /// <summary>Categories, such as <c>all</c>.</summary>
    public virtual IReadOnlyList<string> Categories => [];

    /// <summary>Verbs of the collection and of its objects, as in discovery.</summary>
    public abstract IReadOnlyList<string> Verbs { get; }

    /// <summary>Subresources with their verbs, as in discovery.</summary>
    public abstract IReadOnlyList<BuiltInSubresource> Subresources { get; }

    /// <summary>Whether <c>status</c> is written through its own subresource only.</summary>
    public bool HasStatus => Subresources.Any(subresource => subresource.Name == "status");

    /// <summary>The properties whose change is a new generation; empty where the kind does not count generations. Usually <c>spec</c>.</summary>
    public virtual IReadOnlyList<string> GenerationFields => ["spec"];

    /// <summary>Whether a change is a new generation: one of <see cref="GenerationFields"/> is another.</summary>
    public virtual bool ChangesGeneration(JsonObject value, JsonObject stored) => GenerationFields.Any(field => !JsonNode.DeepEquals(value[field], stored[field]));

    /// <summary>How names are checked. Most kinds take a DNS-1123 subdomain.</summary>
    public virtual NameRule NameRule => NameRule.DnsSubdomain;

    /// <summary>Grace period of a delete that names none; 0 deletes at once. 30 s for pods.</summary>
    /// <param name="stored">The object to be deleted.</param>
    /// <param name="requested">What the client asked for, or null.</param>
    public virtual long GraceSecondsFor(JsonObject stored, long? requested) => 0;

    /// <summary>Whether create, update and patch stamp <c>tracing.k8s.io/traceparent</c>: true for what a rollout is made of.</summary>
    public virtual bool Traced => false;

    /// <summary>Where <c>autoscaling/v1 Scale</c> reads and writes; null for a kind without the scale subresource.</summary>
    public virtual ScaleMapping? Scale => null;

    /// <summary>Checks the types of values, and brings them into the form that upstream's decode leaves them in. Unknown fields are pruned before.</summary>
    public virtual ApiError? Conform(JsonObject value)
    {
        if (TypeCheck.Check(value, Schema, Type.Kind) is { } wrong)
        {
            return wrong;
        }

        Normalization.Apply(value, Schema);
        return null;
    }

    /// <summary>Sets the values that upstream sets where a field is absent. Runs on every write and must be idempotent.</summary>
    public virtual void Default(JsonObject value)
    {
    }

    /// <summary>Drops what a client may not seed (status) and sets what the server owns.</summary>
    public virtual void PrepareForCreate(JsonObject value)
    {
        if (HasStatus)
        {
            value["status"] = new JsonObject();
        }
    }

    /// <summary>Keeps what the main resource may not change (status).</summary>
    public virtual void PrepareForUpdate(JsonObject value, JsonObject stored) => Copy("status", stored, value, HasStatus);

    /// <summary>Keeps what the status subresource may not change: everything but status and, upstream, a few metadata fields.</summary>
    public virtual void PrepareForStatusUpdate(JsonObject value, JsonObject stored)
    {
        foreach (var name in stored.Select(pair => pair.Key).Concat(value.Select(pair => pair.Key)).Distinct().ToList())
        {
            Copy(name, stored, value, name is not ("status" or "metadata"));
        }
    }

    /// <summary>
    /// Subresources besides <c>status</c> that are the object itself with another part of it open to writing, such as a
    /// CertificateSigningRequest's <c>approval</c>.
    /// </summary>
    public virtual IReadOnlyList<string> Parts => [];

    /// <summary>Keeps what a subresource of <see cref="Parts"/> may not change.</summary>
    public virtual void PrepareForPartUpdate(string part, JsonObject value, JsonObject stored) => PrepareForStatusUpdate(value, stored);

    /// <summary>Every broken rule of a write through a subresource of <see cref="Parts"/>.</summary>
    public virtual IEnumerable<FieldError> ValidatePartUpdate(string part, IKubernetesObject value, IKubernetesObject stored) => ValidateStatusUpdate(value, stored);

    /// <summary>Every broken rule of a new object, after defaulting.</summary>
    public abstract IEnumerable<FieldError> Validate(IKubernetesObject value);

    /// <summary>Every broken rule of a change, immutable fields included. Does not repeat <see cref="Validate"/>.</summary>
    public virtual IEnumerable<FieldError> ValidateUpdate(IKubernetesObject value, IKubernetesObject stored) => [];

    /// <summary>Every broken rule of a changed object: those of an object, and those of the change.</summary>
    public virtual IEnumerable<FieldError> ValidateChange(IKubernetesObject value, IKubernetesObject stored) => Validate(value).Concat(ValidateUpdate(value, stored));

    /// <summary>Every broken rule of a status update.</summary>
    public virtual IEnumerable<FieldError> ValidateStatusUpdate(IKubernetesObject value, IKubernetesObject stored) => [];

    /// <summary>Things a user should hear though the write is accepted: deprecated fields and the like.</summary>
    public virtual IEnumerable<string> WarningsFor(IKubernetesObject value) => [];

    /// <summary>The typed view of an encoded object.</summary>
    public abstract IKubernetesObject Decode(ReadOnlySpan<byte> json);

    /// <summary>The columns of kubectl get. The first is Name.</summary>
    public virtual IReadOnlyList<TableColumn> Columns => [TableColumn.Name, TableColumn.Age];

    /// <summary>The cells of one row, in the order of <see cref="Columns"/>: strings, integers or booleans.</summary>
    public virtual IReadOnlyList<object?> Cells(IKubernetesObject value, DateTimeOffset now) => [value.Metadata.Name, TableCells.Age(value.Metadata.CreationTimestamp, now)];

    /// <summary>Fields other than metadata.name and metadata.namespace that a field selector may name, each with its reader.</summary>
    public virtual IReadOnlyDictionary<string, Func<IKubernetesObject, string>> SelectableFields => NoSelectableFields;

    /// <summary>No fields but name and namespace.</summary>
    protected static readonly IReadOnlyDictionary<string, Func<IKubernetesObject, string>> NoSelectableFields = new Dictionary<string, Func<IKubernetesObject, string>>();

    private static void Copy(string name, JsonObject from, JsonObject to, bool when)
    {
        if (!when)
        {
            return;
        }

        if (from[name] is { } value)
        {
            to[name] = value.DeepClone();
        }
        else
        {
            to.Remove(name);
        }
    }
}

/// <summary>A built-in kind with its generated record.</summary>
public abstract class ResourceKind<T> : ResourceKind
    where T : class, IKubernetesObject<T>
{
    private readonly BuiltInType _builtIn = BuiltInTypes.All.Single(type => type.Type == T.ResourceType);

    /// <inheritdoc/>
    public override ResourceType Type => T.ResourceType;

    /// <inheritdoc/>
    public override Schema Schema => BuiltInTypes.Schemas.Find(_builtIn.Definition)!;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Verbs => _builtIn.Verbs;

    /// <inheritdoc/>
    public override IReadOnlyList<BuiltInSubresource> Subresources => _builtIn.Subresources;

    /// <inheritdoc/>
    public override IKubernetesObject Decode(ReadOnlySpan<byte> json) => KubernetesJson.Read<T>(json);

    /// <inheritdoc/>
    public sealed override IEnumerable<FieldError> Validate(IKubernetesObject value) => Validate((T)value);

    /// <inheritdoc/>
    public sealed override IEnumerable<FieldError> ValidateUpdate(IKubernetesObject value, IKubernetesObject stored) => ValidateUpdate((T)value, (T)stored);

    /// <inheritdoc/>
    public sealed override IReadOnlyList<object?> Cells(IKubernetesObject value, DateTimeOffset now) => Cells((T)value, now);

    /// <inheritdoc cref="ResourceKind.Validate"/>
    protected virtual IEnumerable<FieldError> Validate(T value) => [];

    /// <inheritdoc cref="ResourceKind.ValidateUpdate"/>
    protected virtual IEnumerable<FieldError> ValidateUpdate(T value, T stored) => [];

    /// <inheritdoc/>
    public sealed override IEnumerable<FieldError> ValidateStatusUpdate(IKubernetesObject value, IKubernetesObject stored) => ValidateStatusUpdate((T)value, (T)stored);

    /// <inheritdoc/>
    public sealed override IEnumerable<string> WarningsFor(IKubernetesObject value) => WarningsFor((T)value);

    /// <inheritdoc cref="ResourceKind.ValidateStatusUpdate"/>
    protected virtual IEnumerable<FieldError> ValidateStatusUpdate(T value, T stored) => [];

    /// <inheritdoc cref="ResourceKind.WarningsFor"/>
    protected virtual IEnumerable<string> WarningsFor(T value) => [];

    /// <summary>Readers of selectable fields, typed.</summary>
    protected static IReadOnlyDictionary<string, Func<IKubernetesObject, string>> Selectable(params IEnumerable<(string Field, Func<T, string?> Read)> fields) =>
        fields.ToFrozenDictionary(field => field.Field, field => (Func<IKubernetesObject, string>)(value => field.Read((T)value) ?? ""), StringComparer.Ordinal);

    /// <inheritdoc cref="ResourceKind.Cells"/>
    protected virtual IReadOnlyList<object?> Cells(T value, DateTimeOffset now) => [value.Metadata.Name, TableCells.Age(value.Metadata.CreationTimestamp, now)];
}

/// <summary>How a kind's names are checked.</summary>
public enum NameRule
{
    /// <summary>RFC 1123 subdomain, at most 253 characters.</summary>
    DnsSubdomain,

    /// <summary>RFC 1123 label, at most 63 characters: namespaces.</summary>
    DnsLabel,

    /// <summary>RFC 1035 label, at most 63 characters, beginning with a letter: services.</summary>
    DnsLabel1035,

    /// <summary>Anything that is one path segment: RBAC roles and bindings.</summary>
    PathSegment,
}
