using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Admissionregistration.Checks;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Admissionregistration;

/// <summary>Rules of <c>admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration</c>: asks a webhook whether a write may be.</summary>
public sealed class ValidatingWebhookConfigurationKind : ResourceKind<ValidatingWebhookConfiguration>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["api-extensions"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => ["webhooks"];

    /// <inheritdoc/>
    public override void Default(JsonObject value) => AdmissionDefaults.Webhooks(value, mutating: false);

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(ValidatingWebhookConfiguration value) => WebhookValidation.Validate(value.Webhooks);

    /// <inheritdoc/>
    protected override IEnumerable<string> WarningsFor(ValidatingWebhookConfiguration value) => value.Webhooks is { Count: > 0 } ? [AdmissionDefaults.NotEnforcedWebhooks] : [];

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.Name, new("Webhooks", "integer", Description: "How many webhooks it has."), TableColumn.Age];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(ValidatingWebhookConfiguration value, DateTimeOffset now) =>
        [value.Metadata.Name, value.Webhooks?.Count ?? 0, TableCells.Age(value.Metadata.CreationTimestamp, now)];
}
