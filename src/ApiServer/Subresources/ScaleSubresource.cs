using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Schemas;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Storage;
using KubeAspire.ApiServer.Verbs;
using KubeAspire.Resources;
using KubeAspire.Resources.Autoscaling;
using KubeAspire.Resources.Kinds;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Subresources;

/// <summary><c>…/scale</c>: an object seen as its number of replicas.</summary>
internal sealed class ScaleSubresource(IStateEngine engine, ResourceKind kind, ScaleMapping mapping, Update update)
{
    private static readonly Schema s_schema = BuiltInTypes.Schemas.Find("io.k8s.api.autoscaling.v1.Scale")!;

    public async Task<ApiAnswer> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        switch (request.Info.Verb)
        {
            case "get":
                var entry = await engine.Of(kind).GetAsync(Objects.KeyOf(kind.Type, request.Info.Namespace, request.Info.Name), cancellationToken);
                return entry is null ? ApiErrors.NotFound(kind.Type, request.Info.Name) : Answer(entry.Tree());
            case "update":
                var decoded = await Decoding.ReadAsync(request, Scale.ResourceType, s_schema, cancellationToken);
                return decoded.Succeeded ? await WriteAsync(request, _ => decoded.Value, cancellationToken) : decoded.Error;
            case "patch":
                var body = await request.ReadBody(cancellationToken);
                if (!body.Succeeded)
                {
                    return body.Error;
                }

                var change = Patch.Parse(body.Value, s_schema);
                return change.Succeeded ? await WriteAsync(request, change.Value.Change, cancellationToken) : change.Error;
            default:
                return ApiErrors.MethodNotAllowed();
        }
    }

    private async Task<ApiAnswer> WriteAsync(ApiRequest request, Func<JsonObject, ApiResult<JsonObject>> change, CancellationToken cancellationToken)
    {
        var answer = await update.StoreAsync(request, kind, new UpdatePlan("scale", stored => Change(stored, change)), cancellationToken);
        return answer is ObjectAnswer { Code: 200 } stored ? Answer(Objects.Tree(stored.Json)) : answer;
    }

    private ApiResult<JsonObject> Change(JsonObject stored, Func<JsonObject, ApiResult<JsonObject>> change)
    {
        var before = mapping.Read(stored);
        var revision = before.Meta().Text("resourceVersion");
        var scale = change(before);
        if (!scale.Succeeded)
        {
            return scale.Error;
        }

        var broken = ScaleMapping.Validate(scale.Value).ToList();
        if (broken.Count > 0)
        {
            return ApiErrors.Invalid(Scale.ResourceType, stored.Meta().Text("name"), broken);
        }

        mapping.Write(scale.Value, stored);
        var asked = scale.Value.Meta().Text("resourceVersion");
        stored.Meta().Put("resourceVersion", asked.Length == 0 || (asked == revision && ReferenceEquals(scale.Value, before)) ? null : JsonValue.Create(asked));
        return stored;
    }

    private ObjectAnswer Answer(JsonObject stored) => new(ApiMachinery.Serialization.CanonicalJson.EncodeValue(mapping.Read(stored)));
}
