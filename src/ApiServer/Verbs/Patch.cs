using System.Text.Json;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Patching;
using KubeAspire.ApiMachinery.Patching.Apply;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources;
using KubeAspire.Resources.Kinds;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Verbs;

/// <summary>PATCH of an object: merge, JSON, strategic merge, and server-side apply.</summary>
internal sealed class Patch(WritePath path, Create create, Update update)
{
    public const string JsonType = "application/json-patch+json";
    public const string MergeType = "application/merge-patch+json";
    public const string StrategicType = "application/strategic-merge-patch+json";
    public const string ApplyType = "application/apply-patch+yaml";

    private static readonly string[] s_types = [JsonType, MergeType, StrategicType, ApplyType];
    private static readonly string[] s_customTypes = [JsonType, MergeType, ApplyType];

    public async Task<ApiAnswer> HandleAsync(ApiRequest request, ResourceKind kind, CancellationToken cancellationToken)
    {
        var body = await request.ReadBody(cancellationToken);
        if (!body.Succeeded)
        {
            return body.Error;
        }

        if (body.Value.MediaType == ApplyType)
        {
            return await ApplyAsync(request, kind, body.Value, cancellationToken);
        }

        if (kind.IsCustom && body.Value.MediaType == StrategicType)
        {
            return ApiErrors.UnsupportedMediaType(s_customTypes);
        }

        var change = Parse(body.Value, kind.Schema);
        if (!change.Succeeded)
        {
            return change.Error;
        }

        return await update.StoreAsync(request, kind, new UpdatePlan(request.Info.Subresource, stored => Change(request, kind, stored, change.Value)), cancellationToken);
    }

    /// <summary>Reads a patch other than apply: a function from the stored tree to the changed one.</summary>
    public static ApiResult<ParsedPatch> Parse(RequestBody body, ApiMachinery.Schemas.Schema schema)
    {
        if (!s_types.Contains(body.MediaType))
        {
            return ApiErrors.UnsupportedMediaType(s_types);
        }

        var decoded = BodyDecoder.DecodePatch(body.Bytes);
        if (!decoded.Succeeded)
        {
            return decoded.Error;
        }

        var (patch, strict) = (decoded.Value.Patch, decoded.Value.StrictProblems);
        if (body.MediaType == JsonType)
        {
            return patch is JsonArray operations
                ? new ParsedPatch(stored => JsonPatch.Apply(stored, operations), strict)
                : ApiErrors.BadRequest("error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch");
        }

        if (patch is not JsonObject changes)
        {
            return ApiErrors.BadRequest("error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}");
        }

        return body.MediaType == MergeType
            ? new ParsedPatch(stored => (JsonObject)MergePatch.Apply(stored, (JsonObject)changes.DeepClone())!, strict)
            : new ParsedPatch(stored => StrategicMergePatch.Apply(stored, (JsonObject)changes.DeepClone(), schema), strict);
    }

    private static ApiResult<JsonObject> Change(ApiRequest request, ResourceKind kind, JsonObject stored, ParsedPatch patch)
    {
        var before = stored.Meta().Text("resourceVersion");
        var (name, apiVersion) = (stored.Meta().Text("name"), stored.Text("apiVersion"));
        var changed = patch.Change(stored);
        if (!changed.Succeeded)
        {
            return changed.Error;
        }

        var value = changed.Value;
        if (value.Meta().Text("name") != name)
        {
            return ApiErrors.Invalid(kind.Type, name, [FieldError.Invalid("metadata.name", value.Meta().Text("name"), "field is immutable")]);
        }

        if (value.Text("apiVersion") != apiVersion || value.Text("kind") != kind.Type.Kind)
        {
            return ApiErrors.BadRequest($"{value.Text("kind")} in version \"{value.Text("apiVersion")}\" cannot be handled as a {kind.Type.Kind}");
        }

        // A patch that does not speak of the revision is tried again after a lost race.
        if (value.Meta().Text("resourceVersion") == before)
        {
            value.Meta().Remove("resourceVersion");
        }

        // Upstream's patcher: what a patch makes of an object is invalid, not unreadable.
        return Decoding.Checked(request, value, patch.StrictProblems, kind.Type, kind.Schema, problems =>
            ApiErrors.Invalid("", "", "", [FieldError.Invalid("patch", value.ToJsonString(), ApiErrors.StrictMessage(problems))]), kind) is { } error ? error : value;
    }

