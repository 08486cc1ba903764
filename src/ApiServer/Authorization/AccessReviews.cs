using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Verbs;
using KubeAspire.Resources;
using KubeAspire.Resources.Authentication;
using KubeAspire.Resources.Authorization;

namespace KubeAspire.ApiServer.Authorization;

/// <summary>The kinds that are questions: who am I, may I, may they, what may I, whose token is this.</summary>
internal sealed class AccessReviews(Authorizer authorizer, ServiceAccountTokens tokens, TimeProvider clock)
{
    public void AddTo(ApiRouter router)
    {
        const string Authorization = "authorization.k8s.io";
        const string Authentication = "authentication.k8s.io";
        router.Add(Authorization, "selfsubjectaccessreviews", "", SelfAccessAsync);
        router.Add(Authorization, "subjectaccessreviews", "", SubjectAccessAsync);
        router.Add(Authorization, "localsubjectaccessreviews", "", LocalAccessAsync);
        router.Add(Authorization, "selfsubjectrulesreviews", "", SelfRulesAsync);
        router.Add(Authentication, "selfsubjectreviews", "", SelfAsync);
        router.Add(Authentication, "tokenreviews", "", TokenAsync);
    }

    private async Task<ApiAnswer> SelfAccessAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var asked = await ReadAsync<SelfSubjectAccessReview>(request, cancellationToken);
        return asked.Succeeded
            ? Answer(asked.Value with { Status = await DecideAsync(request.User, asked.Value.Spec.ResourceAttributes, asked.Value.Spec.NonResourceAttributes, cancellationToken) }) : asked.Error;
    }

    private async Task<ApiAnswer> SubjectAccessAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var asked = await ReadAsync<SubjectAccessReview>(request, cancellationToken);
        if (!asked.Succeeded)
        {
            return asked.Error;
        }

        var spec = asked.Value.Spec;
        var user = new ApiUser(spec.User ?? "", spec.Groups ?? []) { Uid = spec.Uid ?? "" };
        return Answer(asked.Value with { Status = await DecideAsync(user, spec.ResourceAttributes, spec.NonResourceAttributes, cancellationToken) });
    }

    private async Task<ApiAnswer> LocalAccessAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var asked = await ReadAsync<LocalSubjectAccessReview>(request, cancellationToken);
        if (!asked.Succeeded)
        {
            return asked.Error;
        }

        var spec = asked.Value.Spec;
        if (spec.ResourceAttributes?.Namespace != request.Info.Namespace)
        {
            return ApiErrors.BadRequest($"spec.resourceAttributes.namespace must match namespace: {request.Info.Namespace}");
        }

        return Answer(asked.Value with { Status = await DecideAsync(new ApiUser(spec.User ?? "", spec.Groups ?? []), spec.ResourceAttributes, null, cancellationToken) });
    }

    private async Task<ApiAnswer> SelfRulesAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var asked = await ReadAsync<SelfSubjectRulesReview>(request, cancellationToken);
        if (!asked.Succeeded)
        {
            return asked.Error;
        }

        if (string.IsNullOrEmpty(asked.Value.Spec.Namespace))
        {
            return ApiErrors.BadRequest("no namespace on request");
        }

        var rules = request.User.IsMaster
            ? [new() { Verbs = ["*"], ApiGroups = ["*"], Resources = ["*"] }, new() { Verbs = ["*"], NonResourceURLs = ["*"] }]
            : authorizer.Index.RulesOf(request.User, asked.Value.Spec.Namespace).ToList();
        return Answer(asked.Value with
        {
            Status = new SubjectRulesReviewStatus
            {
                Incomplete = false,
                ResourceRules = [.. rules.Where(rule => rule.Resources is { Count: > 0 }).Select(rule => new ResourceRule
                {
                    Verbs = rule.Verbs ?? [], ApiGroups = rule.ApiGroups, Resources = rule.Resources, ResourceNames = rule.ResourceNames,
                })],
                NonResourceRules = [.. rules.Where(rule => rule.NonResourceURLs is { Count: > 0 }).Select(rule => new NonResourceRule
                {
                    Verbs = rule.Verbs ?? [], NonResourceURLs = rule.NonResourceURLs,
                })],
            },
        });
    }

    private async Task<ApiAnswer> SelfAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var asked = await ReadAsync<SelfSubjectReview>(request, cancellationToken);
        return asked.Succeeded
            ? Answer(asked.Value with
            {
                Metadata = new ObjectMeta { CreationTimestamp = clock.GetUtcNow() },
                Status = new SelfSubjectReviewStatus { UserInfo = InfoOf(request.User) },
            })
            : asked.Error;
    }

    private async Task<ApiAnswer> TokenAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var asked = await ReadAsync<TokenReview>(request, cancellationToken);
        if (!asked.Succeeded)
        {
            return asked.Error;
        }

        var found = await tokens.CheckAsync(asked.Value.Spec.Token ?? "", asked.Value.Spec.Audiences ?? [], cancellationToken);
        return Answer(asked.Value with
        {
            Status = found is null
                ? new TokenReviewStatus { Authenticated = false, Error = "[invalid bearer token]" }
                : new TokenReviewStatus { Authenticated = true, User = InfoOf(found.User), Audiences = found.Audiences },
        });
    }

    private async ValueTask<SubjectAccessReviewStatus> DecideAsync(
        ApiUser user, ResourceAttributes? resource, NonResourceAttributes? path, CancellationToken cancellationToken)
    {
        var question = resource is not null
            ? new AccessQuestion
            {
                Verb = resource.Verb ?? "",
                Group = resource.Group ?? "",
                Resource = string.IsNullOrEmpty(resource.Subresource) ? resource.Resource ?? "" : $"{resource.Resource}/{resource.Subresource}",
                Namespace = resource.Namespace ?? "",
                Name = resource.Name ?? "",
            }
            : new AccessQuestion { Verb = path?.Verb ?? "", Path = path?.Path ?? "" };
        var fields = string.Join(',', (resource?.FieldSelector?.Requirements ?? []).Where(one => one.Operator == "In" && one.Values is [_]).Select(one => $"{one.Key}={one.Values![0]}"));
        return new SubjectAccessReviewStatus { Allowed = await authorizer.AllowsAsync(user, question, fields, cancellationToken) };
    }

    private static UserInfo InfoOf(ApiUser user) => new()
    {
        Username = user.Name, Uid = user.Uid.Length == 0 ? null : user.Uid, Groups = user.Groups, Extra = user.Extra.Count == 0 ? null : user.Extra,
    };

    private static async Task<ApiResult<T>> ReadAsync<T>(ApiRequest request, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<T>
    {
        if (request.Info.Verb != "create")
        {
            return ApiErrors.MethodNotAllowed();
        }

        var definition = BuiltInTypes.All.Single(type => type.Type == T.ResourceType).Definition;
        return await Decoding.ReadAsync<T>(request, BuiltInTypes.Schemas.Find(definition)!, cancellationToken);
    }

    private static ObjectAnswer Answer<T>(T value) => new(Http.AnswerWriter.Readable(KubernetesJson.Write(value)), null, 201);
}
