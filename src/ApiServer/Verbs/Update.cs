using System.Globalization;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.Admission;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Kinds;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Verbs;

/// <summary>How an update changes an object.</summary>
/// <param name="Subresource"><c>status</c> for the half that its subresource writes; otherwise the main half.</param>
/// <param name="Change">Makes the new object of the stored one (a fresh tree, free to be changed). Called again after a lost race.</param>
internal sealed record UpdatePlan(string Subresource, Func<JsonObject, ApiResult<JsonObject>> Change)
{
    /// <summary>Whether who-set-what is recorded here; server-side apply has done it itself.</summary>
    public bool Track { get; init; } = true;

    /// <summary>Whether the change itself keeps what may not change, so that the kind's rules about updates of its main half do not apply: binding, finalize.</summary>
    public bool Direct { get; init; }
}

/// <summary>PUT of an object, and the second half of every patch.</summary>
internal sealed class Update(WritePath path)
{
    // Who owns the field, and with it the object, of which metadata a client may not touch.
    private static readonly string[] s_serverOwned = ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"];

    public async Task<ApiAnswer> HandleAsync(ApiRequest request, ResourceKind kind, CancellationToken cancellationToken)
    {
        var decoded = await Decoding.ReadAsync(request, kind, cancellationToken);
        if (!decoded.Succeeded)
        {
            return decoded.Error;
        }

        var metadata = decoded.Value.Meta();
        var (name, ns) = (metadata.Text("name"), metadata.Text("namespace"));
        if (name != request.Info.Name)
        {
            return name.Length == 0
                ? ApiErrors.BadRequest("name must be provided")
                : ApiErrors.BadRequest($"the name of the object ({name}) does not match the name on the URL ({request.Info.Name})");
        }

        if (ns.Length > 0 && ns != (kind.Type.Namespaced ? request.Info.Namespace : ""))
        {
            return ApiErrors.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
        }

        return await StoreAsync(request, kind, new UpdatePlan(request.Info.Subresource, _ => (JsonObject)decoded.Value.DeepClone()), cancellationToken);
    }

    /// <summary>Applies a change to the stored object, again where another write came between and the change does not insist on a revision.</summary>
    public async Task<ApiAnswer> StoreAsync(ApiRequest request, ResourceKind kind, UpdatePlan plan, CancellationToken cancellationToken)
    {
        var key = Objects.KeyOf(kind.Type, request.Info.Namespace, request.Info.Name);
        await using var hold = await path.EnterAsync(kind, key.Namespace, create: false, cancellationToken);
        for (var attempt = 1; ; attempt++)
        {
            if (await path.EngineOf(kind).GetAsync(key, cancellationToken) is not { } entry)
            {
                return ApiErrors.NotFound(kind.Type, key.Name);
            }

            var warnings = request.Warnings.Count;
            var answer = await TryAsync(request, kind, plan, hold, entry, cancellationToken);
            if (answer is not null)
            {
                return answer;
            }

            if (attempt == ApiLimits.WriteAttempts)
            {
                return ApiErrors.Conflict(kind.Type, key.Name);
            }

            await hold.GiveBackAsync();
            request.Warnings.RemoveRange(warnings, request.Warnings.Count - warnings);
        }
    }

