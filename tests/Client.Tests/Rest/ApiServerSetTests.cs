using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client.Informers;
using KubeAspire.Client.Rest;
using KubeAspire.Resources.Discovery;
using KubeAspire.Testing;
using KubeAspire.Testing.Api;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.Client.Tests.Rest;

public sealed class ApiServerSetTests
{
    private static readonly Uri s_own = new("https://192.0.2.1:6443");

    [Fact]
    public void TheKubeconfigsServer_IsAskedFirst_ThenThoseOfTheConfiguration()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["services:silo-2:https:0"] = "https://192.0.2.2:6444",
            ["services:silo-1:https:0"] = "https://192.0.2.1:6443",
            ["services:gateway-1:https:0"] = "https://192.0.2.9:8443",
            ["services:silo-3:https:0"] = "no address",
        }).Build();

        var servers = ApiServerSet.From(new Kubeconfig { Server = s_own }, configuration, NullLogger<ApiServerSet>.Instance);

        Assert.Equal(s_own, servers.Current);
        Assert.Equal(["192.0.2.1:6443", "192.0.2.2:6444"], servers.All.Select(server => server.Authority));
    }

    [Fact]
    public void AServerThatFailed_IsFollowedByTheNext_RoundAndRound_OnceAFailure()
    {
        var servers = new ApiServerSet(s_own, [new("https://192.0.2.2:6443"), new("https://192.0.2.3:6443")]);
        var asked = new List<string>();
        for (var turn = 0; turn < 4; turn++)
        {
            var current = servers.Current;
            asked.Add(current.Host);
            servers.Failed(current);
            servers.Failed(current); // Another request failed at the same server: no reason to leave the next one, too.
        }

        Assert.Equal(["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.1"], asked);
    }

    [Fact]
    public void WhatIsFound_TakesThePlaceOfWhatWasFound_AndIsAnnounced()
    {
        var servers = new ApiServerSet(s_own);
        var changed = servers.Changed;
        servers.Found([s_own]);
        Assert.False(changed.IsCompleted);

        servers.Found([s_own, new("https://192.0.2.2:6443")]);
        Assert.True(changed.IsCompleted);
        servers.Failed(s_own);
        Assert.Equal("192.0.2.2", servers.Current.Host);

        servers.Found([new("https://192.0.2.3:6443")]);
        Assert.Equal(["192.0.2.1", "192.0.2.3"], servers.All.Select(server => server.Host));
        Assert.Equal(s_own, servers.Current);

        servers.Found([]);
        Assert.Equal(2, servers.All.Count);
    }

    [Fact]
    public void AServerOfThisMachine_IsOne_ByWhicheverOfItsAddresses()
    {
        var address = NetworkInterface.GetAllNetworkInterfaces().SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address).FirstOrDefault(one => one.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(one)) ?? IPAddress.Loopback;
        var servers = new ApiServerSet(new Uri($"https://{address}:6443"), [new("https://127.0.0.1:6443"), new("https://127.0.0.1:6444")]);

        servers.Found([new($"https://{address}:6444"), new($"https://{address}:6445")]);

        Assert.Equal([$"{address}:6443", "127.0.0.1:6444", $"{address}:6445"], servers.All.Select(server => server.Authority));
    }

    [Fact]
    public void NoMistakeNamesMoreThanAreKept()
    {
        var servers = new ApiServerSet(s_own);
        servers.Found([.. Enumerable.Range(1, 100).Select(number => new Uri($"https://192.0.2.{number}:7443"))]);
        Assert.Equal(ApiServerSet.ServersMax, servers.All.Count);
    }

    [Fact]
    public async Task TheCluster_SaysWhichItHas()
    {
        var clock = new ManualClock();
        var api = new FakeApiClient(clock);
        var servers = new ApiServerSet(s_own);
        var informers = new InformerFactory(api, clock, NullLogger<InformerFactory>.Instance, seed: 1);
        _ = new ApiServerFinder(informers, servers);
        await CreateAsync(api, Slice("kubernetes", "default", "kubernetes", 6443, ("192.0.2.1", true), ("192.0.2.2", true)));
        await CreateAsync(api, Slice("other", "default", "other", 6443, ("192.0.2.7", true)));
        await CreateAsync(api, Slice("kubernetes", "elsewhere", "kubernetes", 6443, ("192.0.2.8", true)));
        using var stop = new CancellationTokenSource();
        informers.Start(stop.Token);
        await informers.WhenSyncedAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["192.0.2.1:6443", "192.0.2.2:6443"], servers.All.Select(server => server.Authority));

        // A slice for each port; who is not ready is not asked.
        var changed = servers.Changed;
        await CreateAsync(api, Slice("kubernetes-6444", "default", "kubernetes", 6444, ("192.0.2.2", true), ("192.0.2.4", false)));
        await changed.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.Equal(["192.0.2.1:6443", "192.0.2.2:6443", "192.0.2.2:6444"], servers.All.Select(server => server.Authority));
        await stop.CancelAsync();
    }

    private static async Task CreateAsync(FakeApiClient api, EndpointSlice slice) =>
        Assert.True((await api.CreateAsync(slice, TestContext.Current.CancellationToken)).Succeeded);

    private static EndpointSlice Slice(string name, string ns, string service, int port, params (string Address, bool Ready)[] endpoints) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = ns, Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = service } },
        AddressType = "IPv4",
        Ports = [new EndpointPort { Name = "https", Port = port, Protocol = "TCP" }],
        Endpoints = [.. endpoints.Select(one => new Endpoint { Addresses = [one.Address], Conditions = new EndpointConditions { Ready = one.Ready } })],
    };
}
