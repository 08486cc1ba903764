using KubeAspire.StateStore;
using Xunit;
namespace KubeAspire.Testing.StoreDrills;

/// <summary>A history of writes drawn from a seed, with a model of the state at every revision and what was acknowledged of it.</summary>
internal sealed class WrittenHistory(int seed)
{
    private const int Names = 6;
    private readonly Random _random = new(seed);
    private readonly List<string> _states = ["", ""];
    private readonly SortedDictionary<string, (long Create, long Revision, string Text)> _model = new(StringComparer.Ordinal);

    /// <summary>The newest revision whose write was acknowledged.</summary>
    public long Acknowledged { get; private set; } = 1;

    /// <summary>The newest revision that was asked for.</summary>
    public long Asked => _states.Count - 1;

    /// <summary>Writes until the power goes or so many steps are done. A step is one write, then a batch of up to four.</summary>
    public async Task RunAsync(SimulatedDisk disk, int steps)
    {
        EmbeddedStateEngine engine;
        try
        {
            engine = SimulatedEngine.Open(disk);
        }
        catch (PowerLossException)
        {
            return;
        }

        for (var step = 0; step < steps && !disk.PowerLost; step++)
        {
            // While the first write syncs, the others come and are then committed together.
            var behind = new List<Task<StateWrite>>();
            var others = _random.Next(5);
            disk.BeforeSync = () =>
            {
                disk.BeforeSync = null;
                for (var i = 0; i < others; i++)
                {
                    behind.Add(WriteOne(engine));
                }
            };
            var all = new List<Task<StateWrite>> { WriteOne(engine) };
            disk.BeforeSync = null;
            all.AddRange(behind);
            if (_random.Next(10) == 0)
            {
                await TryAsync(engine.CompactAsync(Acknowledged, CancellationToken.None).AsTask());
            }

            foreach (var write in all)
            {
                if (await TryAsync(write))
                {
                    var result = await write;
                    Assert.Equal(StateOutcome.Committed, result.Outcome);
                    Acknowledged = Math.Max(Acknowledged, result.Entry!.Revision);
                }
            }
        }

        await engine.DisposeAsync();
    }

    /// <summary>Opens what the power loss left, compares it with the model, and goes on writing.</summary>
    public async Task VerifyAsync(SimulatedDisk disk, string where)
    {
        EmbeddedStateEngine engine;
        try
        {
            engine = SimulatedEngine.Open(disk);
        }
        catch (StateStoreException exception)
        {
            Assert.Fail($"{where}: {exception.Message}");
            return;
        }

        var revision = engine.Revision;
        Assert.True(revision >= Acknowledged && revision <= Asked, $"{where}: recovered revision {revision}, acknowledged {Acknowledged}, asked {Asked}");
        Assert.True(_states[(int)revision] == await SimulatedEngine.Dump(engine), $"{where}: wrong state at revision {revision}");
        for (var earlier = Math.Max(engine.CompactedRevision, 1); earlier < revision; earlier++)
        {
            var page = await engine.ListAsync(new StateRange("pods"), earlier, 0, null, CancellationToken.None);
            Assert.True(page.Entries.Count == _states[(int)earlier].Split('\n', StringSplitOptions.RemoveEmptyEntries).Length, $"{where}: wrong list at revision {earlier}");
        }

        var write = await engine.CreateAsync(new StateKey("pods", "after", "x"), StateObjects.Value("x"), CancellationToken.None);
        Assert.Equal(revision + 1, write.Entry!.Revision);
        var expected = await SimulatedEngine.Dump(engine);
        await engine.DisposeAsync();

        await using var reopened = SimulatedEngine.Open(disk.AfterPowerLoss(() => Fate.Drop, _ => 0));
        Assert.True(expected == await SimulatedEngine.Dump(reopened), $"{where}: lost after going on");
    }

    private static async Task<bool> TryAsync(Task task)
    {
        try
        {
            await task;
            return true;
        }
        catch (StateStoreException)
        {
            return false;
        }
    }

    // Every write is one that succeeds upon those before it, so the n-th write takes revision n + 1.
    private Task<StateWrite> WriteOne(EmbeddedStateEngine engine)
    {
        var name = $"p{_random.Next(Names)}";
        var key = StateObjects.Pod(name);
        var revision = Asked + 1;
        var text = new string((char)('a' + _random.Next(26)), _random.Next(10) == 0 ? 1_300 : _random.Next(120));
        ValueTask<StateWrite> write;
        if (!_model.TryGetValue(name, out var now))
        {
            _model[name] = (revision, revision, text);
            Note();
            write = engine.CreateAsync(key, StateObjects.Value(text), CancellationToken.None);
        }
        else if (_random.Next(3) > 0)
        {
            _model[name] = (now.Create, revision, text);
            Note();
            write = engine.UpdateAsync(key, StateObjects.Value(text), now.Revision, CancellationToken.None);
        }
        else
        {
            _model.Remove(name);
            Note();
            write = engine.DeleteAsync(key, now.Revision, CancellationToken.None);
        }

        return write.AsTask();
    }

    private void Note() =>
        _states.Add(string.Join('\n', _model.Select(item => $"{StateObjects.Pod(item.Key)} {item.Value.Create} {StateObjects.Stored(item.Value.Text, item.Value.Revision)}")));
}
