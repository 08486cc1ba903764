using System.Globalization;
using KubeAspire.Testing;
using KubeAspire.Testing.Histories;
using KubeAspire.Testing.Processes;

namespace KubeAspire.StateStore.Tests.Clusters;

/// <summary>Three silos on Orleans and a real Redis: histories while silos are killed and stopped, judged as those of one process are.</summary>
public sealed class SiloClusterTests(ITestOutputHelper output)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WhatOneSiloWrites_EverySiloHas()
    {
        await using var cluster = await SiloCluster.StartAsync(2);
        for (var i = 0; i < 20; i++)
        {
            var key = new StateKey("pods", "default", $"p{i}");
            var write = await cluster.Silo(i % 2).Engine.CreateAsync(key, StateObjects.Value("1"), Token);
            Assert.Equal((StateOutcome.Committed, i + 2), (write.Outcome, write.Entry!.Revision));
            Assert.Equal(write.Entry.Revision, (await cluster.Silo((i + 1) % 2).Engine.GetAsync(key, Token))!.Revision);
        }
    }

    [Theory]
    [InlineData("killed")]
    [InlineData("paused")]
    public async Task HistoriesWhoseOwnersSilos_AreKeptFromLiving_KeepEveryPromise(string fault)
    {
        await using var cluster = await SiloCluster.StartAsync(3);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var clock = TimeProvider.System;
        var started = clock.GetTimestamp();
        var faulting = Task.Run(() => FaultAsync(cluster, fault, stop.Token), Token);
        var asked = 0;
        var verdict = await new HistoryRun(new HistoryOptions { Seed = 5, Calls = 250, CompactEvery = 100 }, async token =>
        {
            while (true)
            {
                // Of the silos that live, the next one each time.
                var living = cluster.Living;
                if (living.Count > 0 && living[Interlocked.Increment(ref asked) % living.Count] is { HasExited: false } silo)
                {
                    return silo.Engine;
                }

                await Task.Delay(TimeSpan.FromMilliseconds(10), clock, token);
            }
        }).RunAsync(Token);
        await stop.CancelAsync();
        var faults = await faulting;

        Assert.True(verdict.Problems.Count == 0, $"{verdict.Problems.Count} problems\n{string.Join('\n', verdict.Problems.Take(10))}");
        Assert.True(faults > 0, "nothing happened to a silo");
        output.Tell(string.Create(
            CultureInfo.InvariantCulture,
            $"a history on three silos whose owner was {fault} {faults} times checked: {verdict.Operations:N0} calls, {verdict.Unknown} of unknown end, {clock.GetElapsedTime(started).TotalSeconds:0.0} s"));
    }

    [Fact]
    public async Task AfterTheOwnersSiloIsKilled_WritesGoOn()
    {
        await using var cluster = await SiloCluster.StartAsync(3);
        await cluster.Silo(0).Engine.CreateAsync(new StateKey("pods", "default", "first"), StateObjects.Value("1"), Token);
        var owner = await cluster.OwnerAsync();
        var other = cluster.Silo((owner + 1) % 3).Engine;
        var clock = TimeProvider.System;

        var killed = clock.GetTimestamp();
        await cluster.KillAsync(owner);
        var write = await other.CreateAsync(new StateKey("pods", "default", "second"), StateObjects.Value("1"), Token);
        var took = clock.GetElapsedTime(killed);

        Assert.Equal(StateOutcome.Committed, write.Outcome);
        Assert.NotEqual(owner, await cluster.OwnerAsync());
        output.Tell(string.Create(CultureInfo.InvariantCulture, $"from SIGKILL of the owner's silo to the next acknowledged write: {took.TotalSeconds:0.00} s"));
    }

    private static async Task<int> FaultAsync(SiloCluster cluster, string fault, CancellationToken cancellationToken)
    {
        var faults = 0;
        try
        {
            while (faults < 2)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System, cancellationToken);
                var owner = await cluster.OwnerAsync();
                if (fault == "killed")
                {
                    await cluster.KillAsync(owner);
                    faults++;
                    await cluster.StartAsync(owner, cancellationToken);
                    continue;
                }

                // Longer than it takes the others to hold it dead: it wakes as a silo that is no longer one, and ends itself.
                var silo = cluster.Silo(owner);
                await silo.PauseAsync(cancellationToken);
                faults++;
                await Task.Delay(TimeSpan.FromSeconds(8), TimeProvider.System, CancellationToken.None);
                silo.Resume();
                await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, CancellationToken.None);
                await cluster.KillAsync(owner);
                await cluster.StartAsync(owner, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The history is over.
        }

        return faults;
    }
}
