using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using KubeAspire.ControllerRuntime.Leadership;
using KubeAspire.StateStore;
using KubeAspire.StateStore.Redis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using StackExchange.Redis;

namespace KubeAspire.Silo.Grains;

/// <summary>How a silo joins the others.</summary>
public sealed record OrleansStoreOptions
{
    /// <summary>The state in Redis, through which the silos find each other, too.</summary>
    public required RedisStateOptions Redis { get; init; }

    /// <summary>The cluster's name: silos of another name in the same Redis are another cluster.</summary>
    public string Cluster { get; init; } = "kubeaspire";

    /// <summary>The address at which the other silos reach this one.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port that they reach it at; 0 for any free one.</summary>
    public int Port { get; init; }
}

/// <summary>The state engine of a cluster of silos: Orleans with its grains, and the engine over Redis whose writes go to the owner grain.</summary>
public sealed class OrleansStateStore : IAsyncDisposable
{
    // One log, one owner: one grain, by the store's name.
    private const string OwnerKey = "store";

    private readonly ILoggerFactory _loggers;
    private readonly TaskCompletionSource<RedisStateEngine> _engine = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<string, RedisStateEngine> _further = new(StringComparer.Ordinal);
    private IHost? _host;
    private int _disposed;

    private OrleansStateStore(ILoggerFactory loggers) => _loggers = loggers;

    /// <summary>The engine.</summary>
    public IStateEngine Engine => _engine.Task.Result;

    /// <summary>Says which silo runs what runs once.</summary>
    public ILeadership Leadership => _host!.Services.GetRequiredService<OrleansLeadership>();

    /// <summary>Joins the cluster, or begins it; the engine has caught up with the log when this returns.</summary>
    /// <param name="options">Where and how. Orleans goes by its <see cref="RedisStateOptions.NetworkClock"/>: the life of silos and the terms of leaders are waits for a network.</param>
    /// <param name="loggers">Takes what is worth knowing.</param>
    /// <param name="clock">Ages history and times watches.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<OrleansStateStore> StartAsync(OrleansStoreOptions options, ILoggerFactory loggers, TimeProvider clock, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        var store = new OrleansStateStore(loggers);
        try
        {
            store._host = BuildHost(options, store, loggers);

            // The engine first: from the moment that this silo is a member, the owner may be activated here.
            store._engine.SetResult(await store.OpenEngineAsync(OwnerKey, options.Redis, clock, cancellationToken));

            // One after the other: of silos that write themselves into the table of members at once, all but one wait seconds and try again.
            await using (await RedisTurn.TakeAsync(options.Redis, "joining", ClusterTimings.Join, cancellationToken))
            {
                await store._host.StartAsync(cancellationToken);
            }

            store._host.Services.GetRequiredService<ClusterMembers>().Follow();
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }

        var silo = store._host.Services.GetRequiredService<ILocalSiloDetails>();
        loggers.CreateLogger<OrleansStateStore>().Joined(options.Cluster, silo.Name, silo.SiloAddress.ToString());
        return store;
    }

    /// <summary>
    /// Opens a further store of the same silos: a log of its own, which a grain of its own owns. A silo that has opened it may become its owner, no other. The contract's tests
    /// run so, each on an empty store of silos that live on.
    /// </summary>
    /// <param name="name">Its name, the same at every silo.</param>
    /// <param name="redis">Where it is: another prefix than that of any other store.</param>
    /// <param name="clock">Ages history and times watches.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IStateEngine> OpenAsync(string name, RedisStateOptions redis, TimeProvider clock, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return _further[name] = await OpenEngineAsync(name, redis, clock, cancellationToken);
    }

    /// <summary>Closes what <see cref="OpenAsync"/> opened here; the other silos' stay open.</summary>
    public ValueTask CloseAsync(string name) => _further.TryRemove(name, out var engine) ? engine.DisposeAsync() : ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        if (_host is { } host)
        {
            await host.Services.GetRequiredService<OrleansLeadership>().DisposeAsync();
            await host.Services.GetRequiredService<ClusterMembers>().DisposeAsync();

            // The owner ends with the silo: it drains, and the next call of any silo activates another.
            await host.StopAsync();
        }

        foreach (var name in _further.Keys)
        {
            await CloseAsync(name);
        }

        if (_engine.Task.IsCompletedSuccessfully)
        {
            await _engine.Task.Result.DisposeAsync();
        }

        _host?.Dispose();
    }

    /// <summary>This silo's engine of the store that a grain owns.</summary>
    internal Task<RedisStateEngine> EngineAsync(string store, CancellationToken cancellationToken) => store == OwnerKey ? _engine.Task.WaitAsync(cancellationToken)
        : _further.TryGetValue(store, out var engine) ? Task.FromResult(engine) : throw new InvalidOperationException($"This silo has not opened the store {store}.");

    private Task<RedisStateEngine> OpenEngineAsync(string store, RedisStateOptions redis, TimeProvider clock, CancellationToken cancellationToken)
    {
        var owner = _host!.Services.GetRequiredService<IGrainFactory>().GetGrain<IStoreOwnerGrain>(store);
        return RedisStateEngine.OpenAsync(redis, _ => new OwnerCalls(owner), _loggers, clock, cancellationToken);
    }

    private static IHost BuildHost(OrleansStoreOptions options, OrleansStateStore store, ILoggerFactory loggers)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        // One logger factory for the process; as an instance it is not disposed with this host.
        builder.Services.Replace(ServiceDescriptor.Singleton(loggers));
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddSingleton(options.Redis.NetworkClock);
        builder.Services.AddSingleton(store);
        builder.Services.AddSingleton<OrleansLeadership>();
        builder.Services.AddSingleton<ClusterMembers>();
        builder.UseOrleans(silo =>
        {
            silo.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (options.Cluster, options.Cluster));
            silo.Configure<SiloOptions>(named => named.SiloName = options.Redis.SiloName);
            silo.Configure<EndpointOptions>(endpoint =>
            {
                (endpoint.AdvertisedIPAddress, endpoint.SiloPort, endpoint.GatewayPort) = (options.Address, options.Port == 0 ? FreePort(options.Address) : options.Port, 0);
                endpoint.SiloListeningEndpoint = new IPEndPoint(options.Address, endpoint.SiloPort);
            });
            silo.UseRedisClustering(redis => redis.ConfigurationOptions = Clustering(options.Redis));
            silo.Configure<ClusterMembershipOptions>(ClusterTimings.Apply);
            silo.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = ClusterTimings.Response);
            silo.Configure<ConnectionOptions>(connection => connection.OpenConnectionTimeout = ClusterTimings.Connect);
        });
        return builder.Build();
    }

    private static ConfigurationOptions Clustering(RedisStateOptions redis)
    {
        var configuration = ConfigurationOptions.Parse(redis.ConnectionString);
        configuration.AbortOnConnectFail = false; // A Redis that is just coming up is waited for.
        return configuration;
    }

    private static int FreePort(IPAddress address)
    {
        using var probe = new TcpListener(address, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>The way to the owner's grain.</summary>
    private sealed class OwnerCalls(IStoreOwnerGrain owner) : ISequencer
    {
        public async ValueTask<SequencerAnswer> SubmitAsync(SequencerRequest request, CancellationToken cancellationToken)
        {
            var answer = await owner.SubmitAsync(request.Encode());
            return new SequencerAnswer((SequencerOutcome)answer.Outcome, answer.Index);
        }
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
