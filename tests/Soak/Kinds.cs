using System.Globalization;
using KubeAspire.StateStore;
using KubeAspire.Testing;
using KubeAspire.Testing.Histories;
using KubeAspire.Testing.Processes;
using KubeAspire.Testing.StoreDrills;

namespace KubeAspire.Soak;

/// <summary>One thing that is done to the store over and over.</summary>
/// <param name="Name">What the command line calls it.</param>
/// <param name="Unit">What is counted.</param>
/// <param name="InProcesses">Whether it starts processes: those runs are not hurried by the others.</param>
/// <param name="Run">One run from a seed, a second or so: how many there were. Throws on a failure.</param>
/// <param name="WhyNot">Why it cannot be done on this machine; null where it can.</param>
internal sealed record Kind(string Name, string Unit, bool InProcesses, Func<int, CancellationToken, Task<long>> Run, Func<CancellationToken, Task<string?>>? WhyNot = null);

/// <summary>All there are.</summary>
internal static class Kinds
{
    private const int InMemoryRuns = 200;
    private const int FlipsEach = 2_000;
    private const int KillsEach = 10;
    private const int MostFailingSync = 200;
    private const int MostMebibytes = 20;
    private const int MostRestoreCalls = 8;
    private const int RedisCalls = 60;
    private const int SiloFaults = 3;
    private const int HistorySnapshotBytes = 16 * 1024;

    public static IReadOnlyList<Kind> All { get; } =
    [
        new("power", "crashes simulated", false, PowerAsync),
        new("reads", "values read during a sync that then lost power", false, ReadsAsync),
        new("flips", "flipped bits", false, FlipsAsync),
        new("lengths", "lengths that lie", false, LengthsAsync),
        new("kills", "processes killed", true, KillsAsync),
        new("syncs", "failing syncs of the kernel", true, SyncsAsync, StraceAsync),
        new("restores", "restores killed", true, RestoresAsync, StraceAsync),
        new("histories", "calls of clients at once, judged", false, HistoriesAsync),
        new("faults", "calls judged while the process was killed, paused or slow", true, FaultsAsync),
        new("redis", "calls judged on several silos while Redis was killed, paused or left alone", true, RedisAsync, _ => Task.FromResult(RedisServer.WhyNot)),
        new("silos", "calls judged while silos, each a process, or their Redis were killed, paused or restarted", true, SilosAsync, _ => Task.FromResult(SiloCluster.WhyNot)),
        new("disks", "writes refused by full disks", true, DisksAsync, SmallDiskAsync),
    ];

    private static async Task<long> PowerAsync(int seed, CancellationToken cancellationToken)
    {
        // Seeds of different runs do not meet.
        long crashes = 0;
        for (var i = 0; i < InMemoryRuns && !cancellationToken.IsCancellationRequested; i++)
        {
            crashes += await PowerLossDrill.RunAsync(Mix(seed, i));
        }

        return crashes;
    }

    private static async Task<long> ReadsAsync(int seed, CancellationToken cancellationToken)
    {
        long read = 0;
        for (var i = 0; i < InMemoryRuns && !cancellationToken.IsCancellationRequested; i++)
        {
            read += await PowerLossDrill.ReadDuringSyncAsync(Mix(seed, i));
        }

        return read;
    }

    private static async Task<long> FlipsAsync(int seed, CancellationToken cancellationToken)
    {
        var random = new Random(seed);
        var log = await WrittenLog.WriteAsync(seed, commits: random.Next(2, 60), valueBytes: random.Next(10, 2_000));
        var snapshot = await WrittenLog.WriteSnapshotAsync(seed, random.Next(2_000, 80_000));
        var count = default(FlipCount);
        for (var i = 0; i < FlipsEach && !cancellationToken.IsCancellationRequested; i++)
        {
            count += await FlipDrill.FlipAsync(log, random.Next(log.Bytes.Length), random.Next(8));
            count += FlipDrill.FlipSnapshot(snapshot, random.Next(snapshot.Bytes.Length), random.Next(8));
        }

        return count.Total;
    }

    private static async Task<long> LengthsAsync(int seed, CancellationToken cancellationToken)
    {
        var log = await WrittenLog.WriteAsync(seed, commits: 4, valueBytes: 200);
        var snapshot = await WrittenLog.WriteSnapshotAsync(seed, bytes: 3_000);
        long lies = 0;
        for (var i = 0; i < FlipsEach && !cancellationToken.IsCancellationRequested; i++, lies += 2)
        {
            await LengthDrill.LieInLogAsync(log, Mix(seed, i));
            await LengthDrill.LieInSnapshotAsync(snapshot, Mix(seed, i));
        }

        return lies;
    }

