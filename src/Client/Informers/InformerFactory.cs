using System.Security.Cryptography;
using KubeAspire.ApiMachinery.Meta;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Client.Informers;

/// <summary>One informer a kind, record and field selector, shared by all who ask.</summary>
public sealed class InformerFactory : IInformerFactory
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(ResourceType Type, string? FieldSelector, Type Record), IStartable> _informers = [];
    private readonly IApiClient _client;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Random _seeds;
    private CancellationToken? _started;

    /// <summary>A factory whose jitter differs from run to run.</summary>
    public InformerFactory(IApiClient client, TimeProvider clock, ILogger<InformerFactory> logger)
        : this(client, clock, logger, RandomNumberGenerator.GetInt32(int.MaxValue))
    {
    }

    /// <summary>A factory whose jitter can be replayed.</summary>
    public InformerFactory(IApiClient client, TimeProvider clock, ILogger<InformerFactory> logger, int seed)
    {
        (_client, _clock, _logger, _seeds) = (client, clock, logger, new Random(seed));
    }

    /// <inheritdoc/>
    public IInformer<T> For<T>(ResourceType type, string? fieldSelector = null)
        where T : class, IKubernetesObject
    {
        lock (_gate)
        {
            var key = (type, fieldSelector, typeof(T));
            if (!_informers.TryGetValue(key, out var informer))
            {
                _informers[key] = informer = new Informer<T>(_client, type, fieldSelector, _clock, new Random(_seeds.Next()), _logger);
            }

            return (IInformer<T>)informer;
        }
    }

    /// <inheritdoc/>
    public void Start(CancellationToken cancellationToken)
    {
        _started = cancellationToken;
        foreach (var informer in Snapshot())
        {
            informer.Start(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public void StartNew()
    {
        if (_started is { } until)
        {
            Start(until);
        }
    }

    /// <inheritdoc/>
    public void Remove<T>(ResourceType type)
        where T : class, IKubernetesObject
    {
        IStartable? informer;
        lock (_gate)
        {
            _informers.Remove((type, null, typeof(T)), out informer);
        }

        informer?.Stop();
    }

    /// <inheritdoc/>
    public Task WhenSyncedAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(Snapshot().Where(informer => informer.Started).Select(informer => informer.Synced)).WaitAsync(cancellationToken);

    private IStartable[] Snapshot()
    {
        lock (_gate)
        {
            return [.. _informers.Values];
        }
    }
}
