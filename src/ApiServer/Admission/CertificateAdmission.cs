using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.ApiServer.Authorization;
using KubeAspire.Resources.Certificates;

namespace KubeAspire.ApiServer.Admission;

/// <summary>Approving and signing certificates are rights for each signer; nobody becomes a master by certificate.</summary>
/// <remarks>Upstream's plugins CertificateApproval, CertificateSigning and CertificateSubjectRestriction.</remarks>
internal sealed class CertificateAdmission(Authorizer authorizer) : IAdmission
{
    private const string ApiClient = "kubernetes.io/kube-apiserver-client";
    private const string Organization = "2.5.4.10";

    /// <inheritdoc/>
    public string Name => "CertificateApproval";

    /// <inheritdoc/>
    public ValueTask<ApiError?> ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Kind.Type != CertificateSigningRequest.ResourceType || request.Value is null)
        {
            return default;
        }

        return ValueTask.FromResult((request.Verb, request.Info.Subresource) switch
        {
            ("create", _) => CheckSubject(request),
            ("update", "approval") => Check(request, request.StoredView<CertificateSigningRequest>().Spec.SignerName, "approve", "approve"),
            ("update", "status") when Signs(request) => Check(request, request.StoredView<CertificateSigningRequest>().Spec.SignerName, "sign", "sign"),
            _ => null,
        });
    }

    private ApiError? Check(AdmissionRequest request, string signer, string verb, string word)
    {
        // A signer is named whole, or by its domain.
        var slash = signer.IndexOf('/', StringComparison.Ordinal);
        string[] names = slash < 0 ? [signer] : [signer, signer[..slash] + "/*"];
        return names.Any(name => authorizer.Allows(request.User, new AccessQuestion { Verb = verb, Group = CertificateSigningRequest.ResourceType.Group, Resource = "signers", Name = name }))
            ? null : ApiErrors.Forbidden(request.Kind.Type, request.Name, $"user not permitted to {word} requests with signerName \"{signer}\"");
    }

    private static bool Signs(AdmissionRequest request)
    {
        var (now, before) = (request.Value!["status"], request.Stored?["status"]);
        return !JsonNode.DeepEquals(now?["certificate"], before?["certificate"]) || Failed(now) != Failed(before);
    }

    private static int Failed(JsonNode? status) => (status?["conditions"] as JsonArray ?? []).Count(condition => condition?["type"]?.ToString() == "Failed");

    private static ApiError? CheckSubject(AdmissionRequest request)
    {
        var value = request.View<CertificateSigningRequest>();
        if (value.Spec.SignerName != ApiClient)
        {
            return null;
        }

        var asked = CertificateRequest.LoadSigningRequestPem(
            Encoding.ASCII.GetString(value.Spec.Request), HashAlgorithmName.SHA256, CertificateRequestLoadOptions.SkipSignatureValidation, RSASignaturePadding.Pkcs1);
        // An element of several values counts too: nobody hides a group behind a plus sign.
        var text = asked.SubjectName.EnumerateRelativeDistinguishedNames().ToList();
        return text.Any(part => part.HasMultipleElements || (part.GetSingleElementType().Value == Organization && part.GetSingleElementValue() == ApiUser.MastersGroup))
            ? ApiErrors.Forbidden(request.Kind.Type, request.Name, $"use of {ApiClient} signer with {ApiUser.MastersGroup} group is not allowed") : null;
    }
}
