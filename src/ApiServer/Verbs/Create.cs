using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Admission;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Kinds;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Verbs;

/// <summary>POST of a collection.</summary>
internal sealed class Create(WritePath path)
{
    private static readonly string[] s_serverOwned = ["resourceVersion", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"];

    public async Task<ApiAnswer> HandleAsync(ApiRequest request, ResourceKind kind, CancellationToken cancellationToken)
    {
        var decoded = await Decoding.ReadAsync(request, kind, cancellationToken);
        return decoded.Succeeded ? await StoreAsync(request, kind, decoded.Value, track: true, cancellationToken) : decoded.Error;
    }

    /// <summary>Stores a decoded object; server-side apply that finds no object comes here too, its managers already recorded.</summary>
    public async Task<ApiAnswer> StoreAsync(ApiRequest request, ResourceKind kind, JsonObject value, bool track, CancellationToken cancellationToken)
    {
        if (CheckRequest(request, kind, value) is { } misplaced)
        {
            return misplaced;
        }

        var metadata = value.Meta();
        var prefix = metadata.Text("name").Length == 0 ? metadata.Text("generateName") : "";
        for (var attempt = 1; ; attempt++)
        {
            if (prefix.Length > 0)
            {
                metadata["name"] = path.GenerateName(prefix);
            }

            // A given name has one attempt; a made one may need the value again.
            var attempted = prefix.Length > 0 ? (JsonObject)value.DeepClone() : value;
            var answer = await StoreOnceAsync(request, kind, attempted, track, cancellationToken);
            if (prefix.Length == 0 || answer is not ErrorAnswer { Error.Reason: ApiErrorReason.AlreadyExists })
            {
                return answer;
            }

            if (attempt == ApiLimits.NameAttempts)
            {
                return ApiErrors.GenerateNameConflict(kind.Type, metadata.Text("name"));
            }
        }
    }

    private static ApiError? CheckRequest(ApiRequest request, ResourceKind kind, JsonObject value)
    {
        var metadata = value.Meta();
        if (kind.Type.Namespaced && request.Info.Namespace.Length == 0)
        {
            return ApiErrors.BadRequest("an empty namespace may not be set during creation");
        }

        var stated = metadata.Text("namespace");
        var expected = kind.Type.Namespaced ? request.Info.Namespace : "";
        if (stated.Length > 0 && stated != expected)
        {
            return ApiErrors.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
        }

        metadata.Put("namespace", kind.Type.Namespaced ? expected : null);
        return metadata.Text("resourceVersion") is "" or "0" ? null : ApiErrors.BadRequest("resourceVersion should not be set on objects to be created");
    }

    private async Task<ApiAnswer> StoreOnceAsync(ApiRequest request, ResourceKind kind, JsonObject value, bool track, CancellationToken cancellationToken)
    {
        var metadata = value.Meta();
        var name = metadata.Text("name");
        var ns = metadata.Text("namespace");
        var managers = metadata["managedFields"];
        foreach (var field in s_serverOwned)
        {
            metadata.Remove(field);
        }

        metadata["uid"] = Guid.NewGuid().ToString();
        kind.Default(value);
        kind.PrepareForCreate(value);
        metadata["creationTimestamp"] = path.Now();
        if (kind.GenerationFields.Count > 0)
        {
            metadata["generation"] = 1;
        }

        // Before admission: what the cluster adds to an object, its maker did not set.
        if (track)
        {
            path.Track(request, kind, null, value, "");
        }
        else
        {
            metadata.Put("managedFields", managers?.DeepClone());
        }

        WritePath.StampTrace(request, kind, metadata);
        await using var hold = await path.EnterAsync(kind, ns, create: true, cancellationToken);
        var admission = new AdmissionRequest(kind, request.Info, request.User, "create", ns, name, value, null) { DryRun = request.DryRun, Warnings = request.Warnings, Hold = hold };
        if (await path.MutateAsync(admission, cancellationToken) is { } refused)
        {
            return refused;
        }

        kind.Default(value);
        var encoded = WritePath.Encode(value, kind);
        if (!encoded.Succeeded)
        {
            return encoded.Error;
        }

        if (WritePath.Judge(kind, name, MetadataRules.Check(metadata, kind).Concat(kind.Validate(encoded.Value.View))) is { } invalid)
        {
            return invalid;
        }

        if (await path.AdmitAsync(admission, cancellationToken) is { } forbidden)
        {
            return forbidden;
        }

        request.Warnings.AddRange(kind.WarningsFor(encoded.Value.View));
        var key = Objects.KeyOf(kind.Type, ns, name);
        if (request.DryRun)
        {
            return await path.EngineOf(kind).GetAsync(key, cancellationToken) is null ? new ObjectAnswer(encoded.Value.Value.Json, kind, 201) : ApiErrors.AlreadyExists(kind.Type, name);
        }

        encoded = await path.TakeAsync(kind, hold, value, null, encoded.Value, cancellationToken);
        if (!encoded.Succeeded)
        {
            return encoded.Error;
        }

        hold.Writing();
        var written = await path.EngineOf(kind).CreateAsync(key, encoded.Value.Value, cancellationToken);
        if (written.Outcome == StateOutcome.Committed)
        {
            return await path.RecheckAsync(admission, written.Entry!, cancellationToken) is { } late ? await RevokeAsync(late)
                : await hold.StoredAsync() ? new ObjectAnswer(written.Entry!.Json, kind, 201) { Entry = written.Entry }
                : await RevokeAsync(ApiErrors.InternalError($"create of {key} took so long that what it needs was given to another; try again"));
        }

        await hold.GiveBackAsync();
        return written.Outcome switch
        {
            StateOutcome.Exists => ApiErrors.AlreadyExists(kind.Type, name),
            StateOutcome.NoSpace => WritePath.NoSpace(),
            _ => ApiErrors.InternalError($"create of {key} ended as {written.Outcome}"),
        };

        // What others decided while this was written does not know of it.
        async Task<ApiAnswer> RevokeAsync(ApiError why)
        {
            await path.RevokeAsync(kind, written.Entry!, cancellationToken);
            await hold.GiveBackAsync();
            return why;
        }
    }
}
