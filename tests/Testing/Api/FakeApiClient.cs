using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Resources;
using KubeAspire.Resources.Core;

namespace KubeAspire.Testing.Api;

/// <summary>
/// An API server in a test's memory: revisions, conflicts, generations, finalizers, grace periods, selectors, watches that resume
/// and expire, bindings. No admission, defaults or validation. Lies on request: <see cref="FailNext"/>.
/// </summary>
/// <remarks>
/// Simplified: CreateAsync keeps a status (so that a test can seed one); a pod that has a node and is deleted with grace keeps
/// standing with a deletionTimestamp until it is deleted with grace 0; server-side apply is a strategic merge.
/// </remarks>
public sealed class FakeApiClient : IApiClient
{
    private readonly FakeStore _store = new();
    private readonly FakeWrites _writes;
    private readonly List<Fault> _faults = [];
    private readonly List<FakeAction> _actions = [];

    /// <summary>An empty cluster.</summary>
    /// <param name="clock">Gives creation and deletion times; null for a clock that stands still.</param>
    public FakeApiClient(TimeProvider? clock = null) => _writes = new FakeWrites(_store, clock ?? new ManualClock());

    /// <summary>Every write so far that changed something, in order.</summary>
    public IReadOnlyList<FakeAction> Actions
    {
        get
        {
            lock (_store.Gate)
            {
                return [.. _actions];
            }
        }
    }

    /// <summary>The revision of the last write.</summary>
    public string Revision
    {
        get
        {
            lock (_store.Gate)
            {
                return _store.Revision.ToString();
            }
        }
    }

    /// <summary>Forgets <see cref="Actions"/>: what follows is compared with nothing.</summary>
    public void ClearActions()
    {
        lock (_store.Gate)
        {
            _actions.Clear();
        }
    }

    /// <summary>Refuses the next calls of a verb (get, list, watch, create, update, patch, delete; a subresource as <c>create/binding</c>).</summary>
    /// <param name="verb">The verb.</param>
    /// <param name="type">The kind, or null for any.</param>
    /// <param name="error">The refusal.</param>
    /// <param name="times">How many calls.</param>
    public void FailNext(string verb, ResourceType? type, ApiError error, int times = 1) => AddFault(new Fault(verb, type, error, null, false), times);

    /// <summary>Throws on the next calls, as a lost connection does.</summary>
    /// <param name="verb">The verb.</param>
    /// <param name="type">The kind, or null for any.</param>
    /// <param name="exception">What is thrown.</param>
    /// <param name="afterwards">Whether the write happens all the same: the answer was lost, not the request.</param>
    /// <param name="times">How many calls.</param>
    public void ThrowNext(string verb, ResourceType? type, Exception exception, bool afterwards = false, int times = 1) =>
        AddFault(new Fault(verb, type, null, exception, afterwards), times);

    /// <summary>Stores an object as it is, past every rule, and returns it as stored.</summary>
    public T Seed<T>(T value)
        where T : class, IKubernetesObject<T>
    {
        lock (_store.Gate)
        {
            return Decode<T>(_writes.Seed(T.ResourceType, Encode(T.ResourceType, value)));
        }
    }

    /// <summary>The object as stored, or null.</summary>
    public T? Find<T>(string? ns, string name)
        where T : class, IKubernetesObject<T>
    {
        lock (_store.Gate)
        {
            return _store.Find(T.ResourceType.GroupResource, Key(T.ResourceType, ns, name)) is { } found ? Decode<T>(found) : null;
        }
    }

    /// <summary>All objects of a kind, or of one namespace, in the order of their keys.</summary>
    public IReadOnlyList<T> All<T>(string? ns = null)
        where T : class, IKubernetesObject<T>
    {
        lock (_store.Gate)
        {
            return [.. _store.All(T.ResourceType.GroupResource).Select(Decode<T>).Where(value => ns is null || value.Metadata.Namespace == ns)];
        }
    }

    /// <summary>How many watches of a kind are open: lets a test wait until an informer listens.</summary>
    public int CountWatches(ResourceType type)
    {
        lock (_store.Gate)
        {
            return _store.CountWatchers(type.GroupResource);
        }
    }

    /// <summary>Makes every earlier revision answer 410 to watches.</summary>
    public void Compact()
    {
        lock (_store.Gate)
        {
            _store.Tick();
            _store.Compact();
        }
    }

    /// <summary>Ends open watches: normally, or by throwing <paramref name="because"/>.</summary>
    public void EndWatches(ResourceType? type = null, Exception? because = null)
    {
        lock (_store.Gate)
        {
            _store.EndWatches(type?.GroupResource, because);
        }
    }

    /// <summary>Sends a bookmark to the watchers of a kind.</summary>
    public void Bookmark(ResourceType type)
    {
        lock (_store.Gate)
        {
            _store.Bookmark(type.GroupResource);
        }
    }

