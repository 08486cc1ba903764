using System.Globalization;

namespace KubeAspire.Testing.Processes;

/// <summary>Several silos, each a process, on a real Redis of their own.</summary>
public sealed class SiloCluster : IAsyncDisposable
{
    private static readonly TimeSpan s_startPatience = TimeSpan.FromSeconds(60);

    private readonly StoreProcess?[] _silos;
    private readonly string _name = $"cluster-{Guid.NewGuid():n}";
    private int _started;
    private int _stores;
    private string? _store;

    private SiloCluster(RedisServer redis, int silos) => (Redis, _silos) = (redis, new StoreProcess?[silos]);

    /// <summary>Why there can be none here; null where there can be.</summary>
    public static string? WhyNot => StoreCluster.WhyNot;

    /// <summary>Their Redis.</summary>
    public RedisServer Redis { get; }

    /// <summary>How many silos there are when all live.</summary>
    public int Count => _silos.Length;

    /// <summary>The silos that were started and neither left nor were killed since.</summary>
    public IReadOnlyList<StoreProcess> Living => [.. _silos.OfType<StoreProcess>()];

    /// <summary>Starts a cluster; every silo answers when this returns.</summary>
    public static async Task<SiloCluster> StartAsync(int silos, CancellationToken cancellationToken)
    {
        var cluster = new SiloCluster(await RedisServer.StartAsync(), silos);
        try
        {
            // The first makes the table of the members; the others then come at once.
            await cluster.JoinAsync(0, cancellationToken);
            await Task.WhenAll(Enumerable.Range(1, silos - 1).Select(silo => cluster.JoinAsync(silo, cancellationToken)));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>A silo that lives.</summary>
    public StoreProcess Silo(int number) => _silos[number]!;

    /// <summary>Starts a silo anew; it answers when this returns.</summary>
    public async Task JoinAsync(int number, CancellationToken cancellationToken)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"silo-{number}-{Interlocked.Increment(ref _started)}");
        _silos[number] = await StoreProcess.StartAsync(
            "", new StoreProcessOptions { Cluster = new StoreCluster(Redis.ConnectionString, _name, name), Patience = s_startPatience }, cancellationToken);
        if (_store is { } store)
        {
            await _silos[number]!.Engine.OpenStoreAsync(store, manualClock: false, cancellationToken);
        }
    }

    /// <summary>Kills a silo with SIGKILL, and waits until it is gone.</summary>
    public async Task KillAsync(int number)
    {
        var silo = Take(number);
        await silo.KillAsync();
        await silo.DisposeAsync();
    }

    /// <summary>Lets a silo leave in order, and waits until it is gone: new callers do not find it, those it has are answered or sent on.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> LeaveAsync(int number, CancellationToken cancellationToken)
    {
        var silo = Take(number);
        try
        {
            return await silo.StopAsync(cancellationToken);
        }
        finally
        {
            await silo.DisposeAsync();
        }
    }

    /// <summary>Which silo owns the store, as the last takeover in the log says. Before the first write nobody does: that is waited for.</summary>
    public async Task<int> OwnerAsync(CancellationToken cancellationToken) =>
        NumberOf(await TakeoverLog.LastAsync(Redis, _store ?? _name, cancellationToken));

    /// <summary>Starts the silos that were killed or left, and goes over to a new, empty store: the engines of all silos, also of those that join later, then stand for it. Nobody owns it yet.</summary>
    public async Task BeginAnewAsync(CancellationToken cancellationToken)
    {
        _store = NewName();
        await Task.WhenAll(Enumerable.Range(0, Count).Select(number =>
            _silos[number] is { HasExited: false } silo ? silo.Engine.OpenStoreAsync(_store, manualClock: false, cancellationToken) : JoinAsync(number, cancellationToken)));
    }

    /// <summary>Opens a further store, an empty one, of silos that all live; one of them owns it when this returns.</summary>
    /// <param name="clock">All silos' sides of it follow this clock. What the silos and their connections to Redis wait for is on the system's.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<SiloClusterStore> OpenStoreAsync(ManualClock clock, CancellationToken cancellationToken)
    {
        var name = NewName();
        var store = await SiloClusterStore.OpenAsync(Living, name, clock, cancellationToken);
        try
        {
            store.Owner = NumberOf(await TakeoverLog.LastAsync(Redis, name, cancellationToken));
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var silo in _silos.OfType<StoreProcess>())
        {
            await silo.DisposeAsync();
        }

        await Redis.DisposeAsync();
    }

    private string NewName() => string.Create(CultureInfo.InvariantCulture, $"{_name}-{Interlocked.Increment(ref _stores)}");

    private static int NumberOf(string silo) => int.Parse(silo.Split('-')[1], CultureInfo.InvariantCulture);

    private StoreProcess Take(int number)
    {
        var silo = _silos[number]!;
        _silos[number] = null;
        return silo;
    }
}
