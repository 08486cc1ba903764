using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using KubeAspire.Gateway.Leases;
using KubeAspire.Resources.Coordination;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Discovery;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using static KubeAspire.Gateway.Tests.GatewayFixture;

namespace KubeAspire.Gateway.Tests;

public sealed class HttpServiceTests
{
    private const string ClusterIP = "127.96.1.1";

    private static readonly ServicePort Http = new() { Name = "http", Port = 8080 };

    [Fact]
    public async Task OneConnection_ReachesEveryEndpoint_RequestByRequest()
    {
        await using var a = await Backend.StartAsync("a");
        await using var b = await Backend.StartAsync("b");
        await using var c = await Backend.StartAsync("c");
        await using var gateway = await StartAsync(api => Seed(api, a, b, c));
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 1 });

        var answers = new List<string>();
        for (var i = 0; i < 30; i++)
        {
            answers.Add(await client.GetStringAsync($"http://{ClusterIP}:8080/"));
        }

        Assert.Equal(["a HTTP/1.1 10", "b HTTP/1.1 10", "c HTTP/1.1 10"], answers.CountBy(answer => answer).Select(pair => $"{pair.Key} {pair.Value}").Order());
    }

    [Fact]
    public async Task ARollingUpdateUnderSteadyLoad_LosesNoRequest()
    {
        const int Clients = 6;
        const int Rounds = 8;
        var pods = new Queue<Backend>([await Backend.StartAsync("pod-0"), await Backend.StartAsync("pod-1"), await Backend.StartAsync("pod-2")]);
        await using var gateway = await StartAsync(api => Seed(api, [.. pods]));
        using var over = new CancellationTokenSource();
        var served = 0;
        var failures = new ConcurrentQueue<string>();
        var load = Enumerable.Range(0, Clients).Select(async number =>
        {
            using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 1 });
            while (!over.IsCancellationRequested)
            {
                try
                {
                    // Half of the load has bodies, which cannot be sent twice once they have begun.
                    using var answer = number % 2 == 0
                        ? await client.GetAsync($"http://{ClusterIP}:8080/")
                        : await client.PostAsync($"http://{ClusterIP}:8080/echo", new StringContent("hello"));
                    if (answer.StatusCode != HttpStatusCode.OK)
                    {
                        failures.Enqueue($"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
                    }
                }
                catch (HttpRequestException exception)
                {
                    failures.Enqueue(exception.ToString());
                }

                Interlocked.Increment(ref served);
            }
        }).ToList();

        for (var round = 3; round < 3 + Rounds; round++)
        {
            var next = await Backend.StartAsync($"pod-{round}");
            pods.Enqueue(next);
            gateway.Api.Seed(Slice("web", next.Name, next.Port, "http"));
            await gateway.WhenEndpointsAsync("web", 4);

            // As a node agent does: not ready in the slice, then every gateway's word that its routes know, then the container stops.
            var old = pods.Dequeue();
            var slice = gateway.Api.Seed(Slice("web", old.Name, old.Port, "http", ready: false));
            await LeaseAppliedAsync(gateway, slice.Metadata.ResourceVersion!);
            await ServedAsync(20 * Clients);
            var settled = old.Requests;
            await ServedAsync(20 * Clients);
            Assert.Equal(settled, old.Requests);
            await old.DisposeAsync();
            await gateway.Api.DeleteAsync(EndpointSlice.ResourceType, "default", slice.Metadata.Name!, new ApiMachinery.Meta.DeleteOptions(), CancellationToken.None);
        }

        await over.CancelAsync();
        await Task.WhenAll(load);
        Assert.True(failures.IsEmpty, $"{failures.Count} of {served} failed, such as {failures.FirstOrDefault()}");
        foreach (var pod in pods)
        {
            await pod.DisposeAsync();
        }

        async Task ServedAsync(int more)
        {
            for (var until = Volatile.Read(ref served) + more; Volatile.Read(ref served) < until;)
            {
                await Task.Yield();
            }
        }
    }

    [Fact]
    public async Task AnEndpointThatRefuses_DoesNotShow_EvenForRequestsWithBodies()
    {
        await using var alive = await Backend.StartAsync("alive");
        await using var gateway = await StartAsync(api =>
        {
            Seed(api, alive);
            api.Seed(Slice("web", "dead", FreePort(), "http"));
        });
        using var client = new HttpClient();

        for (var i = 0; i < 10; i++)
        {
            using var answer = await client.PostAsync($"http://{ClusterIP}:8080/echo", new StringContent($"body {i}"));
            Assert.Equal($"body {i}", await answer.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task WithoutEndpoints_TheAnswerIs503_AndSaysWhy()
    {
        await using var gateway = await StartAsync(api => Seed(api));
        using var client = new HttpClient();

        using var answer = await client.GetAsync($"http://{ClusterIP}:8080/");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("503 Service Unavailable: service \"default/web\" has no ready endpoints\n", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Http2ByPriorKnowledge_IsBalancedByRequest()
    {
        await using var a = await Backend.StartAsync("a", HttpProtocols.Http2);
        await using var b = await Backend.StartAsync("b", HttpProtocols.Http2);
        await using var gateway = await StartAsync(api =>
        {
            api.Seed(Service("web", ClusterIP, new ServicePort { Name = "grpc", Port = 8080 }));
            api.Seed(Slice("web", "a", a.Port, "grpc"));
            api.Seed(Slice("web", "b", b.Port, "grpc"));
        });
        using var client = new HttpClient { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.GetStringAsync($"http://{ClusterIP}:8080/")));

        Assert.Equal(["a HTTP/2 10", "b HTTP/2 10"], answers.CountBy(answer => answer).Select(pair => $"{pair.Key} {pair.Value}").Order());
    }

    [Fact]
    public async Task WebSockets_PassThrough()
    {
        await using var pod = await Backend.StartAsync("pod");
        await using var gateway = await StartAsync(api => Seed(api, pod));
        using var socket = new ClientWebSocket();

        await socket.ConnectAsync(new Uri($"ws://{ClusterIP}:8080/ws"), CancellationToken.None);
        await socket.SendAsync(Encoding.UTF8.GetBytes("ping"), WebSocketMessageType.Text, true, CancellationToken.None);
        var buffer = new byte[64];
        var received = await socket.ReceiveAsync(buffer, CancellationToken.None);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);

        Assert.Equal("ping", Encoding.UTF8.GetString(buffer, 0, received.Count));
    }

    [Fact]
    public async Task ALargeBody_PassesAServicePort_AsItWouldReachThePod()
    {
        await using var pod = await Backend.StartAsync("pod");
        await using var gateway = await StartAsync(api => Seed(api, pod));
        using var client = new HttpClient();

        using var answer = await client.PostAsync($"http://{ClusterIP}:8080/count", new ByteArrayContent(new byte[20 << 20]));

        Assert.Equal((20 << 20).ToString(), await answer.Content.ReadAsStringAsync());
    }

    private static void Seed(Testing.Api.FakeApiClient api, params Backend[] pods)
    {
        api.Seed(Service("web", ClusterIP, Http));
        foreach (var pod in pods)
        {
            api.Seed(Slice("web", pod.Name, pod.Port, "http"));
        }
    }

    private static async Task LeaseAppliedAsync(GatewayFixture gateway, string revision)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (gateway.Api.Find<Lease>("kube-system", "gateway-test") is not { } lease
            || long.Parse(lease.Metadata.Annotations![GatewayLease.AppliedAnnotation]) < long.Parse(revision))
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
