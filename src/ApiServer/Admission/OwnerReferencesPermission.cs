using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Authorization;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.ApiServer.Admission;

/// <summary>
/// Only who may delete an object may say whose dependent it is (the garbage collector deletes it for that), and only who may change an owner's
/// finalizers may hold up its deletion with <c>blockOwnerDeletion</c>.
/// </summary>
/// <remarks>Upstream's plugin OwnerReferencesPermissionEnforcement.</remarks>
internal sealed class OwnerReferencesPermission(Authorizer authorizer, Func<string, string, ResourceKind?> kinds) : IAdmission
{
    /// <inheritdoc/>
    public string Name => "OwnerReferencesPermissionEnforcement";

    /// <inheritdoc/>
    public async ValueTask<ApiError?> ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        // What pods' subresources write (binding, status, eviction) cannot touch owners.
        if (request.Value is not { } value || request.User.IsMaster || (request.Kind.Type is { Group: "", Plural: "pods" } && request.Info.Subresource.Length > 0))
        {
            return null;
        }

        var now = References(value);
        var before = request.Stored is { } stored ? References(stored) : [];
        if (now.Count == 0 && before.Count == 0)
        {
            return null;
        }

        return await CheckChangeAsync(request, now, before, cancellationToken) ?? await CheckBlockingAsync(request, now, before, cancellationToken);
    }

    private async ValueTask<ApiError?> CheckChangeAsync(AdmissionRequest request, List<JsonObject> now, List<JsonObject> before, CancellationToken cancellationToken)
    {
        // A new object is its creator's to delete in intent: only a change of owners needs the right.
        if (request.Verb != "update" || (now.Count == before.Count && now.Zip(before).All(pair => JsonNode.DeepEquals(pair.First, pair.Second))))
        {
            return null;
        }

        var question = new AccessQuestion
        {
            Verb = "delete", Group = request.Kind.Type.Group, Resource = request.Kind.Type.Plural, Namespace = request.Namespace, Name = request.Name,
        };
        return await authorizer.AllowsAsync(request.User, question, "", cancellationToken) ? null
            : ApiErrors.Forbidden(request.Kind.Type, request.Name, "cannot set an ownerRef on a resource you can't delete: ");
    }

    private async ValueTask<ApiError?> CheckBlockingAsync(AdmissionRequest request, List<JsonObject> now, List<JsonObject> before, CancellationToken cancellationToken)
    {
        var blockedBefore = before.Where(Blocks).Select(reference => reference.Text("uid")).ToHashSet();
        foreach (var reference in now.Where(reference => Blocks(reference) && !blockedBefore.Contains(reference.Text("uid"))))
        {
            var version = reference.Text("apiVersion");
            var slash = version.IndexOf('/', StringComparison.Ordinal);
            if (kinds(slash < 0 ? "" : version[..slash], reference.Text("kind")) is not { } owner)
            {
                return ApiErrors.Forbidden(request.Kind.Type, request.Name, $"cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion {version} Kind {reference.Text("kind")}");
            }

            var question = new AccessQuestion
            {
                Verb = "update", Group = owner.Type.Group, Resource = owner.Type.Plural + "/finalizers",
                Namespace = owner.Type.Namespaced ? request.Namespace : "", Name = reference.Text("name"),
            };
            if (!await authorizer.AllowsAsync(request.User, question, "", cancellationToken))
            {
                return ApiErrors.Forbidden(
                    request.Kind.Type, request.Name, "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ");
            }
        }

        return null;
    }

    private static bool Blocks(JsonObject reference) => reference["blockOwnerDeletion"] is JsonValue value && value.TryGetValue(out bool blocks) && blocks;

    private static List<JsonObject> References(JsonObject value) => [.. (value.Meta()["ownerReferences"] as JsonArray ?? []).OfType<JsonObject>()];
}
