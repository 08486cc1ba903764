using KubeAspire.StateStore;
using KubeAspire.Testing.Processes;

namespace KubeAspire.Testing.Histories;

/// <summary>Three silos on a Redis to which something happens while clients use them: most of it to the silo that owns the store, where it costs most.</summary>
/// <param name="fault">
/// <c>killed</c>: SIGKILL of the owner's silo, and a start. <c>paused</c>: SIGSTOP of the owner's silo for longer than the others' patience. <c>restarted</c>: all
/// silos leave in order and join again, one after the other. <c>redis killed</c>, <c>redis paused</c>: the same to Redis.
/// </param>
/// <param name="seed">Decides when.</param>
/// <param name="times">How often; of restarts, how many silos.</param>
/// <param name="shared">The silos, all living, on an empty store; null for some of its own.</param>
public sealed class FaultySilos(string fault, int seed, int times, SiloCluster? shared = null) : IAsyncDisposable
{
    /// <summary>What can happen.</summary>
    public static IReadOnlyList<string> All { get; } = ["killed", "paused", "restarted", "redis killed", "redis paused"];

    private const int Silos = 3;

    // How long a silo that slept stays awake beside the one that has its place. It learns within a second or so that it is held dead, and ends itself.
    private static readonly TimeSpan s_awake = TimeSpan.FromSeconds(2);

    // Three probes of a second, the votes, and whatever else the machine does.
    private static readonly TimeSpan s_deathPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_leavePatience = TimeSpan.FromSeconds(30);

    private readonly Random _random = new(seed);
    private readonly CancellationTokenSource _stop = new();
    private SiloCluster? _cluster;
    private int _asked;

    /// <summary>How often something happened.</summary>
    public int Faults { get; private set; }

    /// <summary>How long the silos took that left in order.</summary>
    public List<TimeSpan> Leaves { get; } = [];

    /// <summary>Ends when all that is to happen has.</summary>
    public Task Faulting { get; private set; } = Task.CompletedTask;

    /// <summary>Starts the silos, where they are its own, and what happens to them.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _cluster = shared ?? await SiloCluster.StartAsync(Silos, cancellationToken);
        Faulting = Task.Run(FaultAsync, CancellationToken.None);
    }

    /// <summary>A client of the silos that begins at another one each time.</summary>
    public async ValueTask<IStateEngine> ClientAsync(CancellationToken cancellationToken) => new NextSiloEngine(NextAsync, await NextAsync(cancellationToken));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Faulting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_cluster is { } cluster && shared is null)
        {
            await cluster.DisposeAsync();
        }

        _stop.Dispose();
    }

    private async ValueTask<IStateEngine> NextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var living = _cluster!.Living;
            if (living.Count > 0 && living[(int)((uint)Interlocked.Increment(ref _asked) % living.Count)] is { HasExited: false } silo)
            {
                return silo.Engine;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, cancellationToken);
        }
    }

    private async Task FaultAsync()
    {
        var restarted = new HashSet<int>();
        try
        {
            while (Faults < times)
            {
                await WaitAsync(_random.Next(200, 600));
                await (fault switch
                {
                    "killed" => KillAsync(_cluster!),
                    "paused" => PauseAsync(_cluster!),
                    "restarted" => RestartAsync(_cluster!, restarted),
                    "redis killed" => KillRedisAsync(_cluster!.Redis),
                    "redis paused" => PauseRedisAsync(_cluster!.Redis),
                    _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, "nothing that can happen"),
                });
                Faults++;
            }

            // What comes after the last is judged, too.
            await WaitAsync(500);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The history is over.
        }
    }

    private async Task KillAsync(SiloCluster cluster)
    {
        var owner = await cluster.OwnerAsync(_stop.Token);
        await cluster.KillAsync(owner);
        await cluster.JoinAsync(owner, _stop.Token);
    }

    private async Task PauseAsync(SiloCluster cluster)
    {
        var owner = await cluster.OwnerAsync(_stop.Token);
        var silo = cluster.Silo(owner);
        await silo.PauseAsync(_stop.Token);
        using (var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token))
        {
            // Until the others hold it dead, and one of them has the store.
            patience.CancelAfter(s_deathPatience);
            while (await cluster.OwnerAsync(patience.Token) == owner)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, patience.Token);
            }
        }

        silo.Resume();
        // Awake beside the new owner, for as long as it lives on.
        await silo.WaitForExitAsync(_stop.Token).WaitAsync(s_awake, TimeProvider.System).ContinueWith(_ => { }, TaskScheduler.Default);
        await cluster.KillAsync(owner);
        await cluster.JoinAsync(owner, _stop.Token);
    }

    // The owner first, and whoever owns the store then next, as long as it has not been its turn.
    private async Task RestartAsync(SiloCluster cluster, HashSet<int> restarted)
    {
        if (restarted.Count == cluster.Count)
        {
            restarted.Clear();
        }

        var owner = await cluster.OwnerAsync(_stop.Token);
        var next = restarted.Contains(owner) ? Enumerable.Range(0, cluster.Count).First(silo => !restarted.Contains(silo)) : owner;
        restarted.Add(next);
        var clock = TimeProvider.System;
        var began = clock.GetTimestamp();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        patience.CancelAfter(s_leavePatience);
        var code = await cluster.LeaveAsync(next, patience.Token);
        Leaves.Add(clock.GetElapsedTime(began));
        if (code != 0)
        {
            throw new InvalidOperationException($"A silo that left in order ended with code {code}.");
        }

        await cluster.JoinAsync(next, _stop.Token);
    }

    private async Task KillRedisAsync(RedisServer redis)
    {
        await redis.KillAsync();
        await WaitAsync(_random.Next(0, 1_000));
        await redis.StartAgainAsync();
    }

    private async Task PauseRedisAsync(RedisServer redis)
    {
        redis.Pause();
        try
        {
            await WaitAsync(_random.Next(100, 2_000));
        }
        finally
        {
            redis.Resume();
        }
    }

    private Task WaitAsync(int milliseconds) => Task.Delay(TimeSpan.FromMilliseconds(milliseconds), TimeProvider.System, _stop.Token);
}