    // Null: another write came between.
    private async Task<ApiAnswer?> TryAsync(ApiRequest request, ResourceKind kind, UpdatePlan plan, WriteHold hold, StateEntry entry, CancellationToken cancellationToken)
    {
        var stored = entry.Tree();
        var changed = plan.Change(entry.Tree());
        if (!changed.Succeeded)
        {
            return changed.Error;
        }

        var value = changed.Value;
        if (CheckPreconditions(kind, value.Meta(), stored.Meta(), entry) is { } conflict)
        {
            return conflict;
        }

        Prepare(request, kind, plan, value, stored);
        if (plan.Track)
        {
            path.Track(request, kind, stored, value, plan.Subresource);
        }

        var admission = new AdmissionRequest(kind, request.Info, request.User, "update", entry.Key.Namespace, entry.Key.Name, value, stored)
        {
            DryRun = request.DryRun, Warnings = request.Warnings, Hold = hold,
        };
        if (await path.MutateAsync(admission, cancellationToken) is { } refused)
        {
            return refused;
        }

        CountGeneration(request, kind, value, stored);
        var encoded = WritePath.Encode(value, kind);
        if (!encoded.Succeeded)
        {
            return encoded.Error;
        }

        if (WritePath.Judge(kind, entry.Key.Name, Validate(kind, plan, value, stored, encoded.Value.View, entry.View(kind))) is { } invalid)
        {
            return invalid;
        }

        if (await path.AdmitAsync(admission, cancellationToken) is { } forbidden)
        {
            return forbidden;
        }

        if (plan.Subresource.Length == 0)
        {
            request.Warnings.AddRange(kind.WarningsFor(encoded.Value.View));
        }

        if (IsSame(value, stored))
        {
            return new ObjectAnswer(entry.Json, kind) { Entry = entry }; // A write that changes nothing takes no revision.
        }

        if (request.DryRun)
        {
            return new ObjectAnswer(Revised(encoded.Value.Value, entry.Revision), kind);
        }

        if (Finalizers.MayGo(kind, value))
        {
            return await GoAsync(kind, entry, encoded.Value.Value, cancellationToken);
        }

        encoded = await path.TakeAsync(kind, hold, value, stored, encoded.Value, cancellationToken);
        return encoded.Succeeded ? await CommitAsync(kind, hold, entry, stored, encoded.Value.Value, cancellationToken) : encoded.Error;
    }

    private async Task<ApiAnswer?> CommitAsync(ResourceKind kind, WriteHold hold, StateEntry entry, JsonObject stored, StateValue value, CancellationToken cancellationToken)
    {
        hold.Writing();
        var written = await path.EngineOf(kind).UpdateAsync(entry.Key, value, entry.Revision, cancellationToken);
        if (written.Outcome == StateOutcome.Committed)
        {
            if (await hold.StoredAsync())
            {
                return new ObjectAnswer(written.Entry!.Json, kind) { Entry = written.Entry };
            }

            // The write took so long that others went on without it.
            if (WritePath.Encode(stored, kind) is { Succeeded: true, Value.Value: var before })
            {
                await path.EngineOf(kind).UpdateAsync(entry.Key, before, written.Entry!.Revision, cancellationToken);
            }

            return ApiErrors.InternalError($"update of {entry.Key} took so long that what it needs was given to another; try again");
        }

        await hold.GiveBackAsync();
        return Refused(kind, entry, written.Outcome);
    }

    // An object on its way out whose last finalizer has just been removed is deleted instead of stored.
    private async Task<ApiAnswer?> GoAsync(ResourceKind kind, StateEntry entry, StateValue value, CancellationToken cancellationToken)
    {
        await using var leaving = await path.LeaveAsync(kind, entry, cancellationToken);
        leaving.Writing();
        var written = await path.EngineOf(kind).DeleteAsync(entry.Key, entry.Revision, cancellationToken);
        if (written.Outcome == StateOutcome.Committed)
        {
            await leaving.StoredAsync();
            return new ObjectAnswer(Revised(value, written.Entry!.Revision), kind);
        }

        return Refused(kind, entry, written.Outcome);
    }

    private static ErrorAnswer? Refused(ResourceKind kind, StateEntry entry, StateOutcome outcome) => outcome switch
    {
        StateOutcome.Conflict => null,
        StateOutcome.Missing => new ErrorAnswer(ApiErrors.NotFound(kind.Type, entry.Key.Name)),
        StateOutcome.NoSpace => new ErrorAnswer(WritePath.NoSpace()),
        _ => new ErrorAnswer(ApiErrors.InternalError($"update of {entry.Key} ended as {outcome}")),
    };

