using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.ApiServer.Bootstrap;
using KubeAspire.Client;
using KubeAspire.Resources;
using KubeAspire.Resources.Coordination;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Discovery;
using KubeAspire.StateStore;
using KubeAspire.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.ApiServer.Tests.Several;

/// <summary>The endpoints of the Service <c>kubernetes</c> name the servers that live. The servers here live at a loopback address, which is nobody's endpoint; those of the Leases are the test's own.</summary>
public sealed class ServerLeasesTests
{
    private static readonly TimeSpan s_most = ServerLeases.Patience - TimeSpan.FromSeconds(1);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task OneServer_IsAsItAlwaysWas()
    {
        await using var servers = await SeveralServers.StartAsync(1);
        Assert.Equal("", await EndpointsAsync(servers)); // Loopback: a pod could not reach it.
        await servers.AddAsync(address: "10.0.0.1");
        Assert.Equal("10.0.0.1:6444", await EndpointsAsync(servers));
        var endpoints = (await servers[0].GetAsync<Endpoints>("default", "kubernetes", Stop)).Value!;
        Assert.Equal("true", endpoints.Metadata.Labels!["endpointslice.kubernetes.io/skip-mirror"]);
        Assert.Equal("https", Assert.Single(Assert.Single(endpoints.Subsets!).Ports!).Name);
        Assert.Equal("kubernetes=10.0.0.1:6444", await SlicesAsync(servers));

        // In order: the last is not removed.
        await servers.Server(1).LeaveAsync();
        Assert.Equal("10.0.0.1:6444", await EndpointsAsync(servers));
        Assert.DoesNotContain(await LeasesAsync(servers), lease => lease.Metadata.Annotations![ServerLeases.EndpointAnnotation] == "10.0.0.1:6444");
    }

