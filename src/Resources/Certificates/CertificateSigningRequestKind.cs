using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Certificates.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Certificates;

/// <summary>
/// Rules of <c>certificates.k8s.io/v1 CertificateSigningRequest</c>: somebody asks for a certificate, an approver says yes or no through
/// <c>approval</c>, and a signer puts the certificate into <c>status</c>. What is asked for cannot change.
/// </summary>
/// <remarks>Who asks is filled in from the request by the API server's admission.</remarks>
public sealed class CertificateSigningRequestKind : ResourceKind<CertificateSigningRequest>
{
    /// <summary>The subresource through which conditions of approval are set.</summary>
    public const string Approval = "approval";

    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["csr"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override NameRule NameRule => NameRule.PathSegment;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Parts => [Approval];

    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        foreach (var condition in value.Child("status").Items("conditions"))
        {
            condition.DefaultText("status", "True");
        }
    }

    /// <inheritdoc/>
    public override void PrepareForUpdate(JsonObject value, JsonObject stored)
    {
        base.PrepareForUpdate(value, stored);
        Keep(value, stored, "spec");
    }

    /// <summary>The certificate and failures are the signer's; what the approver said stays.</summary>
    public override void PrepareForStatusUpdate(JsonObject value, JsonObject stored)
    {
        base.PrepareForStatusUpdate(value, stored);
        var conditions = value.Ensure("status")["conditions"] as JsonArray ?? [];
        var kept = stored.Child("status").Items("conditions").Where(IsApproval).Select(condition => condition.DeepClone());
        JsonNode?[] all = [.. kept, .. conditions.Where(condition => condition is not JsonObject given || !IsApproval(given)).Select(condition => condition?.DeepClone())];
        SetConditions(value, all);
    }

    /// <summary>The approver sets conditions; the certificate stays.</summary>
    public override void PrepareForPartUpdate(string part, JsonObject value, JsonObject stored)
    {
        base.PrepareForStatusUpdate(value, stored);
        if (stored.Child("status")?["certificate"] is { } certificate)
        {
            value.Ensure("status")["certificate"] = certificate.DeepClone();
        }
        else
        {
            value.Child("status")?.Remove("certificate");
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(CertificateSigningRequest value) => CertificateRequestValidation.Validate(value);

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateStatusUpdate(CertificateSigningRequest value, CertificateSigningRequest stored) =>
        CertificateRequestValidation.StatusUpdate(value, stored);

    /// <inheritdoc/>
    public override IEnumerable<FieldError> ValidatePartUpdate(string part, IKubernetesObject value, IKubernetesObject stored) =>
        CertificateRequestValidation.StatusUpdate((CertificateSigningRequest)value, (CertificateSigningRequest)stored);

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<IKubernetesObject, string>> SelectableFields { get; } = Selectable(("spec.signerName", value => value.Spec.SignerName));

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        TableColumn.Age,
        new("SignerName", Description: "Who is to sign."),
        new("Requestor", Description: "Who asked."),
        new("RequestedDuration", Description: "How long the certificate is to hold."),
        new("Condition", Description: "How far the request has come."),
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(CertificateSigningRequest value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        TableCells.Age(value.Metadata.CreationTimestamp, now),
        value.Spec.SignerName.Length == 0 ? "<none>" : value.Spec.SignerName,
        value.Spec.Username ?? "",
        value.Spec.ExpirationSeconds is { } seconds ? TableCells.HumanDuration(TimeSpan.FromSeconds(seconds)) : "<none>",
        Condition(value.Status),
    ];

    private static string Condition(CertificateSigningRequestStatus status)
    {
        var types = (status.Conditions ?? []).Select(condition => condition.Type).ToHashSet(StringComparer.Ordinal);
        var text = types.Contains("Denied") ? "Denied" : types.Contains("Approved") ? "Approved" : "Pending";
        return text + (types.Contains("Failed") ? ",Failed" : "") + (status.Certificate is { Length: > 0 } ? ",Issued" : "");
    }

    private static bool IsApproval(JsonObject condition) => condition.Text("type") is "Approved" or "Denied";

    private static void SetConditions(JsonObject value, JsonNode?[] conditions)
    {
        var status = value.Ensure("status");
        if (conditions.Length == 0)
        {
            status.Remove("conditions");
        }
        else
        {
            status["conditions"] = new JsonArray(conditions);
        }
    }

    private static void Keep(JsonObject value, JsonObject stored, string name)
    {
        if (stored[name] is { } kept)
        {
            value[name] = kept.DeepClone();
        }
    }
}
