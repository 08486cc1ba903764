using System.Net;
using System.Security.Cryptography;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.ApiServer.Services;
using KubeAspire.Client;
using KubeAspire.Resources;
using KubeAspire.Resources.Core;
using KubeAspire.StateStore;
using KubeAspire.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.ApiServer.Tests.Several;

/// <summary>Several API servers over one store. They draw the same names and numbers, so that they want the same ones.</summary>
internal sealed class SeveralServers : IAsyncDisposable
{
    private readonly TemporaryStateEngine _store;
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<(KubeApiServer Server, StagedEngine Engine, Task Following)> _servers = [];

    private SeveralServers(TemporaryStateEngine store) => _store = store;

    public ManualClock Clock { get; } = new();

    public IStateEngine Store => _store.Engine;

    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<SeveralServers> StartAsync(int count, string serviceRange = "10.96.0.0/12")
    {
        var all = new SeveralServers(await TemporaryStateEngine.OpenAsync());
        for (var at = 0; at < count; at++)
        {
            await all.AddAsync(serviceRange);
        }

        Assert.True((await all[0].CreateAsync(new Namespace { Metadata = new ObjectMeta { Name = "t" } }, Stop)).Succeeded);
        return all;
    }

    /// <summary>The administrator at a server.</summary>
    public IApiClient this[int server] => _servers[server].Server.ClientFor(ApiUser.Named("admin", ApiUser.MastersGroup));

    public StagedEngine Engine(int server) => _servers[server].Engine;

    public KubeApiServer Server(int server) => _servers[server].Server;

    public int Count => _servers.Count;

    public async Task AddAsync(string serviceRange = "10.96.0.0/12", string address = "127.0.0.1")
    {
        var engine = new StagedEngine(Store);
        var options = new ApiServerOptions
        {
            Kinds = BuiltInKinds.All, AdvertiseAddress = address, Port = 6443 + _servers.Count, Name = $"silo-{_servers.Count + 1}", Seed = 1, ServiceRange = IPNetwork.Parse(serviceRange),
        };
        var server = new KubeApiServer(options, engine, _key, Clock, NullLoggerFactory.Instance);
        _servers.Add((server, engine, await server.StartAsync(_stop.Token)));
    }

    /// <summary>The repair as a server would run it.</summary>
    public ServiceClaimsRepair Repair(int server) =>
        new(Engine(server), new ServiceTaking(Engine(server), Clock, NullLogger.Instance), Clock, NullLogger.Instance);

    /// <summary>Names of the claims of a collection, without those of the cluster's own Services.</summary>
    public async Task<List<string>> ClaimsAsync(string collection) =>
        [.. (await Store.ListAsync(new StateRange(collection), 0, 0, null, Stop)).Entries.Select(entry => entry.Key.Name).Where(name => name is not ("10.96.0.1" or "10.96.0.10")).Order(StringComparer.Ordinal)];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var (server, _, following) in _servers)
        {
            await following;
            server.Dispose();
        }

        await _store.DisposeAsync();
        _key.Dispose();
        _stop.Dispose();
    }
}

/// <summary>Holds writes that match until it is opened, and tells when the first has come.</summary>
internal sealed class Hold
{
    private readonly TaskCompletionSource _come = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _parties;
    private int _waiting;

    /// <summary>Holds until <see cref="Open"/>, or until so many writes wait.</summary>
    public Hold(int parties = int.MaxValue) => _parties = parties;

    public Task Come => _come.Task.WaitAsync(TimeSpan.FromSeconds(10));

    public void Open() => _open.TrySetResult();

    public Func<string, StateKey, Task> On(string verb, Func<StateKey, bool> matches) => async (made, key) =>
    {
        if (made != verb || !matches(key) || _open.Task.IsCompleted)
        {
            return;
        }

        _come.TrySetResult();
        if (Interlocked.Increment(ref _waiting) >= _parties)
        {
            Open();
        }

        await _open.Task.WaitAsync(TimeSpan.FromSeconds(10));
    };
}
