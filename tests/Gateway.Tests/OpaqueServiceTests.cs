using System.Net;
using System.Net.Sockets;
using System.Text;
using KubeAspire.Gateway.Balancing;
using KubeAspire.Resources.Core;
using KubeAspire.ServiceProxy.Services;
using KubeAspire.Testing;
using static KubeAspire.Gateway.Tests.GatewayFixture;

namespace KubeAspire.Gateway.Tests;

public sealed class OpaqueServiceTests
{
    private const string ClusterIP = "127.96.2.1";

    private static readonly ServicePort Tcp = new() { Port = 6379 };

    [Fact]
    public async Task ThirtyConnections_ReachEveryEndpoint()
    {
        await using var a = new GreetingServer("a");
        await using var b = new GreetingServer("b");
        await using var c = new GreetingServer("c");
        await using var gateway = await StartAsync(api => Seed(api, Service("db", ClusterIP, Tcp), a, b, c));

        var names = new List<string>();
        for (var i = 0; i < 30; i++)
        {
            names.Add(await TalkAsync(new IPEndPoint(IPAddress.Parse(ClusterIP), 6379), "hello"));
        }

        Assert.Equal(["a: hello 10", "b: hello 10", "c: hello 10"], names.CountBy(name => name).Select(pair => $"{pair.Key} {pair.Value}").Order());
    }

    [Fact]
    public async Task TheEndOfOneDirection_IsPassedOn_WhileTheOtherGoesOn()
    {
        // The server answers only after it has seen the client's end: a proxy that closes both would lose the answer.
        await using var server = new GreetingServer("pod");
        await using var gateway = await StartAsync(api => Seed(api, Service("db", ClusterIP, Tcp), server));

        var text = new string('x', 1 << 20);

        Assert.Equal($"pod: {text}", await TalkAsync(new IPEndPoint(IPAddress.Parse(ClusterIP), 6379), text));
    }

    [Fact]
    public async Task SessionAffinity_KeepsAClientAtItsEndpoint_UntilThatIsGone()
    {
        await using var a = new GreetingServer("a");
        await using var b = new GreetingServer("b");
        var service = Service("db", ClusterIP, Tcp);
        service = service with { Spec = service.Spec with { SessionAffinity = "ClientIP" } };
        await using var gateway = await StartAsync(api => Seed(api, service, a, b));
        var address = new IPEndPoint(IPAddress.Parse(ClusterIP), 6379);

        var first = await TalkAsync(address, "");
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(first, await TalkAsync(address, ""));
        }

        var gone = first == "a: " ? a : b;
        gateway.Api.Seed(Slice("db", gone.Name, gone.Port, ready: false));
        await gateway.WhenEndpointsAsync("db", 1);

