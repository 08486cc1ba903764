using KubeAspire.StateStore;
using KubeAspire.Testing.Processes;
using Xunit;

namespace KubeAspire.Testing.StoreDrills;

/// <summary>
/// A store in a process of its own is killed (SIGKILL) at drawn moments under eight writers, and opened again on the same directory. The writers'
/// notes of what was acknowledged are held against what is there.
/// </summary>
internal sealed class KillDrill(string directory, int seed)
{
    private const int Writers = 8;
    private const int NamesEach = 4;

    private readonly Random _random = new(seed);
    private readonly Writer[] _writers = [.. Enumerable.Range(0, Writers).Select(number => new Writer(number, new Random((seed * Writers) + number)))];
    private long _revision = EmbeddedStateEngine.FirstRevision;

    /// <summary>Writes that were acknowledged.</summary>
    public int Acknowledged => _writers.Sum(writer => writer.Acknowledged);

    /// <summary>Kills that met at least one call in flight.</summary>
    public int InFlight { get; private set; }

    /// <summary>How long each store took from the start of its process to its first answer.</summary>
    public List<TimeSpan> ReadyAfter { get; } = [];

    // Low enough that kills meet segments being begun, snapshots being written and files being deleted.
    private static StoreProcessOptions Options { get; } = new() { Store = new StateStoreOptions { SegmentBytes = 64 << 10, SnapshotAfterLogBytes = 256 << 10, ReserveBytes = 16 << 10, AllocationBytes = 64 << 10 } };

    /// <summary>Starts, verifies what the last kill left, writes, kills.</summary>
    /// <param name="most">The longest that writers may write.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task KillOnceAsync(TimeSpan most, CancellationToken cancellationToken)
    {
        await using var store = await StoreProcess.StartAsync(directory, Options, cancellationToken);
        ReadyAfter.Add(store.ReadyAfter);
        await VerifyAsync(store.Engine, cancellationToken);
        var writing = Task.WhenAll(_writers.Select(writer => writer.WriteUntilKilledAsync(store.Engine)));
        await Task.Delay(TimeSpan.FromMilliseconds(_random.Next(1, (int)most.TotalMilliseconds)), TimeProvider.System, cancellationToken);
        Assert.False(store.HasExited, $"kill, seed {seed}: the process ended by itself");
        await store.KillAsync();
        await writing;
        InFlight += _writers.Any(writer => writer.IsOpen) ? 1 : 0;
    }

    /// <summary>Starts once more and verifies.</summary>
    public async Task VerifyLastAsync(CancellationToken cancellationToken)
    {
        await using var store = await StoreProcess.StartAsync(directory, Options, cancellationToken);
        ReadyAfter.Add(store.ReadyAfter);
        await VerifyAsync(store.Engine, cancellationToken);
        Assert.Equal(0, await store.StopAsync(cancellationToken));
    }

    private async Task VerifyAsync(StoreProcessEngine engine, CancellationToken cancellationToken)
    {
        var page = await engine.ListAsync(new StateRange("pods"), 0, 0, null, cancellationToken);
        var found = page.Entries.ToDictionary(entry => entry.Key.Name);
        var committed = 0L;
        foreach (var writer in _writers)
        {
            committed += writer.Settle(found, $"kill, seed {seed}, after {ReadyAfter.Count - 1} kills");
        }

        Assert.True(found.Count == 0, $"kill, seed {seed}: objects that nobody wrote: {string.Join(", ", found.Keys)}");

        // No gap and nothing twice: the revision has grown by exactly what took place.
        Assert.True(page.Revision == _revision + committed, $"kill, seed {seed}: revision {page.Revision}, but {_revision} and {committed} writes make {_revision + committed}");
        _revision = page.Revision;
    }

    // Owns its names, and has one call under way at most: so it knows the state of each but for that one.
    private sealed class Writer(int number, Random random)
    {
        private readonly Dictionary<string, (long Revision, string Json)> _known = [];
        private (string Name, string? Wanted)? _open;
        private int _sinceStart;
        private int _count;

        public int Acknowledged { get; private set; }

        public bool IsOpen => _open is not null;

        public async Task WriteUntilKilledAsync(StoreProcessEngine engine)
        {
            try
            {
                while (true)
                {
                    await WriteAsync(engine);
                }
            }
            catch (StoreProcessEndedException)
            {
                // Whether the open call took place, the next start tells.
            }
            catch (StoreProcessGoneException)
            {
                _open = null; // It did not.
            }
        }

        /// <summary>Compares what is there with what is known, learns how the open call ended, and takes its objects out.</summary>
        /// <returns>How many writes took place since the last start.</returns>
        public long Settle(Dictionary<string, StateEntry> found, string where)
        {
            long committed = _sinceStart;
            for (var i = 0; i < NamesEach; i++)
            {
                var name = NameOf(i);
                found.Remove(name, out var entry);
                var known = _known.TryGetValue(name, out var was);
                if (known == entry is not null && (entry is null || (entry.Revision == was.Revision && entry.Text() == was.Json)))
                {
                    continue;
                }

                Assert.True(_open?.Name == name, $"{where}: {name} is {(entry is null ? "gone" : entry.Text())}, acknowledged was {(known ? was.Json : "nothing")}");
                var wanted = _open!.Value.Wanted;
                Assert.True(
                    wanted is null ? entry is null : entry is not null && entry.Revision > was.Revision && entry.Text() == StateObjects.Stored(wanted, entry.Revision),
                    $"{where}: {name} is {(entry is null ? "gone" : entry.Text())}, asked for was {wanted ?? "its end"}");
                committed++;
                if (entry is null)
                {
                    _known.Remove(name);
                }
                else
                {
                    _known[name] = (entry.Revision, entry.Text());
                }
            }

            (_open, _sinceStart) = (null, 0);
            return committed;
        }

        private async Task WriteAsync(StoreProcessEngine engine)
        {
            var name = NameOf(random.Next(NamesEach));
            var text = $"{number}-{_count++}-{new string('x', random.Next(600))}";
            var known = _known.TryGetValue(name, out var was);
            var delete = known && random.Next(5) == 0;
            _open = (name, delete ? null : text);
            var write = delete ? await engine.DeleteAsync(StateObjects.Pod(name), was.Revision, CancellationToken.None)
                : known ? await engine.UpdateAsync(StateObjects.Pod(name), StateObjects.Value(text), was.Revision, CancellationToken.None)
                : await engine.CreateAsync(StateObjects.Pod(name), StateObjects.Value(text), CancellationToken.None);
            Assert.Equal(StateOutcome.Committed, write.Outcome);
            _open = null;
            _sinceStart++;
            Acknowledged++;
            if (delete)
            {
                _known.Remove(name);
            }
            else
            {
                _known[name] = (write.Entry!.Revision, write.Entry.Text());
            }
        }

        private string NameOf(int i) => $"w{number}-{i}";
    }
}
