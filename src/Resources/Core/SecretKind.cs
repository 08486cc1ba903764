using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using System.Text;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 Secret</c>.</summary>
public sealed class SecretKind : ResourceKind<Secret>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<IKubernetesObject, string>> SelectableFields { get; } = Selectable(
        ("type", secret => secret.Type));

    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        value.DefaultText("type", "Opaque");
        if (value["stringData"] is not JsonObject texts)
        {
            return;
        }

        // stringData is for writing only: what it says goes into data, and it is never stored or answered.
        value.Remove("stringData");
        foreach (var (key, text) in texts)
        {
            if (text is JsonValue member && member.TryGetValue<string>(out var plain))
            {
                value.Ensure("data")[key] = Convert.ToBase64String(Encoding.UTF8.GetBytes(plain));
            }
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(Secret value) => SecretValidation.Validate(value);

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(Secret value, Secret stored) => SecretValidation.Update(value, stored);

    /// <inheritdoc/>
    protected override IEnumerable<string> WarningsFor(Secret value)
    {
        if (value.Type == "kubernetes.io/tls" && value.Data is { } data && data.ContainsKey("tls.crt") && data.ContainsKey("tls.key"))
        {
            string? problem = null;
            try
            {
                using var pair = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(data["tls.crt"]), Encoding.ASCII.GetString(data["tls.key"]));
            }
            catch (Exception exception) when (exception is CryptographicException or ArgumentException)
            {
                problem = exception.Message;
            }

            if (problem is not null)
            {
                yield return $"tls: {problem}";
            }
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Type", Description: "What the keys mean."),
        new("Data", Description: "Number of keys."),
        TableColumn.Age,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(Secret value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        value.Type,
        value.Data?.Count ?? 0,
        TableCells.Age(value.Metadata.CreationTimestamp, now),
    ];
}
