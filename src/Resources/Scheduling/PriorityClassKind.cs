using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Scheduling;

/// <summary>Rules of <c>scheduling.k8s.io/v1 PriorityClass</c>: a name for how important a pod is.</summary>
public sealed class PriorityClassKind : ResourceKind<PriorityClass>
{
    /// <summary>The highest priority a user may give. 1,000,000,000, upstream's HighestUserDefinablePriority.</summary>
    public const int HighestOfUsers = 1_000_000_000;

    private const string Reserved = "system-";

    /// <summary>The classes that every cluster has, with their priorities.</summary>
    public static IReadOnlyDictionary<string, (int Value, string Description)> System { get; } = new Dictionary<string, (int, string)>
    {
        ["system-cluster-critical"] = (2_000_000_000, "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary."),
        ["system-node-critical"] = (2_000_001_000, "Used for system critical pods that must not be moved from their current node."),
    };

    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["pc"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => ["value", "globalDefault", "description", "preemptionPolicy"];

    /// <inheritdoc/>
    public override void Default(JsonObject value) => value.DefaultText("preemptionPolicy", "PreemptLowerPriority");

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(PriorityClass value)
    {
        var errors = new FieldErrors();
        var name = value.Metadata.Name ?? "";
        if (name.StartsWith(Reserved, StringComparison.Ordinal))
        {
            var problem = !System.TryGetValue(name, out var known) ? $"{name} is not a known system priority class"
                : known.Value != value.Value ? $"value of {name} PriorityClass must be {known.Value}"
                : value.GlobalDefault == true ? $"globalDefault of {name} PriorityClass must be false" : "";
            if (problem.Length > 0)
            {
                errors.Forbidden("metadata.name", $"priority class names with '{Reserved}' prefix are reserved for system use only. error: {problem}");
            }
        }
        else if (value.Value > HighestOfUsers)
        {
            errors.Forbidden("value", $"maximum allowed value of a user defined priority is {HighestOfUsers}");
        }

        errors.RequireOneOf("preemptionPolicy", value.PreemptionPolicy, "Never", "PreemptLowerPriority");
        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(PriorityClass value, PriorityClass stored)
    {
        var errors = new FieldErrors();
        if ((value.Value ?? 0) != (stored.Value ?? 0))
        {
            errors.Forbidden("value", "may not be changed in an update.");
        }

        errors.Unchanged("preemptionPolicy", value.PreemptionPolicy, stored.PreemptionPolicy);
        return errors;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Value", "integer", Description: "How important: higher goes first."),
        new("Global-Default", "boolean", Description: "Whether pods that name no class get this one."),
        TableColumn.Age,
        new("PreemptionPolicy", Description: "Whether such pods may displace others."),
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(PriorityClass value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        value.Value ?? 0,
        value.GlobalDefault == true,
        TableCells.Age(value.Metadata.CreationTimestamp, now),
        value.PreemptionPolicy,
    ];
}