        Assert.NotEqual(first, await TalkAsync(address, ""));
    }

    [Fact]
    public async Task ARefusingEndpoint_IsPassedOver()
    {
        await using var alive = new GreetingServer("alive");
        await using var gateway = await StartAsync(api =>
        {
            Seed(api, Service("db", ClusterIP, Tcp), alive);
            api.Seed(Slice("db", "dead", FreePort()));
        });

        for (var i = 0; i < 6; i++)
        {
            Assert.Equal("alive: x", await TalkAsync(new IPEndPoint(IPAddress.Parse(ClusterIP), 6379), "x"));
        }
    }

    [Fact]
    public async Task WithoutEndpoints_AConnectionIsReset()
    {
        await using var gateway = await StartAsync(api => Seed(api, Service("db", ClusterIP, Tcp)));

        var exception = await Assert.ThrowsAnyAsync<Exception>(() => TalkAsync(new IPEndPoint(IPAddress.Parse(ClusterIP), 6379), "x"));

        Assert.True(exception is SocketException or IOException);
    }

    [Fact]
    public async Task ANodePort_ServesOnEveryAddress()
    {
        var nodePort = FreePort();
        await using var pod = new GreetingServer("pod");
        var service = Service("db", ClusterIP, Tcp with { NodePort = nodePort });
        service = service with { Spec = service.Spec with { Type = "NodePort" } };
        await using var gateway = await StartAsync(api => Seed(api, service, pod));

        Assert.Equal("pod: x", await TalkAsync(new IPEndPoint(IPAddress.Loopback, nodePort), "x"));
        Assert.Equal("pod: x", await TalkAsync(new IPEndPoint(IPAddress.Parse("127.0.0.9"), nodePort), "x"));
    }

    [Fact]
    public async Task Listeners_FollowByDifference()
    {
        await using var gateway = await StartAsync(api => api.Seed(Service("one", ClusterIP, new ServicePort { Port = 1001 }, new ServicePort { Name = "b", Port = 1002 })));
        var before = gateway.Listeners.Open.ToDictionary();
        Assert.Equal(2, before.Count);

        gateway.Api.Seed(Service("one", ClusterIP, new ServicePort { Port = 1001 }, new ServicePort { Name = "c", Port = 1003 }));
        await gateway.WhenAsync(table => table.Listeners.Any(listener => listener.Address.Port == 1003));

        var after = gateway.Listeners.Open;
        Assert.Equal([1001, 1003], after.Keys.Select(listener => listener.Address.Port).Order());
        Assert.Same(before.Single(pair => pair.Key.Address.Port == 1001).Value, after.Single(pair => pair.Key.Address.Port == 1001).Value);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await Assert.ThrowsAsync<SocketException>(() => socket.ConnectAsync(ClusterIP, 1002));
    }

    [Fact]
    public async Task Datagrams_GoToAnEndpointAndBack_AndToAnotherWhenItLeaves()
    {
        using var a = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        using var b = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        await using var gateway = await StartAsync(api =>
        {
            api.Seed(Service("udp", ClusterIP, new ServicePort { Port = 5000, Protocol = "UDP" }));
            api.Seed(Slice("udp", "a", ((IPEndPoint)a.Client.LocalEndPoint!).Port, protocol: "UDP"));
        });
        using var client = new UdpClient();
        client.Connect(ClusterIP, 5000);

        await client.SendAsync("one"u8.ToArray());
        var received = await a.ReceiveAsync();
        await a.SendAsync("answer"u8.ToArray(), received.RemoteEndPoint);
        Assert.Equal("answer", Encoding.ASCII.GetString((await client.ReceiveAsync()).Buffer));

        gateway.Api.Seed(Slice("udp", "a", ((IPEndPoint)a.Client.LocalEndPoint!).Port, ready: false, protocol: "UDP"));
        gateway.Api.Seed(Slice("udp", "b", ((IPEndPoint)b.Client.LocalEndPoint!).Port, protocol: "UDP"));
        await gateway.WhenAsync(table => table.Ports.Values.Any(route => route.Internal is [{ Pod: "b" }]));
        await client.SendAsync("two"u8.ToArray());

        Assert.Equal("two", Encoding.ASCII.GetString((await b.ReceiveAsync()).Buffer));
    }

    [Fact]
    public void TheBalancer_AvoidsAFailingEndpoint_ForAsLongAsItSays()
    {
        var clock = new ManualClock();
        var balancer = new EndpointBalancer(clock);
        ServiceEndpoint[] endpoints = [new(IPEndPoint.Parse("10.244.1.2:80")), new(IPEndPoint.Parse("10.244.1.3:80"))];
        var route = new ServicePortRoute { Key = new("default", "web", 80, ServiceProtocol.Tcp), Name = "", App = AppProtocol.Opaque, Internal = [.. endpoints], External = [] };

        balancer.OnFailed(endpoints[0]);
        Assert.All(Enumerable.Range(0, 4), _ => Assert.Same(endpoints[1], balancer.Pick(route, ListenerKind.ClusterIP, IPAddress.Loopback)));
        Assert.Same(endpoints[0], balancer.Pick(route, ListenerKind.ClusterIP, IPAddress.Loopback, [endpoints[1]]));

        clock.Advance(GatewayLimits.Deprioritized);
        Assert.Equal(2, Enumerable.Range(0, 4).Select(_ => balancer.Pick(route, ListenerKind.ClusterIP, IPAddress.Loopback)).Distinct().Count());
        Assert.Null(balancer.Pick(route, ListenerKind.NodePort, IPAddress.Loopback));
    }

    private static void Seed(Testing.Api.FakeApiClient api, Service service, params GreetingServer[] pods)
    {
        api.Seed(service);
        foreach (var pod in pods)
        {
            api.Seed(Slice(service.Metadata.Name!, pod.Name, pod.Port));
        }
    }

    private static async Task<string> TalkAsync(IPEndPoint address, string text)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(address);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(text));
        socket.Shutdown(SocketShutdown.Send);
        using var reader = new StreamReader(stream);
        var answer = await reader.ReadToEndAsync();
        return answer.Length > 0 ? answer : throw new IOException("closed without an answer");
    }

    /// <summary>Reads to the client's end, then answers with its name and what it read.</summary>
    private sealed class GreetingServer : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Task _loop;

        public GreetingServer(string name)
        {
            Name = name;
            _listener.Start();
            _loop = AcceptAsync();
        }

        public string Name { get; }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public async ValueTask DisposeAsync()
        {
            _listener.Dispose();
            await _loop;
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    _ = AnswerAsync(await _listener.AcceptTcpClientAsync());
                }
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        private async Task AnswerAsync(TcpClient client)
        {
            using (client)
            {
                using var reader = new StreamReader(client.GetStream());
                var text = await reader.ReadToEndAsync();
                await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"{Name}: {text}"));
            }
        }
    }
}
