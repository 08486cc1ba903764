using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Client.Informers;

/// <summary>A local, always current copy of a collection: list, watch, and again from where the watch ended.</summary>
/// <remarks>
/// What the copy shows is some revision of the collection, never a mixture: events arrive in the order of revisions, and a new
/// list replaces all at once, handlers hearing of everything that vanished meanwhile. A 410 is answered by a new list.
/// </remarks>
#pragma warning disable CA1001 // A source of cancellation that has no timer holds nothing that must be disposed of.
public sealed class Informer<T> : IInformer<T>, IStartable
    where T : class, IKubernetesObject
#pragma warning restore CA1001
{
    /// <summary>Shortest time after which the server is asked to end a watch; the longest is twice that. 5 min, client-go's reflector.</summary>
    public static readonly TimeSpan WatchTimeout = TimeSpan.FromMinutes(5);

    /// <summary>A watch that ends sooner than this without an event counts as a failure, so that it is not asked for in a tight loop. 1 s.</summary>
    public static readonly TimeSpan ShortWatch = TimeSpan.FromSeconds(1);

    private readonly IApiClient _client;
    private readonly ResourceType _type;
    private readonly string? _fieldSelector;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Random _random;
    private readonly InformerBackoff _backoff;
    private readonly ObjectCache<T> _cache = new();
    private readonly List<Action<T?, T?>> _handlers = [];
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopped = new();
    private Task? _running;
    private string? _revision;

    /// <summary>An informer that has not begun.</summary>
    /// <param name="client">Where to list and watch.</param>
    /// <param name="type">The kind.</param>
    /// <param name="fieldSelector">Only objects whose fields match; null for all.</param>
    /// <param name="clock">The clock of the back-off.</param>
    /// <param name="random">Jitter. Used by this informer alone.</param>
    /// <param name="logger">Hears what goes wrong.</param>
    public Informer(IApiClient client, ResourceType type, string? fieldSelector, TimeProvider clock, Random random, ILogger logger)
    {
        (_client, _type, _fieldSelector, _clock, _random, _logger) = (client, type, fieldSelector, clock, random, logger);
        _backoff = new InformerBackoff(clock, random);
    }

    /// <inheritdoc/>
    public Task Synced => _synced.Task;

    /// <inheritdoc cref="IStartable.Started"/>
    public bool Started => _running is not null;

    /// <summary>The revision that the copy shows; null before the first list.</summary>
    public string? Revision => Volatile.Read(ref _revision);

    /// <inheritdoc/>
    public T? Find(ObjectKey key) => _cache.Find(key);

    /// <inheritdoc/>
    public IReadOnlyCollection<T> List(string? ns = null) => _cache.List(ns);

    /// <inheritdoc/>
    public IReadOnlyCollection<T> ByIndex(string index, string value) => _cache.ByIndex(index, value);

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The informer has started.</exception>
    public void AddIndex(string index, Func<T, IEnumerable<string>> valuesOf)
    {
        ThrowIfStarted();
        if (!_cache.HasIndex(index))
        {
            _cache.AddIndex(index, valuesOf); // Those who share an informer share its indexes: the name says what it files by.
        }
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The informer has started.</exception>
    public void AddHandler(Action<T?, T?> onChange)
    {
        ThrowIfStarted();
        _handlers.Add(onChange);
    }

    /// <summary>Starts listing and watching, until cancelled. Idempotent.</summary>
    public void Start(CancellationToken cancellationToken)
    {
        if (_running is null)
        {
            // An informer lives long: it belongs to no trace that happens to be current.
            using (ExecutionContext.SuppressFlow())
            {
                _running = Task.Run(() => LiveAsync(cancellationToken), CancellationToken.None);
            }
        }
    }

    /// <summary>Ends listing and watching for good; handlers hear that every object is gone. Idempotent.</summary>
    public void Stop() => _stopped.Cancel();

    private async Task LiveAsync(CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopped.Token);
        await RunAsync(ending.Token);
        foreach (var key in cancellationToken.IsCancellationRequested ? [] : _cache.Keys)
        {
            Drop(key);
        }
    }

    private void ThrowIfStarted()
    {
        if (_running is not null)
        {
            throw new InvalidOperationException($"the informer of {_type} has started: indexes and handlers come before");
        }
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (await TurnAsync(cancellationToken))
                {
                    continue;
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                break;
            }
#pragma warning disable CA1031 // An informer outlives whatever the connection does.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                _logger.InformerFailed(_type.GroupResource, _revision ?? "", exception.GetBaseException().Message);
            }

            await Task.Delay(_backoff.Next(), _clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _synced.TrySetCanceled(cancellationToken);
    }

    /// <summary>Lists where there is no revision to go on from, then watches.</summary>
    /// <returns>Whether to go on at once; otherwise after the back-off.</returns>
    private async Task<bool> TurnAsync(CancellationToken cancellationToken)
    {
        var listing = _revision is null;
        if (listing)
        {
            var listed = await _client.ListAsync<T>(_type, null, new ListQuery { FieldSelector = _fieldSelector }, cancellationToken);
            if (!listed.Succeeded)
            {
                Tell("list", listed.Error);
                return false;
            }

            Replace(listed.Value);
        }

        return await WatchAsync(justListed: listing, cancellationToken);
    }

    private async Task<bool> WatchAsync(bool justListed, CancellationToken cancellationToken)
    {
        var started = _clock.GetTimestamp();
        var events = 0;
        var query = new ListQuery
        {
            FieldSelector = _fieldSelector,
            ResourceVersion = _revision,
            AllowBookmarks = true,
            Timeout = WatchTimeout * (1 + _random.NextDouble()),
        };
        await foreach (var change in _client.WatchAsync<T>(_type, null, query, cancellationToken))
        {
            if (change.Type == WatchEventType.Error)
            {
                return Refused(change.Error) && !(justListed && events == 0);
            }

            events++;
            Apply(change.Type, change.Object!);
        }

        return events > 0 || _clock.GetElapsedTime(started) >= ShortWatch;
    }

    private bool Refused(ApiError? error)
    {
        // 410: the revision is gone; only a new list helps, and at once, because nothing is wrong.
        if (error is { Code: 410 })
        {
            _logger.InformerExpired(_type.GroupResource, _revision ?? "");
            Volatile.Write(ref _revision, null);
            return true;
        }

        Tell("watch", error);
        return false;
    }

    // A kind that is not served has gone with its definition; whoever asked for the informer ends it, or the kind comes back.
    private void Tell(string verb, ApiError? error)
    {
        if (error is { Reason: ApiErrorReason.NotFound })
        {
            _logger.KindNotServed(_type.GroupResource);
            return;
        }

        _logger.InformerRefused(_type.GroupResource, verb, error?.Reason ?? ApiErrorReason.Unknown, error?.Message ?? "");
    }

    private void Replace(ObjectList<T> list)
    {
        var present = new HashSet<ObjectKey>(list.Items.Count);
        foreach (var item in list.Items)
        {
            var key = ObjectKey.Of(item);
            present.Add(key);
            if (_cache.Find(key) is not { } old || old.Metadata.ResourceVersion != item.Metadata.ResourceVersion || old.Metadata.Uid != item.Metadata.Uid)
            {
                Put(key, item);
            }
        }

        foreach (var key in _cache.Keys.Where(key => !present.Contains(key)))
        {
            Drop(key);
        }

        Volatile.Write(ref _revision, list.ResourceVersion);
        if (_synced.TrySetResult())
        {
            _logger.InformerSynced(_type.GroupResource, list.Items.Count, list.ResourceVersion);
        }
    }

    private void Apply(WatchEventType type, T value)
    {
        switch (type)
        {
            case WatchEventType.Added or WatchEventType.Modified:
                Put(ObjectKey.Of(value), value);
                break;
            case WatchEventType.Deleted:
                Drop(ObjectKey.Of(value));
                break;
            default:
                break; // A bookmark: only its revision counts.
        }

        if (value.Metadata.ResourceVersion is { Length: > 0 } revision)
        {
            Volatile.Write(ref _revision, revision);
        }
    }

    private void Put(ObjectKey key, T value)
    {
        var old = _cache.Find(key);
        if (old is not null && old.Metadata.Uid != value.Metadata.Uid)
        {
            // Deleted and made again while nobody looked: two objects that share a name, not one that changed.
            Drop(key);
            old = null;
        }

        _cache.Set(key, value);
        Tell(key, old, value);
    }

    private void Drop(ObjectKey key)
    {
        if (_cache.Remove(key) is { } old)
        {
            Tell(key, old, null);
        }
    }

    private void Tell(ObjectKey key, T? old, T? value)
    {
        foreach (var handler in _handlers)
        {
            try
            {
                handler(old, value);
            }
#pragma warning disable CA1031 // One handler's fault is not the others' loss.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                _logger.HandlerFailed(_type.GroupResource, key, exception);
            }
        }
    }
}
