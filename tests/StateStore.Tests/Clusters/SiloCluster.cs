using System.Globalization;
using KubeAspire.Testing.Processes;

namespace KubeAspire.StateStore.Tests.Clusters;

/// <summary>Several silos, each a process, on a real Redis.</summary>
internal sealed class SiloCluster : IAsyncDisposable
{
    private readonly List<StoreProcess?> _silos = [];
    private readonly RedisServer _redis;
    private readonly string _name = $"cluster-{Guid.NewGuid():n}";
    private int _started;

    private SiloCluster(RedisServer redis) => _redis = redis;

    /// <summary>The silos that were started and not killed since.</summary>
    public IReadOnlyList<StoreProcess> Living => [.. _silos.OfType<StoreProcess>()];

    public RedisServer Redis => _redis;

    public int Count => _silos.Count;

    /// <summary>Starts a cluster; every silo answers when this returns.</summary>
    public static async Task<SiloCluster> StartAsync(int silos)
    {
        Assert.SkipWhen(StoreCluster.WhyNot is not null, StoreCluster.WhyNot ?? "");
        var cluster = new SiloCluster(await RedisServer.StartAsync());
        for (var silo = 0; silo < silos; silo++)
        {
            cluster._silos.Add(null);
            await cluster.StartAsync(silo, TestContext.Current.CancellationToken);
        }

        return cluster;
    }

    public StoreProcess Silo(int number) => _silos[number]!;

    public async Task StartAsync(int number, CancellationToken cancellationToken)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"silo-{number}-{_started++}");
        _silos[number] = await StoreProcess.StartAsync(
            "", new StoreProcessOptions { Cluster = new StoreCluster(_redis.ConnectionString, _name, name), Patience = TimeSpan.FromSeconds(60) }, cancellationToken);
    }

    public async Task KillAsync(int number)
    {
        var silo = _silos[number]!;
        await silo.KillAsync();
        _silos[number] = null;
        await silo.DisposeAsync();
    }

    /// <summary>Which silo owns the store, as the log's last takeover says.</summary>
    public async Task<int> OwnerAsync()
    {
        var names = Living.Count == 0 ? "" : await OwnerNameAsync();
        return int.Parse(names.Split('-')[1], CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in _silos.OfType<StoreProcess>())
        {
            await silo.DisposeAsync();
        }

        await _redis.DisposeAsync();
    }

    // Takeovers are few and small entries with the silo's name in them.
    private async Task<string> OwnerNameAsync()
    {
        var log = await _redis.ReadAllAsync($"XREVRANGE {{{_name}}}:log + -");
        var at = log.IndexOf("silo-", StringComparison.Ordinal);
        var end = at;
        while (end < log.Length && (char.IsAsciiLetterOrDigit(log[end]) || log[end] == '-'))
        {
            end++;
        }

        return log[at..end];
    }
}
