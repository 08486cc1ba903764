using System.Globalization;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.Services;
using KubeAspire.Client;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Networking;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Tests.Several;

/// <summary>Cluster addresses and node ports are given once, by however many servers.</summary>
public sealed class ServiceNumbersTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ServiceClaims.Ports)]
    [InlineData("ipaddresses.networking.k8s.io")]
    public async Task ServersThatDrawTheSameNumber_InTheSameInstant_GiveItOnce(string collection)
    {
        await using var servers = await SeveralServers.StartAsync(2);
        var together = new Hold(parties: 2);
        for (var at = 0; at < servers.Count; at++)
        {
            servers.Engine(at).Before = together.On("create", key => key.Collection == collection);
        }

        var made = await Task.WhenAll(servers[0].CreateAsync(NodePort("a"), Stop), servers[1].CreateAsync(NodePort("b"), Stop));

        Assert.All(made, one => Assert.True(one.Succeeded, one.Error?.Message));
        Assert.Equal(2, made.Select(one => one.Value!.Spec.ClusterIP).Distinct().Count());
        Assert.Equal(2, made.Select(one => one.Value!.Spec.Ports![0].NodePort).Distinct().Count());
        Assert.Equal(made.Select(one => one.Value!.Spec.ClusterIP).Order(StringComparer.Ordinal), await servers.ClaimsAsync(ServiceClaims.Addresses));
        Assert.Equal(made.Select(one => PortOf(one.Value!)).Order(StringComparer.Ordinal), await servers.ClaimsAsync(ServiceClaims.Ports));
    }

    [Theory]
    [InlineData("10.96.7.7", 0, "failed to allocate IP 10.96.7.7: provided IP is already allocated")]
    [InlineData(null, 31234, "provided port is already allocated")]
    public async Task TwoThatAskForTheSameNumber_InTheSameInstant_AreToldWhoHasIt(string? address, int port, string refusal)
    {
        await using var servers = await SeveralServers.StartAsync(2);
        var together = new Hold(parties: 2);
        for (var at = 0; at < servers.Count; at++)
        {
            servers.Engine(at).Before = together.On("create", key => key.Name == (address ?? port.ToString(CultureInfo.InvariantCulture)));
        }

        var made = await Task.WhenAll(servers[0].CreateAsync(NodePort("a", address, port), Stop), servers[1].CreateAsync(NodePort("b", address, port), Stop));

        Assert.Single(made, one => one.Succeeded);
        var refused = made.Single(one => !one.Succeeded).Error!;
        Assert.Equal((422, ApiErrorReason.Invalid), (refused.Code, refused.Reason));
        Assert.Contains(refusal, refused.Message, StringComparison.Ordinal);
        var kept = made.Single(one => one.Succeeded).Value!;
        Assert.Equal([kept.Spec.ClusterIP!], await servers.ClaimsAsync(ServiceClaims.Addresses));
        Assert.Equal([PortOf(kept)], await servers.ClaimsAsync(ServiceClaims.Ports));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public async Task ARangeThatIsTooSmallForAll_IsGivenToTheLastAddress_AndComesBackWhole(int count)
    {
        const int Free = 28; // Of the 30 of a /27, the cluster's own Services have two.
        await using var servers = await SeveralServers.StartAsync(count, "10.96.0.0/27");
        var made = await Task.WhenAll(Enumerable.Range(0, Free + 12).Select(at => servers[at % count].CreateAsync(ClusterIP($"s{at}"), Stop)));

        var stored = made.Where(one => one.Succeeded).Select(one => one.Value!).ToList();
        Assert.Equal((Free, Free), (stored.Count, stored.Select(service => service.Spec.ClusterIP).Distinct().Count()));
        Assert.All(made.Where(one => !one.Succeeded), one => Assert.Equal("Internal error occurred: failed to allocate IP: range is full", one.Error!.Message));
        Assert.Equal(Free, (await servers.ClaimsAsync(ServiceClaims.Addresses)).Count);

        var gone = await Task.WhenAll(stored.Select((service, at) => servers[at % count].DeleteAsync<Service>("t", service.Metadata.Name!, new DeleteOptions(), Stop)));
        Assert.All(gone, Assert.Null);
        Assert.Empty(await servers.ClaimsAsync(ServiceClaims.Addresses));
    }

    [Fact]
    public async Task ACreate_IsThreeWrites_AndListsNoServices()
    {
        await using var servers = await SeveralServers.StartAsync(1);
        servers.Engine(0).Writes.Clear();
        servers.Engine(0).Lists.Clear();
        var service = (await servers[0].CreateAsync(NodePort("a"), Stop)).Value!;

        Assert.Equal(
            [$"create {ServiceClaims.Addresses}/{service.Spec.ClusterIP}", $"create {ServiceClaims.Ports}/{PortOf(service)}", "create services/t/a"], servers.Engine(0).Writes);
        Assert.DoesNotContain("services", servers.Engine(0).Lists);
        var address = (await servers[0].GetAsync<IPAddress>(null, service.Spec.ClusterIP!, Stop)).Value!;
        Assert.Equal(new ParentReference { Group = "", Resource = "services", Namespace = "t", Name = "a" }, address.Spec.ParentRef);
        Assert.Equal(("IPv4", "ipallocator.k8s.io"), (address.Metadata.Labels!["ipaddress.kubernetes.io/ip-family"], address.Metadata.Labels["ipaddress.kubernetes.io/managed-by"]));
    }

    [Fact]
    public async Task WhatIsRefused_TakesNothing()
    {
        await using var servers = await SeveralServers.StartAsync(1);
        Assert.True((await servers[0].CreateAsync(new ResourceQuota { Metadata = Named("q"), Spec = new ResourceQuotaSpec { Hard = new Dictionary<string, ApiMachinery.Quantities.Quantity> { ["services"] = ApiMachinery.Quantities.Quantity.From(1) } } }, Stop)).Succeeded);
        var first = (await servers[0].CreateAsync(NodePort("a"), Stop)).Value!;
        var refused = await Task.WhenAll(
            servers[0].CreateAsync(NodePort("over"), Stop),
            servers[0].CreateAsync(NodePort("a"), Stop),
            servers[0].CreateAsync(NodePort("Not_A_Name"), Stop),
            servers[0].CreateAsync(NodePort("bad", port: 80), Stop));

        Assert.All(refused, one => Assert.False(one.Succeeded));
        Assert.Equal([first.Spec.ClusterIP!], await servers.ClaimsAsync(ServiceClaims.Addresses));
        Assert.Equal([PortOf(first)], await servers.ClaimsAsync(ServiceClaims.Ports));
    }

    [Fact]
    public async Task WhatATypeNeedsNoMore_GoesBack_AndWhatItNeeds_IsTaken()
    {
        await using var servers = await SeveralServers.StartAsync(1);
        var made = (await servers[0].CreateAsync(NodePort("a") with { Spec = Spec("LoadBalancer") with { ExternalTrafficPolicy = "Local" } }, Stop)).Value!;
        Assert.True(made.Spec.HealthCheckNodePort is >= 30000 and <= 32767);
        Assert.NotEqual(made.Spec.HealthCheckNodePort, made.Spec.Ports![0].NodePort);
        Assert.Equal(2, (await servers.ClaimsAsync(ServiceClaims.Ports)).Count);

        var cluster = (await servers[0].UpdateAsync(made with { Spec = made.Spec with { ExternalTrafficPolicy = "Cluster" } }, Stop)).Value!;
        Assert.Equal([PortOf(made)], await servers.ClaimsAsync(ServiceClaims.Ports));
        Assert.Equal(PortOf(made), PortOf(cluster));

        var plain = (await servers[0].UpdateAsync(cluster with { Spec = cluster.Spec with { Type = "ClusterIP" } }, Stop)).Value!;
        Assert.Empty(await servers.ClaimsAsync(ServiceClaims.Ports));
        Assert.Equal([made.Spec.ClusterIP!], await servers.ClaimsAsync(ServiceClaims.Addresses));

        var external = (await servers[0].UpdateAsync(plain with { Spec = plain.Spec with { Type = "ExternalName", ExternalName = "example.org" } }, Stop)).Value!;
        Assert.Empty(await servers.ClaimsAsync(ServiceClaims.Addresses));

        var again = (await servers[0].UpdateAsync(external with { Spec = external.Spec with { Type = "NodePort", ExternalName = null } }, Stop)).Value!;
        Assert.Equal([again.Spec.ClusterIP!], await servers.ClaimsAsync(ServiceClaims.Addresses));
        Assert.Equal([PortOf(again)], await servers.ClaimsAsync(ServiceClaims.Ports));

        // By way of a finalizer, too.
        var held = (await servers[0].UpdateAsync(again with { Metadata = again.Metadata with { Finalizers = ["example.org/held"] } }, Stop)).Value!;
        Assert.Null(await servers[0].DeleteAsync<Service>("t", "a", new DeleteOptions(), Stop));
        Assert.NotEmpty(await servers.ClaimsAsync(ServiceClaims.Ports));
        var leaving = (await servers[0].GetAsync<Service>("t", held.Metadata.Name!, Stop)).Value!;
        Assert.True((await servers[0].UpdateAsync(leaving with { Metadata = leaving.Metadata with { Finalizers = [] } }, Stop)).Succeeded);
        Assert.Empty(await servers.ClaimsAsync(ServiceClaims.Addresses));
        Assert.Empty(await servers.ClaimsAsync(ServiceClaims.Ports));
    }

    [Fact]
    public async Task TcpAndUdpOfOnePort_ShareANodePort()
    {
        await using var servers = await SeveralServers.StartAsync(1);
        var spec = Spec("NodePort") with { Ports = [new ServicePort { Name = "t", Port = 53, Protocol = "TCP" }, new ServicePort { Name = "u", Port = 53, Protocol = "UDP" }] };
        var made = (await servers[0].CreateAsync(NodePort("a") with { Spec = spec }, Stop)).Value!;
        Assert.Equal(made.Spec.Ports![0].NodePort, made.Spec.Ports[1].NodePort);
        Assert.Equal([PortOf(made)], await servers.ClaimsAsync(ServiceClaims.Ports));
    }

    [Fact]
    public async Task ServersThatGiveOneServiceTheSamePort_InTheSameInstant_LeaveItClaimed()
    {
        await using var servers = await SeveralServers.StartAsync(2);
        var made = (await servers[0].CreateAsync(NodePort("a", port: 30500), Stop)).Value!;
        var together = new Hold(parties: 2);
        for (var at = 0; at < servers.Count; at++)
        {
            servers.Engine(at).Before = together.On("create", key => key.Name == "30501");
        }

        var wanted = made with { Spec = made.Spec with { Ports = [made.Spec.Ports![0] with { NodePort = 30501 }] } };
        var ends = await Task.WhenAll(servers[0].UpdateAsync(wanted, Stop), servers[1].UpdateAsync(wanted, Stop));

        Assert.Contains(ends, one => one.Succeeded);
        Assert.All(ends.Where(one => !one.Succeeded), one => Assert.Equal(ApiErrorReason.Conflict, one.Error!.Reason));
        Assert.Equal(["30501"], await servers.ClaimsAsync(ServiceClaims.Ports));
    }

    [Fact]
    public async Task WhatAServerTookBeforeItDied_ComesBack()
    {
        await using var servers = await SeveralServers.StartAsync(2);
        servers.Engine(0).Before = (verb, key) => verb == "create" && key.Collection == "services" ? throw new StateOutcomeUnknownException("the test says so") : Task.CompletedTask;
        await Assert.ThrowsAsync<StateOutcomeUnknownException>(() => servers[0].CreateAsync(NodePort("a", "10.96.7.7", 31234), Stop));
        Assert.Equal(["10.96.7.7"], await servers.ClaimsAsync(ServiceClaims.Addresses));

        // Nobody else may have it while the write may still come to be.
        Assert.Equal(422, (await servers[1].CreateAsync(NodePort("b", "10.96.7.7"), Stop)).Error!.Code);
        var repair = servers.Repair(1);
        await repair.PassAsync(Stop);
        Assert.Equal(["10.96.7.7"], await servers.ClaimsAsync(ServiceClaims.Addresses));
        await repair.PassAsync(Stop);
        Assert.Empty(await servers.ClaimsAsync(ServiceClaims.Addresses));
        Assert.Empty(await servers.ClaimsAsync(ServiceClaims.Ports));
        Assert.True((await servers[1].CreateAsync(NodePort("b", "10.96.7.7"), Stop)).Succeeded);
    }

    [Fact]
    public async Task WhoWasInterrupted_MayTryAgainAtOnce()
    {
        await using var servers = await SeveralServers.StartAsync(2);
        servers.Engine(0).Before = (verb, key) => verb == "create" && key.Collection == "services" ? throw new StateOutcomeUnknownException("the test says so") : Task.CompletedTask;
        await Assert.ThrowsAsync<StateOutcomeUnknownException>(() => servers[0].CreateAsync(NodePort("a", "10.96.7.7", 31234), Stop));
        Assert.True((await servers[1].CreateAsync(NodePort("a", "10.96.7.7", 31234), Stop)).Succeeded);

        var repair = servers.Repair(1);
        await repair.PassAsync(Stop);
        await repair.PassAsync(Stop);
        Assert.Equal(["31234"], await servers.ClaimsAsync(ServiceClaims.Ports));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AServerThatSleepsBetweenTakingAndStoring_TakesNothingFromAnother(bool taken)
    {
        await using var servers = await SeveralServers.StartAsync(2);
        var asleep = new Hold();
        servers.Engine(0).Before = asleep.On("create", key => key.Collection == "services");
        var late = servers[0].CreateAsync(ClusterIP("late", "10.96.7.7"), Stop);
        await asleep.Come;
        var repair = servers.Repair(1);
        await repair.PassAsync(Stop);
        await repair.PassAsync(Stop);
        Assert.Empty(await servers.ClaimsAsync(ServiceClaims.Addresses));
        if (taken)
        {
            Assert.True((await servers[1].CreateAsync(ClusterIP("other", "10.96.7.7"), Stop)).Succeeded);
        }

        asleep.Open();
        var end = await late;

        var stored = (await servers[1].ListAsync<Service>("t", ListQuery.All, Stop)).Value!.Items;
        Assert.Equal([taken ? "other" : "late"], stored.Select(service => service.Metadata.Name));
        Assert.Equal(taken ? 500 : 0, end.Error?.Code ?? 0);
        var claim = (await servers[1].GetAsync<IPAddress>(null, "10.96.7.7", Stop)).Value!;
        Assert.Equal(taken ? "other" : "late", claim.Spec.ParentRef.Name);
    }

    [Fact]
    public async Task TheRepair_MarksFirst_SoThatAServiceStoredMeanwhileKeepsItsNumber()
    {
        await using var servers = await SeveralServers.StartAsync(2);
        var (asleep, repairing) = (new Hold(), new Hold());
        servers.Engine(0).Before = asleep.On("create", key => key.Collection == "services");
        var late = servers[0].CreateAsync(ClusterIP("late", "10.96.7.7"), Stop);
        await asleep.Come;
        var repair = servers.Repair(1);
        await repair.PassAsync(Stop);
        servers.Engine(1).Before = repairing.On("delete", key => key.Name == "10.96.7.7");
        var pass = repair.PassAsync(Stop);
        await repairing.Come; // Marked, and about to be taken away.
        asleep.Open();
        Assert.True((await late).Succeeded);
        repairing.Open();
        await pass;
        Assert.Equal(["10.96.7.7"], await servers.ClaimsAsync(ServiceClaims.Addresses));
    }

    [Fact]
    public async Task AStoreFromBeforeThereWereClaims_HasThemWhenAServerIsReady_AndWhatAUserTookAwayComesBack()
    {
        await using var servers = await SeveralServers.StartAsync(1);
        var made = (await servers[0].CreateAsync(NodePort("a"), Stop)).Value!;
        foreach (var key in ServiceClaims.Of(made).ToList())
        {
            await servers.Store.DeleteAsync(key, (await servers.Store.GetAsync(key, Stop))!.Revision, Stop);
        }

        await servers.AddAsync();
        Assert.Equal([made.Spec.ClusterIP!], await servers.ClaimsAsync(ServiceClaims.Addresses));
        Assert.Equal([PortOf(made)], await servers.ClaimsAsync(ServiceClaims.Ports));

        Assert.Null(await servers[0].DeleteAsync<IPAddress>(null, made.Spec.ClusterIP!, new DeleteOptions(), Stop));
        await servers.Repair(0).PassAsync(Stop);
        Assert.Equal([made.Spec.ClusterIP!], await servers.ClaimsAsync(ServiceClaims.Addresses));
    }

    [Fact]
    public async Task AnAddressThatAUserKeeps_IsNobodyElses_AndStays()
    {
        await using var servers = await SeveralServers.StartAsync(1);
        var kept = new IPAddress { Metadata = new ObjectMeta { Name = "10.96.9.9" }, Spec = new IPAddressSpec { ParentRef = new ParentReference { Resource = "things", Name = "x" } } };
        Assert.True((await servers[0].CreateAsync(kept, Stop)).Succeeded);
        Assert.Equal(422, (await servers[0].CreateAsync(ClusterIP("a", "10.96.9.9"), Stop)).Error!.Code);
        var repair = servers.Repair(0);
        await repair.PassAsync(Stop);
        await repair.PassAsync(Stop);
        Assert.Equal(["10.96.9.9"], await servers.ClaimsAsync(ServiceClaims.Addresses));
    }

    private static ObjectMeta Named(string name) => new() { Name = name, Namespace = "t" };

    private static ServiceSpec Spec(string type) => new() { Type = type, Ports = [new ServicePort { Name = "http", Port = 80, Protocol = "TCP" }] };

    private static Service ClusterIP(string name, string? address = null) => new() { Metadata = Named(name), Spec = Spec("ClusterIP") with { ClusterIP = address } };

    private static Service NodePort(string name, string? address = null, int port = 0) => new()
    {
        Metadata = Named(name),
        Spec = new ServiceSpec { Type = "NodePort", ClusterIP = address, Ports = [new ServicePort { Name = "http", Port = 80, Protocol = "TCP", NodePort = port == 0 ? null : port }] },
    };

    private static string PortOf(Service service) => service.Spec.Ports![0].NodePort!.Value.ToString(CultureInfo.InvariantCulture);
}
