using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 Namespace</c>.</summary>
public sealed class NamespaceKind : ResourceKind<Namespace>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["ns"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override NameRule NameRule => NameRule.DnsLabel;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<IKubernetesObject, string>> SelectableFields { get; } = Selectable(
        ("status.phase", ns => ns.Status.Phase),
        ("name", ns => ns.Metadata.Name));

    /// <summary>The label that carries a namespace's name, for selectors.</summary>
    public const string NameLabel = "kubernetes.io/metadata.name";

    /// <summary>The finalizer that keeps a namespace until its contents are gone.</summary>
    public const string Finalizer = "kubernetes";

    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        if (value.Child("metadata") is { } metadata && metadata.Text("name") is { Length: > 0 } name)
        {
            metadata.Ensure("labels")[NameLabel] = name;
        }

        value.Ensure("spec");
    }

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject value)
    {
        value["status"] = new JsonObject { ["phase"] = "Active" };
        var spec = value.Ensure("spec");
        if (spec["finalizers"] is not JsonArray finalizers)
        {
            spec["finalizers"] = new JsonArray(Finalizer);
        }
        else if (!finalizers.Any(one => one is JsonValue text && text.TryGetValue<string>(out var found) && found == Finalizer))
        {
            finalizers.Add(Finalizer);
        }
    }

    /// <inheritdoc/>
    public override void PrepareForUpdate(JsonObject value, JsonObject stored)
    {
        base.PrepareForUpdate(value, stored);
        if (stored["spec"] is { } spec)
        {
            value["spec"] = spec.DeepClone(); // Finalizers change through the finalize subresource only.
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(Namespace value)
    {
        var errors = new FieldErrors();
        foreach (var (at, finalizer) in (value.Spec.Finalizers ?? []).Index())
        {
            errors.Invalid($"spec.finalizers[{at}]", finalizer, Names.IsQualifiedName(finalizer));
            if (!finalizer.Contains('/') && finalizer != Finalizer)
            {
                errors.Invalid($"spec.finalizers[{at}]", finalizer, "name is neither a standard finalizer name nor is it fully qualified");
            }
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateStatusUpdate(Namespace value, Namespace stored)
    {
        var expected = value.Metadata.DeletionTimestamp is null ? "Active" : "Terminating";
        if (value.Status.Phase != expected)
        {
            var not = value.Metadata.DeletionTimestamp is null ? "" : "not ";
            yield return FieldError.Invalid("status.phase", value.Status.Phase ?? "", $"may only be '{expected}' if `deletionTimestamp` is {not}empty");
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Status", Description: "Active, or Terminating while it empties."),
        TableColumn.Age,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(Namespace value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        value.Status.Phase,
        TableCells.Age(value.Metadata.CreationTimestamp, now),
    ];
}
