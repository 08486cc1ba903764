using System.Diagnostics;
using KubeAspire.Testing;

namespace KubeAspire.StateStore.Tests;

/// <summary>Random calls, right and wrong ones, against a model that is a dictionary; with restarts, and a watch that resumes over them.</summary>
public sealed class ModelTests
{
    private const int Seeds = 150;
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task AnySequenceOfCalls_AgreesWithTheModel()
    {
        for (var seed = 0; seed < Seeds; seed++)
        {
            await Replay(seed);
        }
    }

    [Fact]
    public async Task AWrite_IsASpan_WithItsKeyAndOutcome()
    {
        List<Activity> ended = [];
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == StateStoreInstruments.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                lock (ended)
                {
                    ended.Add(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        await using var engine = SimulatedEngine.Open(new SimulatedDisk());
        await engine.CreateAsync(StateObjects.Pod("traced"), StateObjects.Value("1"), None);
        lock (ended)
        {
            var span = Assert.Single(ended, activity => Equals(activity.GetTagItem("kubeaspire.store.key"), "pods/default/traced"));
            Assert.Equal((StateStoreInstruments.CommitActivity, "Committed", 2L), (span.OperationName, span.GetTagItem("kubeaspire.store.outcome"), span.GetTagItem("kubeaspire.store.revision")));
        }
    }

    private static async Task Replay(int seed)
    {
        var random = new Random(seed);
        var disk = new SimulatedDisk();
        var options = new StateStoreOptions { Directory = "simulated", SegmentBytes = random.Next(300, 3_000), SnapshotAfterLogBytes = random.Next(2_000, 20_000), ReserveBytes = 64, AllocationBytes = 64 };
        var engine = SimulatedEngine.Open(disk, options);
        Dictionary<string, long> model = [];
        List<Dictionary<string, long>> history = [[], []];
        List<string> signs = [];
        var seen = 1L;
        for (var step = 0; step < 120; step++)
        {
            var name = $"p{random.Next(12)}";
            var key = StateObjects.Pod(name, random.Next(2) == 0 ? "a" : "b");
            var id = key.ToString();
            var current = model.GetValueOrDefault(id);
            var expected = random.Next(4) == 0 ? random.Next(1, history.Count + 1) : current;
            StateOutcome outcome;
            switch (random.Next(8))
            {
                case < 3:
                    outcome = (await engine.CreateAsync(key, StateObjects.Value(name), None)).Outcome;
                    Assert.Equal(current == 0 ? StateOutcome.Committed : StateOutcome.Exists, outcome);
                    Commit('+', id, outcome, history.Count);
                    break;
                case < 5:
                    outcome = (await engine.UpdateAsync(key, StateObjects.Value(name), expected, None)).Outcome;
                    Assert.Equal(current == 0 ? StateOutcome.Missing : expected == current ? StateOutcome.Committed : StateOutcome.Conflict, outcome);
                    Commit('~', id, outcome, history.Count);
                    break;
                case 5:
                    outcome = (await engine.DeleteAsync(key, expected, None)).Outcome;
                    Assert.Equal(current == 0 ? StateOutcome.Missing : expected == current ? StateOutcome.Committed : StateOutcome.Conflict, outcome);
                    Commit('-', id, outcome, 0);
                    break;
                case 6:
                    await CheckList(seed, engine, history, random);
                    break;
                default:
                    if (random.Next(6) == 0)
                    {
                        await engine.DisposeAsync();
                        engine = SimulatedEngine.Open(disk, options);
                    }

                    seen = await CheckWatch(seed, engine, signs, seen);
                    break;
            }

            Assert.True(history.Count - 1 == engine.Revision, $"seed {seed}, step {step}");
        }

        await engine.DisposeAsync();

        void Commit(char sign, string id, StateOutcome outcome, long revision)
        {
            if (outcome != StateOutcome.Committed)
            {
                return;
            }

            signs.Add($"{sign}{id}@{history.Count}");
            _ = revision == 0 ? model.Remove(id) : (model[id] = revision) > 0;
            history.Add(new Dictionary<string, long>(model));
        }
    }

    private static async Task CheckList(int seed, EmbeddedStateEngine engine, List<Dictionary<string, long>> history, Random random)
    {
        var revision = random.Next(1, history.Count);
        var range = new StateRange("pods", random.Next(2) == 0 ? "a" : null);
        List<StateEntry> listed = [];
        StatePage page;
        do
        {
            page = await engine.ListAsync(range, revision, random.Next(1, 6), listed.Count == 0 ? null : listed[^1].Key, None);
            listed.AddRange(page.Entries);
        }
        while (page.More);
        if (page.Outcome == StateReadOutcome.Compacted)
        {
            Assert.True(revision < engine.CompactedRevision, $"seed {seed}");
            return;
        }

        var expected = history[revision].Where(item => range.Namespace is null || item.Key.StartsWith("pods/a/", StringComparison.Ordinal)).OrderBy(item => item.Key, StringComparer.Ordinal);
        Assert.Equal(expected.Select(item => (item.Key, item.Value)), listed.Select(entry => (entry.Key.ToString(), entry.Revision)));
    }

    // Resumes from where the last one ended, over restarts; or is told that it cannot.
    private static async Task<long> CheckWatch(int seed, EmbeddedStateEngine engine, List<string> signs, long seen)
    {
        using var watch = engine.Watch(new StateRange("pods"), seen);
        var batch = await watch.NextAsync(TimeSpan.Zero, None);
        if (batch.Outcome == StateReadOutcome.Compacted)
        {
            Assert.True(seen < engine.CompactedRevision, $"seed {seed}");
            return engine.Revision;
        }

        Assert.Equal(signs.Skip((int)seen - 1), batch.Events.Select(change => $"{(change.Deleted ? '-' : change.Previous is null ? '+' : '~')}{change.Entry.Key}@{change.Entry.Revision}"));
        Assert.Equal(engine.Revision, batch.Revision);
        return batch.Revision;
    }
}
