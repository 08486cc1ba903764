using System.Text;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 ConfigMap</c>.</summary>
public sealed class ConfigMapKind : ResourceKind<ConfigMap>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["cm"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <summary>Bytes that keys and values may have together: 1 MiB, as upstream's MaxSecretSize.</summary>
    internal const int MaximumBytes = 1024 * 1024;

    internal const string SetOnce = "field is immutable when `immutable` is set";

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(ConfigMap value)
    {
        var errors = new FieldErrors();
        var total = 0L;
        foreach (var (key, text) in value.Data ?? new Dictionary<string, string>())
        {
            errors.Invalid($"data[{key}]", key, Names.IsConfigMapKey(key));
            if (value.BinaryData?.ContainsKey(key) == true)
            {
                errors.Invalid($"data[{key}]", key, "duplicate of key present in binaryData");
            }

            total += Encoding.UTF8.GetByteCount(text);
        }

        foreach (var (key, bytes) in value.BinaryData ?? new Dictionary<string, byte[]>())
        {
            errors.Invalid($"binaryData[{key}]", key, Names.IsConfigMapKey(key));
            total += bytes.Length;
        }

        if (total > MaximumBytes)
        {
            errors.Add(FieldError.TooLong("[]", MaximumBytes));
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(ConfigMap value, ConfigMap stored)
    {
        var errors = new FieldErrors();
        if (stored.Immutable != true)
        {
            return errors;
        }

        if (value.Immutable != true)
        {
            errors.Forbidden("immutable", SetOnce);
        }

        if (!JsonComparison.Same(Only(value.Data), Only(stored.Data)))
        {
            errors.Forbidden("data", SetOnce);
        }

        if (!JsonComparison.Same(Only(value.BinaryData), Only(stored.BinaryData)))
        {
            errors.Forbidden("binaryData", SetOnce);
        }

        return errors;
    }

    private static ConfigMap Only(IReadOnlyDictionary<string, string>? data) => new() { Data = data is { Count: > 0 } ? data : null };

    private static ConfigMap Only(IReadOnlyDictionary<string, byte[]>? data) => new() { BinaryData = data is { Count: > 0 } ? data : null };

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Data", Description: "Number of keys."),
        TableColumn.Age,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(ConfigMap value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        (value.Data?.Count ?? 0) + (value.BinaryData?.Count ?? 0),
        TableCells.Age(value.Metadata.CreationTimestamp, now),
    ];
}