    /// <inheritdoc/>
    public Task<ApiResult<T>> GetAsync<T>(ResourceType type, string? ns, string name, CancellationToken cancellationToken)
        where T : class, IKubernetesObject => Call<T>("get", type, cancellationToken, () =>
            _store.Find(type.GroupResource, Key(type, ns, name)) is { } found ? Decode<T>(found) : FakeWrites.NotFound(type, name));

    /// <inheritdoc/>
    public Task<ApiResult<ObjectList<T>>> ListAsync<T>(ResourceType type, string? ns, ListQuery query, CancellationToken cancellationToken)
        where T : class, IKubernetesObject => Call<ObjectList<T>>("list", type, cancellationToken, () =>
            new ObjectList<T>([.. Select(type, ns, query).Select(Decode<T>)], _store.Revision.ToString()));

    /// <inheritdoc/>
    public async IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(
        ResourceType type, string? ns, ListQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class, IKubernetesObject
    {
        if (Consume("watch", type)?.AsError() is { } fault)
        {
            yield return new WatchEvent<T>(WatchEventType.Error, null, fault);
            yield break;
        }

        var initial = new List<T>();
        System.Threading.Channels.Channel<FakeChange>? channel;
        long from;
        lock (_store.Gate)
        {
            from = long.TryParse(query.ResourceVersion, out var asked) && asked > 0 && !query.SendInitialEvents ? asked : _store.Revision;
            if (query.SendInitialEvents || query.ResourceVersion is null or "" or "0")
            {
                initial.AddRange(Select(type, ns, query).Select(Decode<T>));
            }

            channel = _store.Watch(type.GroupResource, from);
        }

        if (channel is null)
        {
            yield return new WatchEvent<T>(WatchEventType.Error, null, new ApiError(ApiErrorReason.Expired, $"too old resource version: {from}"));
            yield break;
        }

        try
        {
            foreach (var value in initial)
            {
                yield return new WatchEvent<T>(WatchEventType.Added, value, null);
            }

            if (query.SendInitialEvents)
            {
                yield return new WatchEvent<T>(WatchEventType.Bookmark, BookmarkOf<T>(type, from, initialEventsEnd: true), null);
            }

            await foreach (var change in channel.Reader.ReadAllAsync(cancellationToken))
            {
                if (Show<T>(type, ns, query, change) is { } shown)
                {
                    yield return shown;
                }
            }
        }
        finally
        {
            _store.Unwatch(channel);
        }
    }

    /// <inheritdoc/>
    public Task<ApiResult<T>> CreateAsync<T>(ResourceType type, T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject => Write<T>("create", type, null, cancellationToken, () => _writes.Create(type, Encode(type, value)));

    /// <inheritdoc/>
    public Task<ApiResult<TAnswer>> CreateSubresourceAsync<TBody, TAnswer>(
        ResourceType type, string? ns, string name, string subresource, TBody body, CancellationToken cancellationToken)
        where TBody : class
        where TAnswer : class => Call<TAnswer>($"create/{subresource}", type, cancellationToken, () =>
        {
            var error = (type.Plural, subresource, body) switch
            {
                ("pods", "binding", Binding binding) => _writes.Bind(Key(type, ns, name), binding),
                ("pods", "eviction", _) => _writes.Delete(type, Key(type, ns, name), new DeleteOptions()),
                _ => new ApiError(ApiErrorReason.NotFound, $"the fake knows no {type.Plural}/{subresource}"),
            };
            if (error is not null)
            {
                return error;
            }

            _actions.Add(new FakeAction("create", $"{type.GroupResource}/{subresource}", Key(type, ns, name)));
            var status = new Status { ApiVersion = "v1", Kind = "Status", StatusValue = "Success", Code = 201 };
            return KubernetesJson.Read<TAnswer>(KubernetesJson.Write(status));
        });

    /// <inheritdoc/>
    public Task<ApiResult<T>> UpdateAsync<T>(ResourceType type, T value, string? subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject =>
        Write<T>("update", type, subresource, cancellationToken, () => _writes.Update(type, Encode(type, value), subresource));

    /// <inheritdoc/>
    public Task<ApiResult<T>> PatchAsync<T>(ResourceType type, string? ns, string name, ApiPatch patch, string? subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject =>
        Write<T>("patch", type, subresource, cancellationToken, () => _writes.Patch(type, Key(type, ns, name), patch, subresource));

    /// <inheritdoc/>
    public async Task<ApiError?> DeleteAsync(ResourceType type, string? ns, string name, DeleteOptions options, CancellationToken cancellationToken)
    {
        var done = await Call<Status>("delete", type, cancellationToken, () =>
        {
            var before = _store.Revision;
            var error = _writes.Delete(type, Key(type, ns, name), options);
            if (error is null && _store.Revision > before)
            {
                _actions.Add(new FakeAction("delete", type.GroupResource, Key(type, ns, name)));
            }

            return error is null ? new Status() : error;
        });
        return done.Error;
    }

    /// <inheritdoc/>
    public async Task<ApiError?> DeleteCollectionAsync(ResourceType type, string? ns, ListQuery query, DeleteOptions options, CancellationToken cancellationToken)
    {
        List<ObjectKey> keys;
        lock (_store.Gate)
        {
            keys = [.. Select(type, ns, query).Select(FakeWrites.KeyOf)];
        }

        foreach (var key in keys)
        {
            if (await DeleteAsync(type, key.Namespace, key.Name, options, cancellationToken) is { Reason: not ApiErrorReason.NotFound } error)
            {
                return error;
            }
        }

        return null;
    }

    private static ObjectKey Key(ResourceType type, string? ns, string name) => new(type.Namespaced ? ns ?? "" : "", name);

    private static JsonObject Encode<T>(ResourceType type, T value)
        where T : class, IKubernetesObject
    {
        var tree = (JsonObject)JsonNode.Parse(KubernetesJson.Write(value))!;
        tree["apiVersion"] = type.ApiVersion;
        tree["kind"] = type.Kind;
        return tree;
    }

    private static T Decode<T>(JsonObject tree)
        where T : class => KubernetesJson.Read<T>(JsonSerializer.SerializeToUtf8Bytes(tree));

    private static T BookmarkOf<T>(ResourceType type, long revision, bool initialEventsEnd)
        where T : class
    {
        var metadata = new JsonObject { ["resourceVersion"] = revision.ToString() };
        if (initialEventsEnd)
        {
            metadata["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
        }

        return Decode<T>(new JsonObject { ["apiVersion"] = type.ApiVersion, ["kind"] = type.Kind, ["metadata"] = metadata });
    }

    private IEnumerable<JsonObject> Select(ResourceType type, string? ns, ListQuery query) => _store.All(type.GroupResource)
        .Where(value => string.IsNullOrEmpty(ns) || value["metadata"]!["namespace"]?.ToString() == ns)
        .Where(value => FakeSelectors.Matches(value, query.LabelSelector, query.FieldSelector));

    // An object that no longer matches is deleted as far as this watcher can see, and the other way round.
    private static WatchEvent<T>? Show<T>(ResourceType type, string? ns, ListQuery query, FakeChange change)
        where T : class
    {
        if (change.Shown is null)
        {
            return query.AllowBookmarks ? new WatchEvent<T>(WatchEventType.Bookmark, BookmarkOf<T>(type, change.Revision, false), null) : null;
        }

        bool Matches(JsonObject? value) => value is not null
            && (string.IsNullOrEmpty(ns) || value["metadata"]!["namespace"]?.ToString() == ns)
            && FakeSelectors.Matches(value, query.LabelSelector, query.FieldSelector);

        WatchEventType? seen = (Matches(change.Old), Matches(change.New)) switch
        {
            (false, true) => WatchEventType.Added,
            (true, true) => WatchEventType.Modified,
            (true, false) => WatchEventType.Deleted,
            _ => null,
        };
        return seen is { } known ? new WatchEvent<T>(known, Decode<T>(change.Shown), null) : null;
    }

#pragma warning disable CA1068 // The act reads best last.
    private Task<ApiResult<T>> Write<T>(string verb, ResourceType type, string? subresource, CancellationToken cancellationToken, Func<ApiResult<JsonObject>> act)
        where T : class => Call<T>(subresource is null ? verb : $"{verb}/{subresource}", type, cancellationToken, () =>
        {
            var before = _store.Revision;
            var written = act();
            if (!written.Succeeded)
            {
                return written.Error;
            }

            if (_store.Revision > before)
            {
                var resource = subresource is null ? type.GroupResource : $"{type.GroupResource}/{subresource}";
                _actions.Add(new FakeAction(verb, resource, FakeWrites.KeyOf(written.Value)));
            }

            return Decode<T>(written.Value);
        });

    private Task<ApiResult<T>> Call<T>(string verb, ResourceType type, CancellationToken cancellationToken, Func<ApiResult<T>> act)
        where T : class
    {
        cancellationToken.ThrowIfCancellationRequested();
        var fault = Consume(verb, type);
        if (fault is { Afterwards: false })
        {
            return fault.Exception is null ? Task.FromResult<ApiResult<T>>(fault.Error!) : Task.FromException<ApiResult<T>>(fault.Exception);
        }

        ApiResult<T> result;
        lock (_store.Gate)
        {
            result = act();
        }

        return fault is null ? Task.FromResult(result) : Task.FromException<ApiResult<T>>(fault.Exception!);
    }

#pragma warning restore CA1068

    private void AddFault(Fault fault, int times)
    {
        lock (_store.Gate)
        {
            _faults.AddRange(Enumerable.Repeat(fault, times));
        }
    }

    private Fault? Consume(string verb, ResourceType type)
    {
        lock (_store.Gate)
        {
            var at = _faults.FindIndex(fault => fault.Verb == verb && (fault.Type is null || fault.Type == type));
            if (at < 0)
            {
                return null;
            }

            var fault = _faults[at];
            _faults.RemoveAt(at);
            return fault;
        }
    }

    private sealed record Fault(string Verb, ResourceType? Type, ApiError? Error, Exception? Exception, bool Afterwards)
    {
        public ApiError AsError() => Error ?? throw Exception!;
    }
}
