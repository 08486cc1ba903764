using KubeAspire.StateStore.Engine;
using KubeAspire.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.StateStore.Tests;

/// <summary>Snapshots are written, and what they make obsolete is deleted, beside commits that begin segments: on a real disk, by real threads.</summary>
public sealed class SnapshotRaceTests(ITestOutputHelper output)
{
    private const int Writers = 4;
    private const int WritesEach = 700;

    [Fact]
    public async Task SnapshotsBesideCommits_NeverStopTheStore_AndLoseNothing()
    {
        using var directory = new TemporaryDirectory();
        var options = new StateStoreOptions { Directory = directory.Path, SegmentBytes = 600, SnapshotAfterLogBytes = 1_000, ReserveBytes = 0, AllocationBytes = 0 };
        List<string> stops = [];
        var snapshots = 0;
        var real = EngineSeams.Real(directory.Path);
        var seams = real with
        {
            FailStop = (message, _) =>
            {
                lock (stops)
                {
                    stops.Add(message);
                }
            },
            Background = work =>
            {
                snapshots++;
                return real.Background(work);
            },
        };
        string expected;
        await using (var engine = EmbeddedStateEngine.Open(options, seams, NullLoggerFactory.Instance, TimeProvider.System))
        {
            await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
            {
                StateEntry? entry = null;
                for (var i = 0; i < WritesEach && stops.Count == 0; i++)
                {
                    var value = StateObjects.Value(new string('x', i % 100));
                    var write = entry is null ? await engine.CreateAsync(StateObjects.Pod($"p{writer}"), value, CancellationToken.None)
                        : await engine.UpdateAsync(entry.Key, value, entry.Revision, CancellationToken.None);
                    Assert.Equal(StateOutcome.Committed, write.Outcome);
                    entry = write.Entry;
                }
            })));
            Assert.True(stops.Count == 0, string.Join('\n', stops));
            expected = await SimulatedEngine.Dump(engine);
        }

        await using var reopened = await EmbeddedStateEngine.OpenAsync(options, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
        Assert.Equal(expected, await SimulatedEngine.Dump(reopened));
        output.Tell($"snapshots beside commits: {snapshots:N0} beside {Writers * WritesEach:N0} writes, nothing stopped, nothing lost");
    }
}