    private async Task<ApiAnswer> ApplyAsync(ApiRequest request, ResourceKind kind, RequestBody body, CancellationToken cancellationToken)
    {
        if (request.Query["fieldManager"].Length == 0)
        {
            return Refusal.Options("PatchOptions", FieldError.Required("fieldManager", "is required for apply patch"));
        }

        var decoded = BodyDecoder.Decode(body.Bytes, BodyFormat.Yaml, Decoding.SchemaOf);
        if (!decoded.Succeeded)
        {
            return decoded.Error;
        }

        var applied = Decoding.Conform(request, decoded.Value.Value, decoded.Value.StrictProblems, kind.Type, kind.Schema, kind);
        if (!applied.Succeeded)
        {
            return applied.Error;
        }

        if (CheckApplied(request, kind, applied.Value) is { } misplaced)
        {
            return misplaced;
        }

        var options = new ApplyRequest(request.Query["fieldManager"], kind.Type.ApiVersion, path.Clock)
        {
            Force = request.Query.Flag("force"), Subresource = request.Info.Subresource,
        };
        var plan = new UpdatePlan(request.Info.Subresource, stored => ManagedFieldsManager.Apply(stored, (JsonObject)applied.Value.DeepClone(), kind.Schema, options)) { Track = false };
        for (var attempt = 1; ; attempt++)
        {
            var answer = await update.StoreAsync(request, kind, plan, cancellationToken);
            if (answer is not ErrorAnswer { Error.Reason: ApiErrorReason.NotFound } || request.Info.Subresource.Length > 0)
            {
                return answer;
            }

            var made = ManagedFieldsManager.Apply(null, (JsonObject)applied.Value.DeepClone(), kind.Schema, options);
            if (!made.Succeeded)
            {
                return made.Error;
            }

            answer = await create.StoreAsync(request, kind, made.Value, track: false, cancellationToken);
            if (answer is not ErrorAnswer { Error.Reason: ApiErrorReason.AlreadyExists } || attempt == ApiLimits.WriteAttempts)
            {
                return answer;
            }
        }
    }

    private static ApiError? CheckApplied(ApiRequest request, ResourceKind kind, JsonObject applied)
    {
        var metadata = applied.Meta();
        var (name, ns) = (metadata.Text("name"), metadata.Text("namespace"));
        if (name.Length > 0 && name != request.Info.Name)
        {
            return ApiErrors.BadRequest($"the name of the object ({name}) does not match the name on the URL ({request.Info.Name})");
        }

        if (ns.Length > 0 && ns != (kind.Type.Namespaced ? request.Info.Namespace : ""))
        {
            return ApiErrors.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
        }

        if (metadata["managedFields"] is JsonArray { Count: > 0 })
        {
            return ApiErrors.BadRequest("metadata.managedFields must be nil");
        }

        metadata["name"] = request.Info.Name;
        if (kind.Type.Namespaced)
        {
            metadata["namespace"] = request.Info.Namespace;
        }

        return null;
    }
}

/// <summary>A patch other than apply.</summary>
/// <param name="Change">From the stored tree to the changed one.</param>
/// <param name="StrictProblems">What is wrong with the patch itself under <c>fieldValidation=Strict</c>.</param>
internal sealed record ParsedPatch(Func<JsonObject, ApiResult<JsonObject>> Change, IReadOnlyList<string> StrictProblems);
