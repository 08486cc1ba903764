using System.Globalization;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Schemas;
using KubeAspire.ApiServer.Admission;
using KubeAspire.ApiServer.CustomResources;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources;
using KubeAspire.Resources.Apiextensions;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Verbs;

/// <summary>DELETE of an object.</summary>
internal sealed class Delete(WritePath path)
{
    private static readonly ResourceType s_optionsType = new("", "v1", "DeleteOptions", "deleteoptions", false);
    private static readonly Schema s_optionsSchema = BuiltInTypes.Schemas.Find("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions")!;

    public async Task<ApiAnswer> HandleAsync(ApiRequest request, ResourceKind kind, CancellationToken cancellationToken)
    {
        var options = await ReadOptionsAsync(request, cancellationToken);
        return options.Succeeded ? await RemoveAsync(request, kind, request.Info.Namespace, request.Info.Name, options.Value, cancellationToken) : options.Error;
    }

    /// <summary>The options from body and query.</summary>
    public static async Task<ApiResult<DeleteOptions>> ReadOptionsAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var body = await request.ReadBody(cancellationToken);
        if (!body.Succeeded)
        {
            return body.Error;
        }

        var options = new DeleteOptions();
        if (body.Value.Bytes.Length > 0)
        {
            if (Decoding.FormatOf(body.Value.MediaType) is not { } format)
            {
                return ApiErrors.UnsupportedMediaType(Decoding.BodyTypes);
            }

            var decoded = ApiMachinery.Serialization.BodyDecoder.Decode(body.Value.Bytes, format, Decoding.SchemaOf);
            if (!decoded.Succeeded)
            {
                return decoded.Error;
            }

            UnknownFields.Prune(decoded.Value.Value, s_optionsSchema);
            if (TypeCheck.Check(decoded.Value.Value, s_optionsSchema, s_optionsType.Kind) is { } wrong)
            {
                return wrong;
            }

            options = KubernetesJson.Read<DeleteOptions>(ApiMachinery.Serialization.CanonicalJson.EncodeValue(decoded.Value.Value));
        }

