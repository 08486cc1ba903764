using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client.Informers;
using KubeAspire.Resources.Core;
using KubeAspire.Testing;
using KubeAspire.Testing.Api;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.Client.Tests.Informers;

public sealed class InformerTests : IDisposable
{
    private static readonly TimeSpan s_longestBackoff = TimeSpan.FromSeconds(60);

    private readonly ManualClock _clock = new();
    private readonly FakeApiClient _api;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<string> _heard = [];
    private readonly InformerFactory _factory;

    public InformerTests()
    {
        _api = new FakeApiClient(_clock);
        _factory = new InformerFactory(_api, _clock, NullLogger<InformerFactory>.Instance, seed: 1);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    [Fact]
    public async Task ListsThenWatches_AndTellsOfEveryChangeInOrder()
    {
        Make("a");
        Make("b");
        var informer = await StartAsync();
        Assert.Equal(["+a", "+b"], Heard());
        Assert.Equal(2, informer.List().Count);

        Make("c");
        await WriteAsync("a", "2");
        await _api.DeleteAsync<ConfigMap>("default", "b", new DeleteOptions(), CancellationToken.None);
        await UntilAsync(() => Heard().Count == 5);
        Assert.Equal(["+a", "+b", "+c", "a:1>2", "-b"], Heard());
        Assert.Null(informer.Find("default", "b"));
        Assert.Equal("2", informer.Find("default", "a")!.Data!["v"]);
    }

    [Fact]
    public async Task AKindThatGoes_IsForgotten_AndOneThatComesIsStarted()
    {
        Make("a");
        await StartAsync();
        _factory.Remove<ConfigMap>(ConfigMap.ResourceType);
        await UntilAsync(() => Heard().Count == 2);
        Assert.Equal(["+a", "-a"], Heard());

        var again = _factory.For<ConfigMap>();
        again.AddHandler((before, after) => { lock (_heard) { _heard.Add($"again {(after ?? before)!.Metadata.Name}"); } });
        _factory.StartNew();
        await again.Synced.WaitAsync(TimeSpan.FromSeconds(10), CancellationToken.None);
        Assert.Equal(["+a", "-a", "again a"], Heard());
    }

    [Fact]
    public async Task AWatchThatEnds_IsResumedFromTheLastRevision_WithoutANewList()
    {
        Make("a");
        await StartAsync();
        Make("b");
        await UntilAsync(() => Heard().Count == 2);
        _api.FailNext("list", ConfigMap.ResourceType, new ApiError(ApiErrorReason.InternalError, "no list is needed"));

        _api.EndWatches();
        Make("c");
        await UntilAsync(() => Heard().Count == 3);
        Assert.Equal(["+a", "+b", "+c"], Heard());
    }

    [Fact]
    public async Task ABrokenConnection_IsResumedAfterTheBackOff()
    {
        Make("a");
        await StartAsync();
        _api.EndWatches(because: new HttpRequestException("connection reset"));
        await UntilAsync(() => _clock.ArmedTimers == 1);
        Make("b");
        Assert.Equal(["+a"], Heard());

        _clock.Advance(InformerBackoff.Initial * 2); // With the largest jitter.
        await UntilAsync(() => Heard().Count == 2);
    }

    [Fact]
    public async Task Expired_ListsAnew_AndDeliversWhatVanished()
    {
        Make("a");
        Make("b");
        var informer = await StartAsync();
        _api.EndWatches(because: new HttpRequestException("away"));
        await UntilAsync(() => _clock.ArmedTimers == 1);

        await _api.DeleteAsync<ConfigMap>("default", "a", new DeleteOptions(), CancellationToken.None);
        await WriteAsync("b", "2");
        Make("c");
        _api.Compact();
        _clock.Advance(s_longestBackoff);
        await UntilAsync(() => Heard().Count == 5);

        Assert.Equal(["b:1>2", "+c", "-a"], Heard()[2..]);
        Assert.Equal(["b", "c"], informer.List().Select(map => map.Metadata.Name!).Order());
    }

    [Fact]
    public async Task ABookmark_KeepsTheRevisionFresh_SoThatACompactionCostsNoList()
    {
        Make("a");
        var informer = (Informer<ConfigMap>)await StartAsync();
        _api.Seed(new Secret { Metadata = new ObjectMeta { Namespace = "default", Name = "noise" } });
        _api.Bookmark(ConfigMap.ResourceType);
        await UntilAsync(() => informer.Revision == _api.Revision);
    }

    [Fact]
    public async Task RemadeUnderTheSameName_IsADeletionAndAnAddition()
    {
        Make("a");
        await StartAsync();
        _api.EndWatches(because: new HttpRequestException("away"));
        await UntilAsync(() => _clock.ArmedTimers == 1);
        await _api.DeleteAsync<ConfigMap>("default", "a", new DeleteOptions(), CancellationToken.None);
        Make("a");
        _api.Compact();
        _clock.Advance(s_longestBackoff);
        await UntilAsync(() => Heard().Count == 3);
        Assert.Equal(["+a", "-a", "+a"], Heard());
    }

    [Fact]
    public async Task RefusedLists_AreRetried_AndSyncedWaits()
    {
        Make("a");
        _api.FailNext("list", ConfigMap.ResourceType, new ApiError(ApiErrorReason.Forbidden, "not yet"), times: 2);
        var informer = Listen();
        _factory.Start(_stop.Token);
        await UntilAsync(() => _clock.ArmedTimers == 1);
        Assert.False(informer.Synced.IsCompleted);
        _clock.Advance(s_longestBackoff);
        await UntilAsync(() => _clock.ArmedTimers == 1 || informer.Synced.IsCompleted);
        _clock.Advance(s_longestBackoff);
        await informer.Synced.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(["+a"], Heard());
    }

    [Fact]
    public async Task AFaultyHandler_DoesNotKeepTheOthersFromHearing()
    {
        var informer = _factory.For<ConfigMap>();
        informer.AddHandler((_, _) => throw new InvalidOperationException("faulty"));
        Make("a");
        await StartAsync();
        Assert.Equal(["+a"], Heard());
    }

    [Fact]
    public async Task Indexes_FollowTheObjects()
    {
        var informer = _factory.For<ConfigMap>();
        informer.AddIndex("v", map => [map.Data!["v"]]);
        Make("a");
        Make("b");
        await StartAsync();
        Assert.Equal(["a", "b"], informer.ByIndex("v", "1").Select(map => map.Metadata.Name!).Order());

        await WriteAsync("a", "2");
        await UntilAsync(() => informer.ByIndex("v", "2").Count == 1);
        Assert.Equal(["b"], informer.ByIndex("v", "1").Select(map => map.Metadata.Name));
        Assert.Equal(2, informer.List("default").Count);
        Assert.Empty(informer.List("other"));
        Assert.Throws<ArgumentException>(() => informer.ByIndex("unknown", ""));
        Assert.Throws<InvalidOperationException>(() => informer.AddHandler((_, _) => { }));
    }

    [Fact]
    public async Task ASettledCopy_GivesTheSameSnapshotToEveryReader()
    {
        Make("a");
        var informer = await StartAsync();
        Assert.Same(informer.List(), informer.List());
        Assert.Same(_factory.For<ConfigMap>(), informer);
        Assert.NotSame(_factory.For<ConfigMap>("metadata.name=a"), informer);
    }

    [Fact]
    public async Task AFieldSelector_IsTheServers()
    {
        var informer = _factory.For<Pod>("spec.nodeName=node-1");
        _factory.Start(_stop.Token);
        await _factory.WhenSyncedAsync(CancellationToken.None);
        await UntilAsync(() => _api.CountWatches(Pod.ResourceType) == 1);
        await _api.CreateAsync(new Pod { Metadata = new ObjectMeta { Namespace = "default", Name = "p" } }, CancellationToken.None);
        var binding = new Binding { Target = new ObjectReference { Kind = "Node", Name = "node-1" } };
        await _api.CreateSubresourceAsync<Binding, Status>(Pod.ResourceType, "default", "p", "binding", binding, CancellationToken.None);
        await UntilAsync(() => informer.List().Count == 1);
    }

    /// <summary>Whatever the connection does, the copy is the collection once it is quiet.</summary>
    [Fact]
    public async Task AnyFaults_LeaveTheCopyEqualToTheStore()
    {
        var random = new Random(20_301);
        var informer = (Informer<ConfigMap>)await StartAsync();
        for (var step = 0; step < 400; step++)
        {
            var name = $"m{random.Next(12)}";
            switch (random.Next(8))
            {
                case 0:
                    _api.EndWatches();
                    break;
                case 1:
                    _api.EndWatches(because: new HttpRequestException("reset"));
                    break;
                case 2:
                    _api.Compact();
                    break;
                case 3:
                    await _api.DeleteAsync<ConfigMap>("default", name, new DeleteOptions(), CancellationToken.None);
                    break;
                default:
                    _api.Seed(new ConfigMap { Metadata = new ObjectMeta { Namespace = "default", Name = name }, Data = new Dictionary<string, string> { ["v"] = $"{step}" } });
                    break;
            }

            if (random.Next(10) == 0)
            {
                _clock.Advance(s_longestBackoff);
            }

            await Task.Yield();
        }

        bool Same() => informer.List().Select(map => $"{map.Metadata.Name}={map.Data!["v"]}").Order()
            .SequenceEqual(_api.All<ConfigMap>().Select(map => $"{map.Metadata.Name}={map.Data!["v"]}").Order());
        await UntilAsync(() =>
        {
            _clock.Advance(s_longestBackoff);
            return Same();
        });
    }

    private void Make(string name) => _api.Seed(new ConfigMap
    {
        Metadata = new ObjectMeta { Namespace = "default", Name = name }, Data = new Dictionary<string, string> { ["v"] = "1" },
    });

    private async Task WriteAsync(string name, string value)
    {
        var changed = _api.Find<ConfigMap>("default", name)! with { Data = new Dictionary<string, string> { ["v"] = value } };
        Assert.True((await _api.UpdateAsync(changed, CancellationToken.None)).Succeeded);
    }

    private IInformer<ConfigMap> Listen()
    {
        var informer = _factory.For<ConfigMap>();
        informer.AddHandler((old, value) =>
        {
            lock (_heard)
            {
                _heard.Add((old, value) switch
                {
                    (null, { } added) => $"+{added.Metadata.Name}",
                    ({ } gone, null) => $"-{gone.Metadata.Name}",
                    var (was, now) => $"{now!.Metadata.Name}:{was!.Data!["v"]}>{now.Data!["v"]}",
                });
            }
        });
        return informer;
    }

    private async Task<IInformer<ConfigMap>> StartAsync()
    {
        var informer = Listen();
        _factory.Start(_stop.Token);
        await _factory.WhenSyncedAsync(CancellationToken.None);
        await UntilAsync(() => _api.CountWatches(ConfigMap.ResourceType) == 1);
        return informer;
    }

    private List<string> Heard()
    {
        lock (_heard)
        {
            return [.. _heard];
        }
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
