using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Admission;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.Resources;
using KubeAspire.Resources.Rbac;

namespace KubeAspire.ApiServer.Authorization;

/// <summary>Nobody grants a right that they do not have, unless they hold <c>escalate</c> on roles or <c>bind</c> on the role.</summary>
public sealed class EscalationCheck(Authorizer authorizer) : IAdmission
{
    private const string RbacGroup = "rbac.authorization.k8s.io";

    /// <inheritdoc/>
    public string Name => "RBACEscalation";

    /// <inheritdoc/>
    public ValueTask<ApiError?> ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Kind.Type.Group != RbacGroup || request.Value is null || request.User.IsMaster)
        {
            return default;
        }

        var resource = request.Kind.Type.Plural;
        if (request.Stored is { } stored && JsonNode.DeepEquals(stored["rules"], request.Value["rules"])
            && JsonNode.DeepEquals(stored["roleRef"], request.Value["roleRef"]) && JsonNode.DeepEquals(stored["subjects"], request.Value["subjects"])
            && JsonNode.DeepEquals(stored["aggregationRule"], request.Value["aggregationRule"]))
        {
            return default;
        }

        return ValueTask.FromResult(resource is "roles" or "clusterroles" ? CheckRole(request, resource) : CheckBinding(request));
    }

    private ApiError? CheckRole(AdmissionRequest request, string resource)
    {
        var question = new AccessQuestion { Verb = "escalate", Group = RbacGroup, Resource = resource, Namespace = request.Namespace, Name = request.Name };
        if (authorizer.Allows(request.User, question))
        {
            return null;
        }

        if (request.Value!["aggregationRule"] is not null)
        {
            return Refuse(request, [new PolicyRule { ApiGroups = ["*"], Resources = ["*"], Verbs = ["*"] }]);
        }

        var rules = request.Kind.Decode(ApiMachinery.Serialization.CanonicalJson.EncodeValue(request.Value)) switch
        {
            Role role => role.Rules,
            ClusterRole role => role.Rules,
            _ => null,
        };
        return Refuse(request, rules ?? []);
    }

    private ApiError? CheckBinding(AdmissionRequest request)
    {
        var reference = request.Kind.Decode(ApiMachinery.Serialization.CanonicalJson.EncodeValue(request.Value)) switch
        {
            RoleBinding binding => binding.RoleRef,
            ClusterRoleBinding binding => binding.RoleRef,
            _ => null,
        };
        if (reference is null)
        {
            return null;
        }

        var question = new AccessQuestion
        {
            Verb = "bind", Group = RbacGroup, Resource = reference.Kind == "Role" ? "roles" : "clusterroles", Namespace = request.Namespace, Name = reference.Name ?? "",
        };
        return authorizer.Allows(request.User, question) ? null : Refuse(request, authorizer.Index.RulesOf(reference, request.Namespace));
    }

    private ApiError? Refuse(AdmissionRequest request, IReadOnlyList<PolicyRule> granted)
    {
        var missing = Rules.Uncovered([.. authorizer.Index.RulesOf(request.User, request.Namespace)], granted);
        if (missing.Count == 0)
        {
            return null;
        }

        var groups = string.Join(" ", request.User.Groups.Select(group => $"\"{group}\""));
        return ApiErrors.Forbidden(
            request.Kind.Type,
            request.Name,
            $"user \"{request.User.Name}\" (groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n{string.Join("\n", missing.Select(Rules.Describe))}");
    }
}
