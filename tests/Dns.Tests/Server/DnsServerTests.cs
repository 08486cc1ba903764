using System.Net;
using System.Net.Sockets;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Dns.Records;
using KubeAspire.Dns.Server;
using KubeAspire.Dns.Tests.Wire;
using KubeAspire.Dns.Wire;
using KubeAspire.Resources.Core;
using KubeAspire.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.Dns.Tests.Server;

/// <summary>Real sockets on loopback; another server of the same kind stands for the host's resolver.</summary>
public sealed class DnsServerTests : IAsyncLifetime
{
    private readonly ManualClock _clock = new();
    private readonly UdpUpstream _upstream = new();
    private DnsServer _server = null!;

    private IPEndPoint Address => _server.Addresses[0];

    public ValueTask InitializeAsync()
    {
        var options = new DnsServerOptions { Upstreams = [_upstream.Address] };
        var resolver = new DnsResolver(options, _clock)
        {
            Zone = ClusterZoneBuilder.Build(
                [Service("web", "10.96.0.20", null), Service("out", null, "api.example.com"), Service("inner", null, "web.shop.svc.cluster.local")], [], new ClusterZoneOptions()),
        };
        _server = new DnsServer(resolver, [new IPEndPoint(IPAddress.Loopback, 0)], _clock, NullLogger<DnsServer>.Instance);
        _server.Start();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ANameOfTheCluster_IsAnsweredHere(bool tcp)
    {
        var answer = await AskAsync("web.shop.svc.cluster.local", tcp);

        Assert.Equal("10.96.0.20", ((AddressRecord)Assert.Single(answer.Answers)).Address.ToString());
        Assert.Equal(0, _upstream.Questions);
    }

    [Fact]
    public async Task AnUnknownNameOfTheCluster_NeverLeavesIt()
    {
        var answer = await AskAsync("nope.shop.svc.cluster.local", tcp: false);

        Assert.Equal(DnsResponseCode.NameError, answer.Code);
        Assert.Equal(0, _upstream.Questions);
    }

    [Fact]
    public async Task AnotherName_IsAskedOnce_AndKeptForAsLongAsItMayBe()
    {
        var first = await AskAsync("www.example.com", tcp: false);
        var second = await AskAsync("WWW.example.com", tcp: false);
        Assert.Equal("192.0.2.80", ((AddressRecord)Assert.Single(first.Answers)).Address.ToString());
        Assert.Equal("192.0.2.80", ((AddressRecord)Assert.Single(second.Answers)).Address.ToString());
        Assert.Equal(1, _upstream.Questions);

        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(20u, (await AskAsync("www.example.com", tcp: false)).LowestTimeToLive);

        _clock.Advance(TimeSpan.FromSeconds(DnsServerLimits.PositiveTimeToLive));
        await AskAsync("www.example.com", tcp: false);
        Assert.Equal(2, _upstream.Questions);
    }

    [Theory]
    [InlineData("out", "192.0.2.80")]
    [InlineData("inner", "10.96.0.20")]
    public async Task AnExternalName_ComesWithWhatItLeadsTo(string service, string address)
    {
        var answer = await AskAsync($"{service}.shop.svc.cluster.local", tcp: false);

        Assert.IsType<CanonicalNameRecord>(answer.Answers[0]);
        Assert.Equal(address, ((AddressRecord)answer.Answers[1]).Address.ToString());
    }

    [Fact]
    public async Task AStrangersQuestionAboutOtherNames_IsRefused()
    {
        var resolver = new DnsResolver(new DnsServerOptions { Upstreams = [_upstream.Address] }, _clock);

        var answer = await resolver.AnswerAsync(Messages.Query("www.example.com", DnsRecordType.A), IPAddress.Parse("203.0.113.9"), tcp: false, CancellationToken.None);

        Assert.Equal(DnsResponseCode.Refused, DnsResponse.Parse(answer)!.Code);
        Assert.Equal(0, _upstream.Questions);
    }

    [Fact]
    public async Task AnUpstreamThatIsSilent_MeansServFail_WhenItsTimeIsUp()
    {
        _upstream.Silent = true;
        using var udp = new UdpClient();
        await udp.SendAsync(Messages.Query("www.example.com", DnsRecordType.A), Address);
        await _upstream.Asked.Task;
        _clock.Advance(DnsServerLimits.UpstreamTimeout);

        Assert.Equal(DnsResponseCode.ServerFailure, DnsResponse.Parse((await udp.ReceiveAsync()).Buffer)!.Code);
    }

    [Fact]
    public void ResolvConf_IsReadWithoutOurselves() =>
        Assert.Equal(
            ["192.0.2.53:53", "[2001:db8::53]:53"],
            ResolvConf.Upstreams("# c\nsearch a b\nnameserver 192.0.2.53\nnameserver 10.96.0.10 # us\r\n nameserver 2001:db8::53\nnameserver x\n", [IPEndPoint.Parse("10.96.0.10:53")]).Select(server => server.ToString()));

    private async Task<DnsResponse> AskAsync(string name, bool tcp)
    {
        var question = Messages.Query(name, DnsRecordType.A);
        if (!tcp)
        {
            using var udp = new UdpClient();
            await udp.SendAsync(question, Address);
            return DnsResponse.Parse((await udp.ReceiveAsync()).Buffer)!;
        }

        using var client = new TcpClient();
        await client.ConnectAsync(Address);
        await DnsTcp.WriteAsync(client.GetStream(), question, CancellationToken.None);
        return DnsResponse.Parse(await DnsTcp.ReadAsync(client.GetStream(), CancellationToken.None))!;
    }

    private static Service Service(string name, string? clusterIP, string? externalName) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "shop" },
        Spec = new ServiceSpec { Type = externalName is null ? "ClusterIP" : "ExternalName", ClusterIP = clusterIP, ExternalName = externalName },
    };

    /// <summary>Answers every A question with 192.0.2.80, to be kept for 300 s.</summary>
    private sealed class UdpUpstream : IAsyncDisposable
    {
        private readonly UdpClient _socket = new(new IPEndPoint(IPAddress.Loopback, 0));
        private readonly Task _loop;

        public UdpUpstream() => _loop = ServeAsync();

        public IPEndPoint Address => (IPEndPoint)_socket.Client.LocalEndPoint!;

        public int Questions { get; private set; }

        public bool Silent { get; set; }

        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async ValueTask DisposeAsync()
        {
            _socket.Dispose();
            await _loop;
        }

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    var received = await _socket.ReceiveAsync();
                    Questions++;
                    Asked.TrySetResult();
                    if (!Silent)
                    {
                        var query = Messages.Parse(received.Buffer);
                        await _socket.SendAsync(DnsWriter.Write(query, new DnsAnswer { Answers = [new AddressRecord(query.Name, 300, IPAddress.Parse("192.0.2.80"))] }, 512), received.RemoteEndPoint);
                    }
                }
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }
    }
}