        options = options with
        {
            PropagationPolicy = options.PropagationPolicy ?? NullIfEmpty(request.Query["propagationPolicy"]),
            GracePeriodSeconds = options.GracePeriodSeconds ?? request.Query.Number("gracePeriodSeconds"),
            OrphanDependents = options.OrphanDependents ?? (request.Query.Has("orphanDependents") ? request.Query.Flag("orphanDependents") : null),
            DryRun = options.DryRun ?? (request.DryRun ? ["All"] : null),
        };
        return Check(options) is { } error ? error : options;
    }

    /// <summary>Deletes an object, or begins to.</summary>
    public async Task<ApiAnswer> RemoveAsync(ApiRequest request, ResourceKind kind, string ns, string name, DeleteOptions options, CancellationToken cancellationToken)
    {
        var key = Objects.KeyOf(kind.Type, ns, name);
        for (var attempt = 1; attempt <= ApiLimits.WriteAttempts; attempt++)
        {
            if (await path.EngineOf(kind).GetAsync(key, cancellationToken) is not { } entry)
            {
                return ApiErrors.NotFound(kind.Type, name);
            }

            if (await TryAsync(request, kind, entry, options, cancellationToken) is { } answer)
            {
                return answer;
            }
        }

        return ApiErrors.Conflict(kind.Type, name);
    }

    // Null: another write came between.
    private async Task<ApiAnswer?> TryAsync(ApiRequest request, ResourceKind kind, StateEntry entry, DeleteOptions options, CancellationToken cancellationToken)
    {
        var value = entry.Tree();
        var metadata = value.Meta();
        if (CheckPreconditions(kind, entry, metadata, options.Preconditions) is { } conflict)
        {
            return conflict;
        }

        var admission = new AdmissionRequest(kind, request.Info, request.User, "delete", entry.Key.Namespace, entry.Key.Name, null, value)
        {
            DryRun = options.DryRun is { Count: > 0 }, DeleteOptions = options, Warnings = request.Warnings,
        };
        if (await path.MutateAsync(admission, cancellationToken) is { } refused)
        {
            return refused;
        }

        if (await path.AdmitAsync(admission, cancellationToken) is { } forbidden)
        {
            return forbidden;
        }

        var changed = Finalizers.Set(metadata, PolicyOf(options)) | MarkDeleted(kind, value, kind.GraceSecondsFor(value, options.GracePeriodSeconds));
        var dryRun = options.DryRun is { Count: > 0 };
        if (Finalizers.MayGo(kind, value))
        {
            return dryRun ? Gone(kind, entry, metadata) : await GoAsync(kind, entry, metadata, cancellationToken);
        }

        if (!changed || dryRun)
        {
            return new ObjectAnswer(entry.Json, kind) { Entry = entry };
        }

        var encoded = WritePath.Encode(value, kind);
        if (!encoded.Succeeded)
        {
            return encoded.Error;
        }

        var written = await path.EngineOf(kind).UpdateAsync(entry.Key, encoded.Value.Value, entry.Revision, cancellationToken);
        return written.Outcome switch
        {
            StateOutcome.Committed => new ObjectAnswer(written.Entry!.Json, kind) { Entry = written.Entry },
            StateOutcome.NoSpace => WritePath.NoSpace(),
            _ => null,
        };
    }

    private async Task<ApiAnswer?> GoAsync(ResourceKind kind, StateEntry entry, JsonObject metadata, CancellationToken cancellationToken)
    {
        await using var leaving = await path.LeaveAsync(kind, entry, cancellationToken);
        leaving.Writing();
        var written = await path.EngineOf(kind).DeleteAsync(entry.Key, entry.Revision, cancellationToken);
        if (written.Outcome == StateOutcome.Committed)
        {
            await leaving.StoredAsync();
        }

        return written.Outcome switch
        {
            StateOutcome.Committed when kind.Type == Pod.ResourceType => new ObjectAnswer(written.Entry!.Json, kind) { Entry = written.Entry },
            StateOutcome.Committed => Gone(kind, entry, metadata),
            StateOutcome.Missing => ApiErrors.NotFound(kind.Type, entry.Key.Name),
            _ => null,
        };
    }

    // Returns whether the object changed.
    private bool MarkDeleted(ResourceKind kind, JsonObject value, long grace)
    {
        var metadata = value.Meta();
        var current = metadata.Number("deletionGracePeriodSeconds");
        if (metadata["deletionTimestamp"] is not null && grace >= (current ?? 0))
        {
            return false; // Already on its way; a longer grace does not bring it back.
        }

        metadata["deletionTimestamp"] = path.Now(grace);
        metadata["deletionGracePeriodSeconds"] = grace;
        if (kind.GenerationFields.Count > 0 && current is null)
        {
            metadata["generation"] = (metadata.Number("generation") ?? 0) + 1;
        }

        if (kind.Type == CustomResourceDefinition.ResourceType)
        {
            CollectionRemoval.Begin(value, path.Now());
        }

        if (kind.Type == Namespace.ResourceType)
        {
            value["status"] = new JsonObject { ["phase"] = "Terminating" };
        }

        return true;
    }

    private static ApiError? CheckPreconditions(ResourceKind kind, StateEntry entry, JsonObject metadata, Preconditions? wanted)
    {
        var (uid, revision) = (metadata.Text("uid"), entry.Revision.ToString(CultureInfo.InvariantCulture));
        if (wanted?.Uid is { } wantedUid && wantedUid != uid)
        {
            return ApiErrors.Conflict(kind.Type, entry.Key.Name, $"Precondition failed: UID in precondition: {wantedUid}, UID in object meta: {uid}");
        }

        return wanted?.ResourceVersion is { } wantedRevision && wantedRevision != revision
            ? ApiErrors.Conflict(kind.Type, entry.Key.Name, $"Precondition failed: ResourceVersion in precondition: {wantedRevision}, ResourceVersion in object meta: {revision}")
            : null;
    }

    private static ApiError? Check(DeleteOptions options)
    {
        if (options is { PropagationPolicy: not null, OrphanDependents: not null })
        {
            return Refusal.Options("DeleteOptions", FieldError.Invalid("propagationPolicy", options.PropagationPolicy, "orphanDependents and deletionPropagation cannot be both set"));
        }

        if (options.PropagationPolicy is not (null or "Foreground" or "Background" or "Orphan"))
        {
            return Refusal.Options("DeleteOptions", FieldError.NotSupported("propagationPolicy", options.PropagationPolicy, ["Foreground", "Background", "Orphan"]));
        }

        return options.DryRun is { } dryRun && dryRun.Any(value => value != "All")
            ? Refusal.Options("DeleteOptions", FieldError.NotSupported("dryRun", dryRun[0], ["All"]))
            : null;
    }

    private static string? PolicyOf(DeleteOptions options) => options.PropagationPolicy ?? options.OrphanDependents switch
    {
        true => "Orphan",
        false => "Background",
        null => null,
    };

    private static ObjectAnswer Gone(ResourceKind kind, StateEntry entry, JsonObject metadata) => new(KubernetesJson.Write(StatusFactory.Success(new StatusDetails
    {
        Name = entry.Key.Name,
        Group = NullIfEmpty(kind.Type.Group),
        Kind = kind.Type.Plural,
        Uid = metadata.Text("uid"),
    })));

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
