using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Patching.Apply;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.ApiServer.Admission;
using KubeAspire.ApiServer.Admission.Quota;
using KubeAspire.ApiServer.CustomResources;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Services;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Apiextensions;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Verbs;

/// <summary>What every write shares: admission, encoding, validation, the clock and the store.</summary>
internal sealed class WritePath(
    IStateEngine engine, IReadOnlyList<IAdmission> admissions, ResourceQuotaAdmission quotas, ServiceAddresses services, TimeProvider clock, NameGenerator names) : IDisposable
{
    private readonly NamespaceGates _namespaceGates = new();

    /// <summary>The store as a kind sees it.</summary>
    public IStateEngine EngineOf(ResourceKind kind) => engine.Of(kind);

    /// <summary>The time as metadata shows it: whole seconds, UTC.</summary>
    public string Now(long secondsAhead = 0) =>
        clock.GetUtcNow().AddSeconds(secondsAhead).UtcDateTime.ToString(TimeConverter.Format, CultureInfo.InvariantCulture);

    /// <summary>A name from a prefix.</summary>
    public string GenerateName(string prefix) => names.Generate(prefix);

    /// <summary>Holds what a write must hold until its end is known: the gate of a namespace that has quotas; nothing for most.</summary>
    public async ValueTask<WriteHold> EnterAsync(ResourceKind kind, string ns, bool create, CancellationToken cancellationToken)
    {
        var counted = await quotas.CountsAsync(kind, ns, create, cancellationToken) ? await _namespaceGates.EnterAsync(ns, cancellationToken) : null;
        return new WriteHold(create && kind is CustomResourceKind custom ? new Both(custom.Collection.Enter(), counted) : counted);
    }

    /// <summary>Runs mutating admission, then takes what a pool must give.</summary>
    public async ValueTask<ApiError?> MutateAsync(AdmissionRequest admission, CancellationToken cancellationToken)
    {
        using var activity = ApiServerTelemetry.Source.StartActivity("admission");
        activity?.SetTag("k8s.resource", admission.Kind.Type.GroupResource);
        activity?.SetTag("k8s.namespace.name", admission.Namespace);
        activity?.SetTag("k8s.object.name", admission.Name);
        foreach (var plugin in admissions)
        {
            if (await plugin.MutateAsync(admission, cancellationToken) is { } refusal)
            {
                return refusal;
            }
        }

        return admission is { Value: { } value, Verb: not "delete" } && admission.Kind.Type == Service.ResourceType
            ? await services.FillAsync(value, admission.Stored, admission.Hold?.Drawn ?? [], cancellationToken) : null;
    }

    /// <summary>Takes from the pools what an admitted object is to have: the last step before the store, since nothing else refuses then.</summary>
    /// <returns>The object as it will be stored now.</returns>
    public async ValueTask<ApiResult<Encoded>> TakeAsync(ResourceKind kind, WriteHold hold, JsonObject value, JsonObject? stored, Encoded encoded, CancellationToken cancellationToken)
    {
        if (kind.Type != Service.ResourceType)
        {
            return encoded;
        }

        var (changed, refusal) = await services.TakeAsync(hold, value, stored, cancellationToken);
        return refusal is not null ? refusal : changed ? Encode(value, kind) : encoded;
    }

    /// <summary>Holds what a delete gives back once it is done.</summary>
    public async ValueTask<WriteHold> LeaveAsync(ResourceKind kind, StateEntry entry, CancellationToken cancellationToken)
    {
        var hold = new WriteHold(null);
        if (kind.Type == Service.ResourceType)
        {
            await services.LeaveAsync(hold, entry.Tree(), cancellationToken);
        }

        return hold;
    }

    /// <summary>Runs validating admission.</summary>
    public async ValueTask<ApiError?> AdmitAsync(AdmissionRequest admission, CancellationToken cancellationToken)
    {
        foreach (var plugin in admissions)
        {
            if (await plugin.ValidateAsync(admission, cancellationToken) is { } refusal)
            {
                return refusal;
            }
        }

        return null;
    }

    /// <summary>Asks once more, of the state in which an object was stored, whether it may be there.</summary>
    /// <remarks>
    /// Another server may have begun to remove the namespace, or the definition of the kind, since the question was asked first, and have seen all that there was to remove. What it
    /// lists after it began shows the object, unless the object was stored before; so one of the two sees the other.
    /// </remarks>
    public async ValueTask<ApiError?> RecheckAsync(AdmissionRequest admission, StateEntry stored, CancellationToken cancellationToken)
    {
        if (admission.Kind.Type.Namespaced
            && NamespaceLifecycle.Check(admission, await AtAsync(Objects.KeyOf(Namespace.ResourceType, "", admission.Namespace), stored.Revision, cancellationToken)) is { } homeless)
        {
            return homeless;
        }

        if (admission.Kind is not CustomResourceKind custom)
        {
            return null;
        }

        var definition = (await AtAsync(Objects.KeyOf(CustomResourceDefinition.ResourceType, "", custom.Definition.Metadata.Name!), stored.Revision, cancellationToken))?.As<CustomResourceDefinition>();
        return definition is { Metadata.DeletionTimestamp: null } && definition.Metadata.Uid == custom.Definition.Metadata.Uid ? null
            : ApiErrors.MethodNotAllowed(custom.Type, "create") with { Message = "create not allowed while custom resource definition is terminating" };
    }

    /// <summary>Takes back an object that has just been created.</summary>
    public async ValueTask RevokeAsync(ResourceKind kind, StateEntry stored, CancellationToken cancellationToken)
    {
        var entry = stored;
        for (var attempt = 0; attempt < ApiLimits.WriteAttempts && entry.CreateRevision == stored.CreateRevision; attempt++)
        {
            var gone = await EngineOf(kind).DeleteAsync(entry.Key, entry.Revision, cancellationToken);
            if (gone.Outcome != StateOutcome.Conflict)
            {
                return;
            }

            entry = gone.Entry!;
        }
    }

    // At a revision that is here already, which costs no question to other servers.
    private async ValueTask<StateEntry?> AtAsync(StateKey key, long revision, CancellationToken cancellationToken)
    {
        var page = await engine.ListAsync(new StateRange(key.Collection, key.Namespace, key.Name), revision, 1, null, cancellationToken);
        return page.Outcome == StateReadOutcome.Ok ? (page.Entries.Count > 0 ? page.Entries[0] : null) : await engine.GetAsync(key, cancellationToken);
    }

    /// <summary>The object as it will be stored, with its typed view.</summary>
    public static ApiResult<Encoded> Encode(JsonObject value, ResourceKind kind)
    {
        if (!kind.IsCustom)
        {
            Decoding.Complete(value, kind.Schema);
        }

        var (json, revisionAt) = CanonicalJson.Encode(value, nulls: kind.IsCustom);
        if (json.Length > ApiLimits.ObjectBytes)
        {
            return ApiErrors.TooLarge(ApiLimits.ObjectBytes);
        }

        try
        {
            return new Encoded(new StateValue(json, revisionAt), kind.Decode(json));
        }
        catch (Exception broken) when (broken is JsonException or FormatException or NotSupportedException)
        {
            return ApiErrors.BadRequest($"{kind.Type.Kind} in version \"{kind.Type.Version}\" cannot be handled as a {kind.Type.Kind}: {broken.Message}");
        }
    }

    /// <summary>Every broken rule as one refusal.</summary>
    public static ApiError? Judge(ResourceKind kind, string name, IEnumerable<FieldError> errors)
    {
        var broken = errors.ToList();
        return broken.Count == 0 ? null : ApiErrors.Invalid(kind.Type, name, broken);
    }

    /// <summary>Records who set what (<c>managedFields</c>) of a write that is no server-side apply.</summary>
    public void Track(ApiRequest request, ResourceKind kind, JsonObject? stored, JsonObject value, string subresource) =>
        ManagedFieldsManager.TrackUpdate(stored, value, kind.Schema, new UpdateRequest(request.FieldManager, kind.Type.ApiVersion, clock.GetUtcNow()) { Subresource = subresource });

    /// <summary>The time for server-side apply.</summary>
    public DateTimeOffset Clock => clock.GetUtcNow();

    /// <summary>Stamps the trace of the request on an object of a traced kind.</summary>
    public static void StampTrace(ApiRequest request, ResourceKind kind, JsonObject metadata)
    {
        if (!kind.Traced || request.TraceParent is null)
        {
            return;
        }

        if (metadata["annotations"] is not JsonObject annotations)
        {
            metadata["annotations"] = annotations = [];
        }

        annotations[Tracing.Annotation] = request.TraceParent;
    }

    /// <summary>The refusal of a write that the store did not take, other than a lost race.</summary>
    public static ApiError NoSpace() => new(ApiErrorReason.StorageFull, "the store has no room left; deletes still work");

    public void Dispose()
    {
        _namespaceGates.Dispose();
    }

    private sealed class Both(IDisposable inner, IDisposable? outer) : IDisposable
    {
        public void Dispose()
        {
            inner.Dispose();
            outer?.Dispose();
        }
    }
}

/// <summary>An object ready to be stored.</summary>
internal sealed record Encoded(StateValue Value, IKubernetesObject View);
