using System.Text;
using KubeAspire.StateStore;

namespace KubeAspire.Testing.Histories;

/// <summary>How a history is made.</summary>
public sealed record HistoryOptions
{
    /// <summary>Decides what each client does.</summary>
    public required int Seed { get; init; }

    /// <summary>Clients that write and read. 8.</summary>
    public int Writers { get; init; } = 8;

    /// <summary>Clients that watch. 8.</summary>
    public int Watchers { get; init; } = 8;

    /// <summary>Calls of each writer. 120.</summary>
    public int Calls { get; init; } = 120;

    /// <summary>Different keys. 10: few, so that clients meet.</summary>
    public int Keys { get; init; } = 10;

    /// <summary>Compact after so many commits; 0 for never.</summary>
    public int CompactEvery { get; init; }

    /// <summary>How long a writer waits between two calls. None.</summary>
    public TimeSpan Pause { get; init; }

    /// <summary>The writers go on, beyond <see cref="Calls"/>, until this has ended.</summary>
    public Task Until { get; init; } = Task.CompletedTask;
}

/// <summary>What came out of a history.</summary>
/// <param name="Operations">Calls made.</param>
/// <param name="Unknown">Writes of which nobody knows how they ended.</param>
/// <param name="Events">Events delivered to watches.</param>
/// <param name="Problems">What is wrong; empty where nothing is.</param>
public sealed record HistoryVerdict(int Operations, int Unknown, int Events, IReadOnlyList<string> Problems)
{
    /// <summary>Calls of writers, reads among them, that ended with an error in place of an answer.</summary>
    public int Failed { get; init; }

    /// <summary>Of a hundred calls, how many were answered.</summary>
    public double Availability => Operations == 0 ? 0 : 100.0 * (Operations - Failed) / Operations;

    /// <summary>The longest call that was answered.</summary>
    public TimeSpan Longest { get; init; }
}

/// <summary>Lets clients loose on a store, keeps all that they were told, and judges it.</summary>
/// <param name="options">How.</param>
/// <param name="engines">The store; asked again after a call that failed, when it may be another process on the same data.</param>
public sealed class HistoryRun(HistoryOptions options, Func<CancellationToken, ValueTask<IStateEngine>> engines)
{
    internal const string Collection = "pods";
    internal const string Ns = "default";
    private static readonly TimeSpan s_wait = TimeSpan.FromMilliseconds(20);

    // How long after the last write a watch may take to show it. 10 s: a store that is slow, paused or started again takes one or two.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    // One in so many watches that ended begins again at the beginning.
    private const int SleeperOf = 4;
    private static readonly string[] s_colors = ["red", "blue"];

    private readonly TimeProvider _time = TimeProvider.System;
    private readonly List<WatchedStream> _streams = [];
    private readonly Lock _gate = new();
    private long _compacted;
    private long _finalRevision = long.MaxValue;
    private long _finished;
    private readonly List<string> _stuck = [];
    private readonly TaskCompletionSource _allWatch = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HashSet<int> _watching = [];
    private int _commits;
    private int _failed;

    /// <summary>Makes the history and judges it.</summary>
    public async Task<HistoryVerdict> RunAsync(CancellationToken cancellationToken)
    {
        var watchers = Enumerable.Range(0, options.Watchers).Select(number => Task.Run(() => WatchAsync(number, cancellationToken), cancellationToken)).ToArray();
        var writers = await Task.WhenAll(Enumerable.Range(0, options.Writers).Select(number => Task.Run(() => WriteAsync(number, cancellationToken), cancellationToken)));
        var operations = writers.SelectMany(list => list).Concat(await ReadAllAsync(cancellationToken)).ToList();
        await Task.WhenAll(watchers);
        return Judge(operations);
    }