    [Fact]
    public async Task ServersAreGroupedByPort_AndTheLowestPortHasTheServicesName()
    {
        await using var servers = await SeveralServers.StartAsync(1);
        using var high = Lease(servers, "10.0.0.1", 6445);
        await high.JoinAsync(Stop);
        Assert.Equal("kubernetes=10.0.0.1:6445", await SlicesAsync(servers));
        using var low = Lease(servers, "10.0.0.1", 6443);
        using var other = Lease(servers, "10.0.0.2", 6443);
        await low.JoinAsync(Stop);
        await other.JoinAsync(Stop);
        Assert.Equal("10.0.0.1:6443 10.0.0.2:6443 10.0.0.1:6445", await EndpointsAsync(servers));
        Assert.Equal("kubernetes=10.0.0.1:6443,10.0.0.2:6443 kubernetes-6445=10.0.0.1:6445", await SlicesAsync(servers));

        await Task.WhenAll(LeaveAsync(low), LeaveAsync(other));
        Assert.Equal("10.0.0.1:6445", await EndpointsAsync(servers));
        Assert.Equal("kubernetes=10.0.0.1:6445", await SlicesAsync(servers));
        var lease = Assert.Single(await LeasesAsync(servers), lease => lease.Metadata.Name == high.Name);
        Assert.Equal(("kube-apiserver", 15), (lease.Metadata.Labels!["apiserver.kubernetes.io/identity"], lease.Spec.LeaseDurationSeconds));
        Assert.StartsWith("apiserver-", high.Name, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ServersThatJoinInTheSameInstant_AreAllNamed()
    {
        await using var servers = await SeveralServers.StartAsync(1);
        for (var round = 0; round < 20; round++)
        {
            var leases = Enumerable.Range(0, 4).Select(at => Lease(servers, $"10.0.{round}.{at + 1}", 6443 + (at % 2))).ToList();
            await Task.WhenAll(leases.Select(lease => Task.Run(() => lease.JoinAsync(Stop))));
            Assert.Equal($"10.0.{round}.1:6443 10.0.{round}.3:6443 10.0.{round}.2:6444 10.0.{round}.4:6444", await EndpointsAsync(servers));
            await Task.WhenAll(leases.Take(3).Select(lease => Task.Run(() => LeaveAsync(lease))));
            Assert.Equal($"10.0.{round}.4:6444", await EndpointsAsync(servers));
            Assert.Equal($"kubernetes=10.0.{round}.4:6444", await SlicesAsync(servers));

            // The last one stays until somebody else has joined; here it is gone when the next ones come.
            await LeaveAsync(leases[3]);
            leases.ForEach(lease => lease.Dispose());
        }
    }

    [Fact]
    public async Task AServerThatStops_IsHeldDeadAfterItsTime_AndIsBackAtOnce()
    {
        await using var servers = await SeveralServers.StartAsync(1);
        using var a = Lease(servers, "10.0.0.1", 6443);
        using var b = Lease(servers, "10.0.0.2", 6443);
        await a.JoinAsync(Stop);
        await b.JoinAsync(Stop);
        await a.JoinAsync(Stop);
        servers.Clock.Advance(s_most);
        await a.JoinAsync(Stop);
        Assert.Equal("10.0.0.1:6443 10.0.0.2:6443", await EndpointsAsync(servers));
        servers.Clock.Advance(TimeSpan.FromSeconds(2));
        await a.JoinAsync(Stop);
        Assert.Equal("10.0.0.1:6443", await EndpointsAsync(servers));
        await b.JoinAsync(Stop);
        Assert.Equal("10.0.0.1:6443 10.0.0.2:6443", await EndpointsAsync(servers));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task AnothersClock_IsNotBelievedForLong(int hours)
    {
        await using var servers = await SeveralServers.StartAsync(1);
        using var a = Lease(servers, "10.0.0.1", 6443);
        using var b = Lease(servers, "10.0.0.2", 6443, new ShiftedClock(servers.Clock, TimeSpan.FromHours(hours)));
        await b.JoinAsync(Stop);
        await a.JoinAsync(Stop); // It may look dead at first sight…
        servers.Clock.Advance(ServerLeases.Renewal);
        await b.JoinAsync(Stop);
        await a.JoinAsync(Stop);
        Assert.Equal("10.0.0.1:6443 10.0.0.2:6443", await EndpointsAsync(servers)); // …but it renews.
        servers.Clock.Advance(ServerLeases.Patience);
        await a.JoinAsync(Stop);
        await a.JoinAsync(Stop);
        Assert.Equal("10.0.0.1:6443", await EndpointsAsync(servers));
    }

    [Fact]
    public async Task TheLeaseOfADeadServer_IsForgotten()
    {
        await using var servers = await SeveralServers.StartAsync(1);
        using var a = Lease(servers, "10.0.0.1", 6443);
        using var b = Lease(servers, "10.0.0.2", 6443);
        await b.JoinAsync(Stop);
        await a.JoinAsync(Stop);
        servers.Clock.Advance(ServerLeases.Forgotten);
        await a.JoinAsync(Stop);
        var left = (await LeasesAsync(servers)).Select(lease => lease.Metadata.Name).ToList();
        Assert.Contains(a.Name, left);
        Assert.DoesNotContain(b.Name, left);
    }

    [Fact]
    public async Task AServerThatIsStartedAgain_TakesItsLeaseOver_AndItsOldSelfLeavesItThere()
    {
        await using var servers = await SeveralServers.StartAsync(1);
        using var old = Lease(servers, "10.0.0.1", 6443);
        using var again = Lease(servers, "10.0.0.1", 6443);
        await old.JoinAsync(Stop);
        await again.JoinAsync(Stop);
        Assert.Equal(old.Name, again.Name);
        await LeaveAsync(old);
        Assert.Contains(await LeasesAsync(servers), lease => lease.Metadata.Name == again.Name);
        Assert.Equal("10.0.0.1:6443", await EndpointsAsync(servers));
    }

    [Fact]
    public async Task AServer_RenewsByItself_AndSurvivesAStoreThatFails()
    {
        await using var servers = await SeveralServers.StartAsync(1);
        using var lease = Lease(servers, "10.0.0.1", 6443);
        await lease.JoinAsync(Stop);
        using var ending = new CancellationTokenSource();
        var before = servers.Clock.ArmedTimers;
        var running = lease.RunAsync(ending.Token);
        await ArmedAsync(before + 1);
        var failed = new TaskCompletionSource();
        servers.Engine(0).Before = (_, key) =>
        {
            if (key.Name == lease.Name)
            {
                failed.TrySetResult();
                throw new StateUnavailableException("the test says so");
            }

            return Task.CompletedTask;
        };
        servers.Clock.Advance(ServerLeases.Renewal);
        await failed.Task.WaitAsync(TimeSpan.FromSeconds(10), Stop);
        servers.Engine(0).Before = (_, _) => Task.CompletedTask;
        var renewed = await RenewTimeAsync();
        using var cursor = servers.Store.Watch(new StateRange(Resources.Coordination.Lease.ResourceType.GroupResource, ServerLeases.Namespace, lease.Name), servers.Store.Revision);
        await ArmedAsync(before + 1);
        servers.Clock.Advance(ServerLeases.Renewal);
        Assert.NotEmpty((await cursor.NextAsync(TimeSpan.FromSeconds(10), Stop)).Events);
        Assert.True(await RenewTimeAsync() > renewed);
        await ending.CancelAsync();
        await running;
        Assert.DoesNotContain(await LeasesAsync(servers), found => found.Metadata.Name == lease.Name);

        async Task<DateTimeOffset?> RenewTimeAsync() => (await servers[0].GetAsync<Lease>(ServerLeases.Namespace, lease.Name, Stop)).Value!.Spec.RenewTime;

        async Task ArmedAsync(int timers)
        {
            while (servers.Clock.ArmedTimers < timers)
            {
                Stop.ThrowIfCancellationRequested();
                await Task.Yield();
            }
        }
    }

    private static ServerLeases Lease(SeveralServers servers, string address, int port, TimeProvider? clock = null)
    {
        var options = new ApiServerOptions { Kinds = BuiltInKinds.All, AdvertiseAddress = address, Port = port, Name = $"{address}-{port}" };
        return new ServerLeases(options, servers.Engine(0), () => servers.Server(0).ClientFor(ApiUser.Server), clock ?? servers.Clock, NullLogger<ServerLeases>.Instance);
    }

    private static async Task LeaveAsync(ServerLeases lease)
    {
        using var ended = new CancellationTokenSource();
        await ended.CancelAsync();
        await lease.RunAsync(ended.Token);
    }

    private static async Task<string> EndpointsAsync(SeveralServers servers) => string.Join(' ', ((await servers[0].GetAsync<Endpoints>("default", "kubernetes", Stop)).Value?.Subsets ?? [])
        .SelectMany(subset => subset.Ports!.SelectMany(port => subset.Addresses!.Select(address => $"{address.Ip}:{port.Port}"))));

    private static async Task<string> SlicesAsync(SeveralServers servers) => string.Join(' ', (await servers[0].ListAsync<EndpointSlice>("default", ListQuery.All, Stop)).Value!.Items
        .Where(slice => slice.Metadata.Labels!["kubernetes.io/service-name"] == "kubernetes")
        .Select(slice => $"{slice.Metadata.Name}={string.Join(',', slice.Endpoints!.Select(endpoint => $"{endpoint.Addresses![0]}:{slice.Ports![0].Port}"))}"));

    private static async Task<IReadOnlyList<Lease>> LeasesAsync(SeveralServers servers) =>
        [.. (await servers[0].ListAsync<Lease>(ServerLeases.Namespace, ListQuery.All, Stop)).Value!.Items.Where(lease => lease.Metadata.Labels?.ContainsKey(ServerLeases.IdentityLabel) == true)];

    /// <summary>A clock that is wrong, but does not run wrong.</summary>
    private sealed class ShiftedClock(ManualClock clock, TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow() + by;

        public override long TimestampFrequency => clock.TimestampFrequency;

        public override long GetTimestamp() => clock.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => clock.CreateTimer(callback, state, dueTime, period);
    }
}
