using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Authorization;
using KubeAspire.Resources.Certificates;

namespace KubeAspire.Controllers.Certificates;

/// <summary>Carries a CertificateSigningRequest through its life: approves those of node agents that may ask, signs what is approved, clears away what is old.</summary>
/// <remarks>Upstream's csrapproving, csrsigning and csrcleaner controllers. Keys are requests.</remarks>
internal sealed class CertificateReconciler(
    IApiClient client, IInformer<CertificateSigningRequest> requests, ICertificateAuthority? authority, TimeProvider clock) : IReconciler
{
    // Upstream's: how long a request of each state is kept.
    private static readonly TimeSpan s_keepAnswered = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_keepPending = TimeSpan.FromHours(24);
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(365);
    private static readonly TimeSpan s_shortest = TimeSpan.FromMinutes(10);

    /// <summary>Wires the controller to its watches.</summary>
    public static Controller Create(ControllerContext context)
    {
        var queue = new WorkQueue("certificatesigningrequests", context.Clock);
        var requests = context.Informers.For<CertificateSigningRequest>();
        requests.AddHandler((_, after) =>
        {
            if (after is not null)
            {
                queue.Add(ObjectKey.Of(after));
            }
        });
        return new Controller("certificatesigningrequests", "CertificateSigningRequest", new CertificateReconciler(context.Client, requests, context.CertificateAuthority, context.Clock), queue)
        {
            Workers = 1,
            WhenReady = context.Informers.WhenSyncedAsync,
        };
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (requests.Find(key) is not { } request)
        {
            return ReconcileResult.Done;
        }

        var left = Left(request);
        if (left <= TimeSpan.Zero)
        {
            var options = new DeleteOptions { Preconditions = new Preconditions { Uid = request.Metadata.Uid } };
            var error = await client.DeleteAsync<CertificateSigningRequest>("", key.Name, options, cancellationToken);
            return error is null or { Reason: ApiErrorReason.NotFound } ? ReconcileResult.Done : ReconcileResult.Failed(error);
        }

        var failure = Has(request, "Denied") || Has(request, "Failed") || request.Status.Certificate is { Length: > 0 } ? null
            : Has(request, "Approved") ? await SignAsync(request, cancellationToken) : await ApproveAsync(request, cancellationToken);
        return failure is null or { Reason: ApiErrorReason.Conflict or ApiErrorReason.NotFound } ? ReconcileResult.After(left) : ReconcileResult.Failed(failure);
    }

    private TimeSpan Left(CertificateSigningRequest request)
    {
        var answered = (request.Status.Conditions ?? []).Select(condition => condition.LastUpdateTime ?? condition.LastTransitionTime).Max();
        var until = answered is { } at ? at + s_keepAnswered : (request.Metadata.CreationTimestamp ?? clock.GetUtcNow()) + s_keepPending;
        return until - clock.GetUtcNow();
    }

    // Only the certificate that makes a machine a node is approved by itself, and only for who may have it.
    private async Task<ApiError?> ApproveAsync(CertificateSigningRequest request, CancellationToken cancellationToken)
    {
        if (request.Spec.SignerName != SignerRules.NodeClient || Read(request) is not { } asked || SignerRules.Problem(request.Spec.SignerName, asked, [.. request.Spec.Usages ?? []]) is not null)
        {
            return null;
        }

        string[] rights = SignerRules.CommonName(asked) == request.Spec.Username ? ["selfnodeclient", "nodeclient"] : ["nodeclient"];
        foreach (var right in rights)
        {
            var review = await client.CreateAsync(Review(request, right), cancellationToken);
            if (!review.Succeeded)
            {
                return review.Error;
            }

            if (review.Value.Status?.Allowed == true)
            {
                var message = right == "selfnodeclient"
                    ? "Auto approving self kubelet client certificate after SubjectAccessReview." : "Auto approving kubelet client certificate after SubjectAccessReview.";
                var written = await client.UpdateAsync(
                    CertificateSigningRequest.ResourceType, With(request, Condition("Approved", "AutoApproved", message)), "approval", cancellationToken);
                return written.Succeeded ? null : written.Error;
            }
        }

        return null;
    }

    private async Task<ApiError?> SignAsync(CertificateSigningRequest request, CancellationToken cancellationToken)
    {
        if (authority is null || !SignerRules.IsOurs(request.Spec.SignerName))
        {
            return null;
        }

        var problem = Read(request) is { } asked ? SignerRules.Problem(request.Spec.SignerName, asked, [.. request.Spec.Usages ?? []]) : "unable to parse csr";
        var answered = problem is null ? Signed(request, Read(request)!) : With(request, Condition("Failed", "SignerValidationFailure", problem));
        var written = await client.UpdateAsync(CertificateSigningRequest.ResourceType, answered, "status", cancellationToken);
        return written.Succeeded ? null : written.Error;
    }

    private CertificateSigningRequest Signed(CertificateSigningRequest request, CertificateRequest asked)
    {
        var life = request.Spec.ExpirationSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : s_longest;
        life = life < s_shortest ? s_shortest : life > s_longest ? s_longest : life;
        var pem = authority!.Sign(asked, request.Spec.Usages ?? [], life);
        return request with { Status = request.Status with { Certificate = Encoding.ASCII.GetBytes(pem) } };
    }

    private static CertificateRequest? Read(CertificateSigningRequest request)
    {
        try
        {
            return SignerRules.Read(request);
        }
        catch (Exception broken) when (broken is CryptographicException or NotSupportedException)
        {
            return null;
        }
    }

    private static SubjectAccessReview Review(CertificateSigningRequest request, string right) => new()
    {
        Spec = new SubjectAccessReviewSpec
        {
            User = request.Spec.Username,
            Uid = request.Spec.Uid,
            Groups = request.Spec.Groups,
            Extra = request.Spec.Extra,
            ResourceAttributes = new ResourceAttributes
            {
                Verb = "create", Group = CertificateSigningRequest.ResourceType.Group, Resource = CertificateSigningRequest.ResourceType.Plural, Subresource = right, Version = "*",
            },
        },
    };

    private CertificateSigningRequestCondition Condition(string type, string reason, string message) => new()
    {
        Type = type, Status = "True", Reason = reason, Message = message, LastUpdateTime = clock.GetUtcNow(), LastTransitionTime = clock.GetUtcNow(),
    };

    private static CertificateSigningRequest With(CertificateSigningRequest request, CertificateSigningRequestCondition condition) =>
        request with { Status = request.Status with { Conditions = [.. request.Status.Conditions ?? [], condition] } };

    private static bool Has(CertificateSigningRequest request, string type) => request.Status.Conditions?.Any(condition => condition.Type == type && condition.Status != "False") == true;
}
