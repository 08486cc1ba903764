using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Admissionregistration.Checks;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Admissionregistration;

/// <summary>Rules of <c>admissionregistration.k8s.io/v1 MutatingWebhookConfiguration</c>: lets a webhook change a write.</summary>
public sealed class MutatingWebhookConfigurationKind : ResourceKind<MutatingWebhookConfiguration>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["api-extensions"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => ["webhooks"];

    /// <inheritdoc/>
    public override void Default(JsonObject value) => AdmissionDefaults.Webhooks(value, mutating: true);

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(MutatingWebhookConfiguration value)
    {
        var errors = WebhookValidation.Validate(value.Webhooks?.Select(WebhookValidation.Common));
        foreach (var (at, hook) in (value.Webhooks ?? []).Index())
        {
            errors.OneOf($"webhooks[{at}].reinvocationPolicy", hook.ReinvocationPolicy, "IfNeeded", "Never");
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<string> WarningsFor(MutatingWebhookConfiguration value) => value.Webhooks is { Count: > 0 } ? [AdmissionDefaults.NotEnforcedWebhooks] : [];

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.Name, new("Webhooks", "integer", Description: "How many webhooks it has."), TableColumn.Age];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(MutatingWebhookConfiguration value, DateTimeOffset now) =>
        [value.Metadata.Name, value.Webhooks?.Count ?? 0, TableCells.Age(value.Metadata.CreationTimestamp, now)];
}