    private HistoryVerdict Judge(List<Operation> operations)
    {
        var changes = new Changes(operations, _streams.SelectMany(stream => stream.Events));
        var problems = RevisionOrderCheck.Check(operations, changes).Concat(LinearizabilityCheck.Check(operations)).Concat(WatchValidators.Check(_streams, changes)).Concat(_stuck).ToList();
        return new HistoryVerdict(
            operations.Count, operations.Count(operation => operation is { IsWrite: true, Outcome: null }), _streams.Sum(stream => stream.Events.Count()), problems)
        {
            Failed = _failed,
            Longest = operations.Where(operation => operation.IsKnown).Select(operation => _time.GetElapsedTime(operation.Invoked, operation.Returned)).DefaultIfEmpty().Max(),
        };
    }

    // After all: what is there now, to resolve what nobody knows, and the revision that every watch must reach.
    private async Task<IEnumerable<Operation>> ReadAllAsync(CancellationToken cancellationToken)
    {
        var client = ClientOf(options.Writers, await engines(cancellationToken));
        await client.ListAsync(0, cancellationToken);
        for (var key = 0; key < options.Keys; key++)
        {
            await client.GetAsync(KeyOf(key), cancellationToken);
        }

        Volatile.Write(ref _finished, _time.GetTimestamp());
        Volatile.Write(ref _finalRevision, client.Operations[0].Revision);
        return client.Operations;
    }

    private async Task<IReadOnlyList<Operation>> WriteAsync(int number, CancellationToken cancellationToken)
    {
        var random = RandomOf(number);
        // Watches come first: a store that is quick would have nothing left to show them.
        await _allWatch.Task.WaitAsync(cancellationToken);
        var client = ClientOf(number, await engines(cancellationToken));
        for (var call = 0; call < options.Calls || !options.Until.IsCompleted; call++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (options.Pause > TimeSpan.Zero)
            {
                await Task.Delay(options.Pause, _time, cancellationToken);
            }

            try
            {
                await StepAsync(client, random, call, cancellationToken);
            }
            catch (Exception lost) when (lost is IOException or ObjectDisposedException)
            {
                Interlocked.Increment(ref _failed);
                client.Engine = await engines(cancellationToken);
            }
        }

        return client.Operations;
    }

    private HistoryClient ClientOf(int number, IStateEngine engine) => new(number, engine, _time, () => Interlocked.Increment(ref _commits));

    private async Task StepAsync(HistoryClient client, Random random, int call, CancellationToken cancellationToken)
    {
        var key = KeyOf(random.Next(options.Keys));
        var text = $"{client.Number}-{call}-{s_colors[random.Next(s_colors.Length)]}";
        switch (random.Next(100))
        {
            case < 20:
                await client.CreateAsync(key, text, cancellationToken);
                break;
            case < 60:
                await client.UpdateAsync(key, text, cancellationToken);
                break;
            case < 72:
                await client.DeleteAsync(key, cancellationToken);
                break;
            case < 90:
                await client.GetAsync(key, cancellationToken);
                break;
            default:
                await client.ListAsync(random.Next(3) == 0 ? 3 : 0, cancellationToken);
                break;
        }

        if (options.CompactEvery > 0 && Volatile.Read(ref _commits) >= options.CompactEvery && Interlocked.Exchange(ref _commits, 0) >= options.CompactEvery)
        {
            // What was newest a little ago: some watches will be behind it.
            var revision = Math.Max(1, client.Engine.Revision - random.Next(10));
            await client.Engine.CompactAsync(revision, cancellationToken);
            InterlockedMax(ref _compacted, client.Engine.CompactedRevision);
        }
    }

