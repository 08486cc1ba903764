using System.Net;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client.Rest;
using KubeAspire.Resources.Core;
using KubeAspire.Testing;

namespace KubeAspire.Client.Tests.Rest;

/// <summary>Several real servers on loopback. The clock stands still: what is done here is done at once, without a wait.</summary>
public sealed class FailoverTests : IAsyncLifetime
{
    private readonly TestPki _pki = new("cluster");
    private readonly ManualClock _clock = new();
    private LoopbackApi _first = null!;
    private LoopbackApi _second = null!;

    public async ValueTask InitializeAsync() =>
        (_first, _second) = (await LoopbackApi.StartAsync(_pki, "first"), await LoopbackApi.StartAsync(_pki, "second"));

    public async ValueTask DisposeAsync()
    {
        await _first.DisposeAsync();
        await _second.DisposeAsync();
        _pki.Dispose();
    }

    [Fact]
    public async Task TheFirst_IsAskedWhileItAnswers()
    {
        using var client = Client(_first.Address, _second.Address);

        Assert.All(new[] { await ReadAsync(client), await WriteAsync(client), await ReadAsync(client) }, name => Assert.Equal("first", name));
        Assert.Empty(_second.Asked);
    }

    [Fact]
    public async Task WhereNobodyListens_NothingArrived_AndTheNextIsAsked_ForWritesToo()
    {
        using var writer = Client(LoopbackApi.Nobody(), LoopbackApi.Nobody(), _second.Address);
        using var reader = Client(LoopbackApi.Nobody(), LoopbackApi.Nobody(), _second.Address);

        Assert.Equal("second", await WriteAsync(writer));
        Assert.Equal("second", await ReadAsync(reader));
        Assert.Equal(["POST /api/v1/nodes", "GET /api/v1/nodes/n"], _second.Asked);
    }

    [Fact]
    public async Task AReadThatBreaks_IsAskedAgainElsewhere()
    {
        using var client = Client(_first.Address, _second.Address);
        await ReadAsync(client);
        _first.IsBroken = true;

        Assert.Equal("second", await ReadAsync(client));
    }

    [Fact]
    public async Task AWriteThatBreaks_IsNotRepeated_SinceItMayHaveBeenDone_AndTheNextOneGoesElsewhere()
    {
        using var client = Client(_first.Address, _second.Address);
        _first.IsBroken = true;

        await Assert.ThrowsAsync<HttpRequestException>(() => WriteAsync(client));
        Assert.Single(_first.Asked);
        Assert.Empty(_second.Asked);

        Assert.Equal("second", await WriteAsync(client));
        Assert.Single(_first.Asked);
    }

    [Fact]
    public async Task AWriteAfterTheServerHasGone_GoesElsewhere()
    {
        using var client = Client(_first.Address, _second.Address);
        await WriteAsync(client);
        await _first.DisposeAsync();

        Assert.Equal("second", await WriteAsync(client));
    }

    [Fact]
    public async Task AWatchThatBreaks_GoesOnElsewhere_FromWhereItWas()
    {
        using var client = Client(_first.Address, _second.Address);
        var seen = new List<string?>();
        await Assert.ThrowsAsync<HttpRequestException>(() => WatchAsync(client, "7", seen, _first.BreakWatches));
        await Assert.ThrowsAsync<HttpRequestException>(() => WatchAsync(client, "8", seen, _second.BreakWatches));

        Assert.Equal(["first", "second"], seen);
        Assert.Contains("resourceVersion=8", Assert.Single(_second.Asked), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AServerIsKnownByTheAddressThatIsDialled()
    {
        var other = IPAddress.Parse("127.0.0.2");
        await using var itself = await LoopbackApi.StartAsync(_pki, "itself", other);
        await using var impostor = await LoopbackApi.StartAsync(_pki, "impostor", other, named: IPAddress.Loopback);
        using var client = Client(impostor.Address, itself.Address);

        Assert.Equal("itself", await WriteAsync(client));
        Assert.Empty(impostor.Asked);
    }

    [Fact]
    public async Task WhereNoneCanBeAsked_AWriteSaysSo_AfterEachWasTried()
    {
        var servers = new ApiServerSet(LoopbackApi.Nobody(), [LoopbackApi.Nobody(), LoopbackApi.Nobody()]);
        using var client = new RestApiClient(Config(servers.Current), "test", _clock, servers);

        await Assert.ThrowsAsync<HttpRequestException>(() => WriteAsync(client));
        Assert.Equal(servers.All[0], servers.Current);
    }

    private static async Task WatchAsync(RestApiClient client, string revision, List<string?> seen, Action onEvent)
    {
        await foreach (var change in client.WatchAsync<Pod>(null, ListQuery.All with { ResourceVersion = revision }, CancellationToken.None))
        {
            seen.Add(change.Object!.Metadata.Name);
            onEvent();
        }
    }

    private static async Task<string?> ReadAsync(RestApiClient client) => (await client.GetAsync<Node>(null, "n", CancellationToken.None)).Value!.Metadata.Name;

    private static async Task<string?> WriteAsync(RestApiClient client) =>
        (await client.CreateAsync(new Node { Metadata = new ObjectMeta { Name = "n" } }, CancellationToken.None)).Value!.Metadata.Name;

    private RestApiClient Client(Uri own, params Uri[] others) => new(Config(own), "test", _clock, new ApiServerSet(own, others));

    private Kubeconfig Config(Uri server) => new() { Server = server, CertificateAuthorities = [_pki.Authority] };
}
