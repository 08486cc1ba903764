using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Kinds;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Verbs;

/// <summary>GET of an object: its bytes as stored.</summary>
internal sealed class Get(IStateEngine engine, Revisions revisions)
{
    public async Task<ApiAnswer> HandleAsync(ApiRequest request, ResourceKind kind, CancellationToken cancellationToken)
    {
        if (request.Query["resourceVersion"] is { Length: > 0 } text && await revisions.ReachAsync(text, cancellationToken) is { } refusal)
        {
            return refusal;
        }

        var entry = await engine.Of(kind).GetAsync(Objects.KeyOf(kind.Type, request.Info.Namespace, request.Info.Name), cancellationToken);
        return entry is null ? ApiErrors.NotFound(kind.Type, request.Info.Name) : new ObjectAnswer(entry.Json, kind) { Entry = entry };
    }
}