    private static ApiError? CheckPreconditions(ResourceKind kind, JsonObject metadata, JsonObject stored, StateEntry entry)
    {
        var name = entry.Key.Name;
        var asked = metadata.Text("resourceVersion");
        if (asked is not ("" or "0"))
        {
            if (!long.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out var revision))
            {
                return ApiErrors.Invalid(kind.Type, name, [FieldError.Invalid("metadata.resourceVersion", asked, "must be a decimal number")]);
            }

            if (revision != entry.Revision)
            {
                return ApiErrors.Conflict(kind.Type, name);
            }
        }

        var uid = metadata.Text("uid");
        return uid.Length == 0 || uid == stored.Text("uid")
            ? null
            : ApiErrors.Conflict(kind.Type, name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {stored.Text("uid")}");
    }

    private static void Prepare(ApiRequest request, ResourceKind kind, UpdatePlan plan, JsonObject value, JsonObject stored)
    {
        var (metadata, before) = (value.Meta(), stored.Meta());
        metadata["name"] ??= before["name"]?.DeepClone();
        metadata.Put("namespace", before["namespace"]?.DeepClone());
        metadata.Remove("resourceVersion");
        metadata.Remove("selfLink");
        before.Remove("resourceVersion");
        foreach (var field in s_serverOwned)
        {
            metadata.Put(field, before[field]?.DeepClone());
        }

        kind.Default(value);
        if (plan.Subresource == "status")
        {
            kind.PrepareForStatusUpdate(value, stored);
        }
        else if (kind.Parts.Contains(plan.Subresource))
        {
            kind.PrepareForPartUpdate(plan.Subresource, value, stored);
        }
        else if (!plan.Direct)
        {
            kind.PrepareForUpdate(value, stored);
        }
    }

    // Only a new desired state is a new generation; relabelling is not.
    private static void CountGeneration(ApiRequest request, ResourceKind kind, JsonObject value, JsonObject stored)
    {
        if (!kind.ChangesGeneration(value, stored))
        {
            return;
        }

        value.Meta()["generation"] = (stored.Meta().Number("generation") ?? 0) + 1;
        WritePath.StampTrace(request, kind, value.Meta());
    }

    private static IEnumerable<FieldError> Validate(ResourceKind kind, UpdatePlan plan, JsonObject value, JsonObject stored, IKubernetesObject view, IKubernetesObject storedView)
    {
        var errors = MetadataRules.Check(value.Meta(), kind).Concat(MetadataRules.CheckUpdate(value.Meta(), stored.Meta()));
        return plan.Subresource == "status" ? errors.Concat(kind.ValidateStatusUpdate(view, storedView))
            : kind.Parts.Contains(plan.Subresource) ? errors.Concat(kind.ValidatePartUpdate(plan.Subresource, view, storedView))
            : errors.Concat(plan.Direct ? kind.Validate(view) : kind.ValidateChange(view, storedView));
    }

    private static bool IsSame(JsonObject value, JsonObject stored)
    {
        var (now, before) = (value.Meta()["managedFields"], stored.Meta()["managedFields"]);
        value.Meta().Remove("managedFields");
        stored.Meta().Remove("managedFields");
        var same = JsonNode.DeepEquals(value, stored) && JsonNode.DeepEquals(WithoutTimes(now), WithoutTimes(before));
        value.Meta().Put("managedFields", now);
        stored.Meta().Put("managedFields", before);
        return same;
    }

    private static JsonNode? WithoutTimes(JsonNode? managers)
    {
        var copy = managers?.DeepClone();
        foreach (var entry in (copy as JsonArray ?? []).OfType<JsonObject>())
        {
            entry.Remove("time");
        }

        return copy;
    }

    private static ReadOnlyMemory<byte> Revised(StateValue value, long revision) =>
        value.RevisionAt < 0 ? value.Json : Objects.WithRevision(new StateEntry(default, 0, 0, value.Json, value.RevisionAt), revision);
}
