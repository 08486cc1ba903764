using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 LimitRange</c>: bounds and defaults for what the pods, containers and claims of a namespace may ask for.</summary>
public sealed class LimitRangeKind : ResourceKind<LimitRange>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["limits"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        foreach (var limit in value.Child("spec").Items("limits").Where(limit => limit.Text("type") == "Container"))
        {
            Fill(limit, "default", "max");
            Fill(limit, "defaultRequest", "default");
            Fill(limit, "defaultRequest", "min");
        }
    }

    private static void Fill(JsonObject limit, string name, string from)
    {
        foreach (var (resource, amount) in limit.Child(from) ?? [])
        {
            if (amount is not null)
            {
                limit.Ensure(name).Default(resource, amount.DeepClone());
            }
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(LimitRange value)
    {
        var errors = new FieldErrors();
        var types = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (at, limit) in value.Spec.Limits.Index())
        {
            var path = $"spec.limits[{at}]";
            errors.RequireName($"{path}.type", limit.Type, type => Names.IsQualifiedName(type));
            if (!types.Add(limit.Type))
            {
                errors.Duplicate($"{path}.type", limit.Type);
            }

            if (limit.Type == "Pod")
            {
                NotOfPods(errors, limit.Default, $"{path}.default");
                NotOfPods(errors, limit.DefaultRequest, $"{path}.defaultRequest");
            }

            if (limit.Type == "PersistentVolumeClaim" && limit.Min?.ContainsKey("storage") != true && limit.Max?.ContainsKey("storage") != true)
            {
                errors.Required(path, "either minimum or maximum storage value is required, but neither was provided");
            }

            Order(errors, limit, path);
        }

        return errors;
    }

    private static void NotOfPods(FieldErrors errors, IReadOnlyDictionary<string, Quantity>? amounts, string path)
    {
        if (amounts is { Count: > 0 })
        {
            errors.Forbidden(path, "may not be specified when `type` is 'Pod'");
        }
    }

    private static void Order(FieldErrors errors, LimitRangeItem limit, string path)
    {
        (string Name, IReadOnlyDictionary<string, Quantity>? Amounts)[] lists =
            [("min", limit.Min), ("default request", limit.DefaultRequest), ("default", limit.Default), ("max", limit.Max)];
        foreach (var resource in lists.SelectMany(list => list.Amounts?.Keys ?? []).Distinct())
        {
            for (var low = 0; low < lists.Length; low++)
            {
                for (var high = low + 1; high < lists.Length; high++)
                {
                    if (Of(lists[low].Amounts, resource) is { } less && Of(lists[high].Amounts, resource) is { } more && less > more)
                    {
                        var field = lists[low].Name == "default request" ? "defaultRequest" : lists[low].Name;
                        errors.Invalid($"{path}.{field}[{resource}]", less.ToString(), $"{lists[low].Name} value {less} is greater than {lists[high].Name} value {more}");
                    }
                }
            }

            if (Of(limit.MaxLimitRequestRatio, resource) is { } ratio && ratio < Quantity.From(1))
            {
                errors.Invalid($"{path}.maxLimitRequestRatio[{resource}]", ratio.ToString(), $"ratio {ratio} is less than 1");
            }
        }
    }

    private static Quantity? Of(IReadOnlyDictionary<string, Quantity>? amounts, string resource) =>
        amounts is not null && amounts.TryGetValue(resource, out var amount) && Quantity.TryParse(amount.ToString(), out var parsed, out _) ? parsed : null;

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Created At", "date", Description: "When it was made."),
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(LimitRange value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        value.Metadata.CreationTimestamp?.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture),
    ];
}