    private static async Task<long> KillsAsync(int seed, CancellationToken cancellationToken)
    {
        using var directory = new TemporaryDirectory();
        var drill = new KillDrill(directory.Path, seed);
        for (var i = 0; i < KillsEach; i++)
        {
            await drill.KillOnceAsync(TimeSpan.FromMilliseconds(500), cancellationToken);
        }

        await drill.VerifyLastAsync(cancellationToken);
        return KillsEach;
    }

    private static async Task<long> SyncsAsync(int seed, CancellationToken cancellationToken)
    {
        using var directory = new TemporaryDirectory();
        await FailingSyncDrill.RunAsync(directory.Path, 1 + (seed % MostFailingSync), cancellationToken);
        return 1;
    }

    private static async Task<long> RestoresAsync(int seed, CancellationToken cancellationToken)
    {
        using var directory = new TemporaryDirectory();
        return await KilledRestoreDrill.RunAsync(
            directory.Path, KilledRestoreDrill.Calls[seed % KilledRestoreDrill.Calls.Count], 1 + (seed / KilledRestoreDrill.Calls.Count % MostRestoreCalls), cancellationToken) ? 1 : 0;
    }

    private static async Task<long> DisksAsync(int seed, CancellationToken cancellationToken) =>
        (await FullDiskDrill.RunAsync(1 + (seed % MostMebibytes), cancellationToken)).Refused;

    private static async Task<long> HistoriesAsync(int seed, CancellationToken cancellationToken)
    {
        // Half of them under snapshots and compaction.
        var pressed = seed % 2 == 1;
        await using var store = await TemporaryStateEngine.OpenAsync(configure: options => options.SnapshotAfterLogBytes = pressed ? HistorySnapshotBytes : options.SnapshotAfterLogBytes);
        return await JudgeAsync(new HistoryRun(new HistoryOptions { Seed = seed, CompactEvery = pressed ? 40 : 0 }, _ => ValueTask.FromResult<IStateEngine>(store.Engine)), cancellationToken);
    }

    private static async Task<long> FaultsAsync(int seed, CancellationToken cancellationToken)
    {
        await using var store = new FaultyStore(FaultyStore.All[seed % FaultyStore.All.Count], seed);
        await store.StartAsync(cancellationToken);
        return await JudgeAsync(new HistoryRun(new HistoryOptions { Seed = seed, CompactEvery = 100 }, store.EngineAsync), cancellationToken);
    }

    private static async Task<long> RedisAsync(int seed, CancellationToken cancellationToken)
    {
        await using var redis = await FaultyRedis.StartAsync(seed, cancellationToken);
        var calls = await JudgeAsync(
            new HistoryRun(new HistoryOptions { Seed = seed, Calls = RedisCalls, CompactEvery = seed % 2 * 80, Until = redis.Faulting }, redis.ClientAsync), cancellationToken);
        return redis.Stops.Count == 0 ? calls : throw new InvalidOperationException(redis.Stops[0]);
    }

    private static async Task<long> SilosAsync(int seed, CancellationToken cancellationToken)
    {
        await using var silos = new FaultySilos(FaultySilos.All[seed % FaultySilos.All.Count], seed, SiloFaults);
        await silos.StartAsync(cancellationToken);
        var calls = await JudgeAsync(
            new HistoryRun(new HistoryOptions { Seed = seed, CompactEvery = 100, Pause = TimeSpan.FromMilliseconds(15), Until = silos.Faulting }, silos.ClientAsync), cancellationToken);
        await silos.Faulting;
        return calls;
    }

    private static async Task<long> JudgeAsync(HistoryRun run, CancellationToken cancellationToken)
    {
        var verdict = await run.RunAsync(cancellationToken);
        return verdict.Problems.Count == 0 ? verdict.Operations : throw new InvalidOperationException($"{verdict.Problems.Count} problems:\n{string.Join('\n', verdict.Problems.Take(20))}");
    }

    private static Task<string?> StraceAsync(CancellationToken cancellationToken) => SystemTools.WhyNotAsync("strace");

    private static async Task<string?> SmallDiskAsync(CancellationToken cancellationToken)
    {
        var (mounted, whyNot) = await SmallFileSystem.MountAsync(1, cancellationToken);
        if (mounted is not null)
        {
            await mounted.DisposeAsync();
        }

        return whyNot;
    }

    private static int Mix(int seed, int run) => unchecked((seed * 1_000_003) + run) & int.MaxValue;

    /// <summary>A count with its unit.</summary>
    public static string Describe(this Kind kind, long count, int runs) => string.Create(CultureInfo.InvariantCulture, $"{kind.Name}: {count:N0} {kind.Unit} in {runs:N0} runs");
}
