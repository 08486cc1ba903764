using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources;
using KubeAspire.Resources.Apiregistration;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Aggregation;

/// <summary>Groups that an APIService gives to a Service. They are not reached yet, and the answer says so: 503, as for a Service that does not answer.</summary>
internal sealed class AggregatedGroups(IStateEngine engine)
{
    /// <summary>The refusal of a group that somebody else is to serve; null where nobody is.</summary>
    public async ValueTask<ApiError?> AnswerAsync(RequestInfo info, CancellationToken cancellationToken)
    {
        var entry = await engine.GetAsync(Objects.KeyOf(APIService.ResourceType, "", $"{info.Version}.{info.Group}"), cancellationToken);
        return entry is not null && KubernetesJson.Read<APIService>(entry.Json.Span).Spec.Service is not null ? ApiErrors.ServiceUnavailable("service unavailable") : null;
    }
}