    private async Task WatchAsync(int number, CancellationToken cancellationToken)
    {
        var random = RandomOf(options.Writers + number);
        // A third follows one object, the others all.
        var name = number % 3 == 2 ? $"p{number % options.Keys}" : null;
        var engine = await engines(cancellationToken);
        var (from, before) = (1L, (WatchedStream?)null);
        while (true)
        {
            var stream = new WatchedStream
            {
                From = from, Prefix = name is null ? "" : KeyText(new StateKey(Collection, Ns, name)), Compacted = Volatile.Read(ref _compacted), Resumes = before,
            };
            lock (_gate)
            {
                _streams.Add(stream);
            }

            stream.End = await FollowAsync(number, stream, engine, name, random, cancellationToken);
            if (stream.End == WatchEnd.Stopped && stream.Until >= Volatile.Read(ref _finalRevision))
            {
                return;
            }

            if (HasPatienceEnded())
            {
                lock (_gate)
                {
                    _stuck.Add($"watcher {number} stays at revision {stream.Until}, short of {Volatile.Read(ref _finalRevision)}");
                }

                return;
            }

            if (stream.End == WatchEnd.Lost)
            {
                engine = await engines(cancellationToken);
            }

            // Whoever is told that the past is gone begins anew, from what a list shows. Where the past is compacted, some come back after a long sleep:
            // what they missed is shown, or they are told.
            (from, before) = stream.End == WatchEnd.Expired ? (await NewestAsync(engine, stream.From, cancellationToken), null)
                : options.CompactEvery > 0 && random.Next(SleeperOf) == 0 ? (1, null)
                : (stream.Until, stream);
        }
    }

    private async Task<WatchEnd> FollowAsync(int number, WatchedStream stream, IStateEngine engine, string? name, Random random, CancellationToken cancellationToken)
    {
        var most = random.Next(20, 200);
        try
        {
            using var watch = engine.Watch(new StateRange(Collection, Ns, name), stream.From);
            Announce(number);
            for (var batches = 0; ; batches++)
            {
                var batch = await watch.NextAsync(s_wait, cancellationToken);
                if (batch.Outcome != StateReadOutcome.Ok)
                {
                    return WatchEnd.Expired;
                }

                stream.Batches.Add(new WatchedBatch([.. batch.Events.Select(Read)], batch.Revision));
                if (stream.Until >= Volatile.Read(ref _finalRevision) || batches > most || HasPatienceEnded())
                {
                    return WatchEnd.Stopped; // Sometimes in the middle: to begin again where it ended.
                }
            }
        }
        catch (Exception lost) when (lost is IOException or ObjectDisposedException)
        {
            return WatchEnd.Lost;
        }
    }

    private void Announce(int watcher)
    {
        lock (_gate)
        {
            if (_watching.Add(watcher) && _watching.Count == options.Watchers)
            {
                _allWatch.SetResult();
            }
        }
    }

    private static async ValueTask<long> NewestAsync(IStateEngine engine, long otherwise, CancellationToken cancellationToken)
    {
        try
        {
            return (await engine.ListAsync(new StateRange(Collection, Ns), 0, 1, null, cancellationToken)).Revision;
        }
        catch (Exception lost) when (lost is IOException or ObjectDisposedException)
        {
            return otherwise;
        }
    }

    private bool HasPatienceEnded() => Volatile.Read(ref _finalRevision) < long.MaxValue && _time.GetElapsedTime(Volatile.Read(ref _finished)) > s_patience;

    // The same for the same seed, in every process.
    private Random RandomOf(int client) => new(unchecked((options.Seed * 1_000_003) + client));

    private static WatchedEvent Read(StateEvent change)
    {
        var type = change.Deleted ? "DELETED" : change.Previous is null ? "ADDED" : "MODIFIED";
        return new WatchedEvent(type, KeyText(change.Entry.Key), change.Entry.Revision, TextOf(change.Entry));
    }

    private static StateKey KeyOf(int number) => new(Collection, Ns, $"p{number}");

    internal static string KeyText(StateKey key) => key.ToString() + "|";

    internal static Seen SeenOf(StateEntry entry) => new(KeyText(entry.Key), entry.Revision, TextOf(entry));

    // The text between the last two quotes of StateObjects.Value.
    private static string TextOf(StateEntry entry)
    {
        var text = Encoding.UTF8.GetString(entry.Json.Span);
        var end = text.LastIndexOf('"');
        return text[(text.LastIndexOf('"', end - 1) + 1)..end];
    }

    private static void InterlockedMax(ref long target, long value)
    {
        for (var seen = Volatile.Read(ref target); seen < value; seen = Volatile.Read(ref target))
        {
            Interlocked.CompareExchange(ref target, value, seen);
        }
    }
}
