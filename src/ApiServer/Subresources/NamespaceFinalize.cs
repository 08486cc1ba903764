using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Storage;
using KubeAspire.ApiServer.Verbs;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.ApiServer.Subresources;

/// <summary><c>namespaces/finalize</c>: who empties a namespace takes its name from <c>spec.finalizers</c>; the last one lets it go.</summary>
internal sealed class NamespaceFinalize(ResourceKind namespaces, Update update)
{
    public async Task<ApiAnswer> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        if (request.Info.Verb != "update")
        {
            return ApiErrors.MethodNotAllowed();
        }

        var decoded = await Decoding.ReadAsync(request, namespaces.Type, namespaces.Schema, cancellationToken);
        if (!decoded.Succeeded)
        {
            return decoded.Error;
        }

        var finalizers = (decoded.Value["spec"] as JsonObject)?["finalizers"];
        var revision = decoded.Value.Meta()["resourceVersion"];
        return await update.StoreAsync(request, namespaces, new UpdatePlan("finalize", stored => Change(stored, finalizers, revision)) { Direct = true }, cancellationToken);
    }

    private static ApiResult<JsonObject> Change(JsonObject stored, JsonNode? finalizers, JsonNode? revision)
    {
        stored.Meta().Put("resourceVersion", revision?.DeepClone());
        if (stored["spec"] is not JsonObject spec)
        {
            stored["spec"] = spec = [];
        }

        spec.Put("finalizers", finalizers is JsonArray { Count: > 0 } ? finalizers.DeepClone() : null);
        return stored;
    }
}
