using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Kinds;
using KubeAspire.Resources.Networking.Validation;

namespace KubeAspire.Resources.Networking;

/// <summary>Rules of <c>networking.k8s.io/v1 NetworkPolicy</c>: who may talk to which pods.</summary>
public sealed class NetworkPolicyKind : ResourceKind<NetworkPolicy>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["netpol"];

    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        if (value.Child("spec") is not { } spec)
        {
            return;
        }

        foreach (var port in spec.Items("ingress").Concat(spec.Items("egress")).SelectMany(rule => rule.Items("ports")))
        {
            port.Default("protocol", "TCP");
        }

        if (spec["policyTypes"] is null or JsonArray { Count: 0 })
        {
            spec["policyTypes"] = spec["egress"] is JsonArray { Count: > 0 } ? new JsonArray("Ingress", "Egress") : new JsonArray("Ingress");
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(NetworkPolicy value) => NetworkPolicyValidation.Validate(value.Spec);

    /// <inheritdoc/>
    protected override IEnumerable<string> WarningsFor(NetworkPolicy value)
    {
        yield return "NetworkPolicies are stored but not enforced yet: no traffic is refused because of them";
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
        [TableColumn.Name, new("Pod-Selector", Description: "Which pods it is about."), TableColumn.Age];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(NetworkPolicy value, DateTimeOffset now) =>
        [value.Metadata.Name, LabelSelectorText.OrNone(value.Spec.PodSelector), TableCells.Age(value.Metadata.CreationTimestamp, now)];
}
