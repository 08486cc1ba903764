using System.Net;
using System.Net.Sockets;
using KubeAspire.Client.Rest;
using KubeAspire.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.Client.Tests.Rest;

public sealed class ApiServerArrivalTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();
    private readonly ManualClock _clock = new();

    private string Kubeconfig => Path.Combine(_folder.Path, "node-1.kubeconfig");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task TheFile_ThenTheServer_AreWaitedFor()
    {
        using var server = Bound(out var port);
        var waiting = WaitAsync();
        await TurnAsync(waiting);
        Assert.False(waiting.IsCompleted);

        Write(port);
        await TurnAsync(waiting);
        Assert.False(waiting.IsCompleted);

        server.Listen();
        await TurnAsync(waiting);
        await waiting;
        Assert.True(Elapsed() < ApiServerArrival.ServerPatience);
    }

    [Fact]
    public async Task AServerThatOnlyTheConfigurationNames_IsEnough()
    {
        using var silent = Bound(out var own);
        using var server = Bound(out var another);
        server.Listen();
        Write(own);

        await WaitAsync(new KeyValuePair<string, string?>("services:silo-2:https:0", $"https://127.0.0.1:{another}"));
        Assert.Equal(TimeSpan.Zero, Elapsed());
    }

    [Fact]
    public async Task PatienceEnds_WithTheFileOrTheServerMissing()
    {
        await EndAsync(WaitAsync());
        var waited = Elapsed();
        Assert.InRange(waited, ApiServerArrival.FilePatience, ApiServerArrival.FilePatience * 1.1);

        using var silent = Bound(out var port);
        Write(port);
        await EndAsync(WaitAsync());
        Assert.InRange(Elapsed() - waited, ApiServerArrival.ServerPatience, ApiServerArrival.ServerPatience * 1.1);
    }

    private Task WaitAsync(params KeyValuePair<string, string?>[] settings) => ApiServerArrival.WaitAsync(
        Kubeconfig, new ConfigurationBuilder().AddInMemoryCollection(settings).Build(), _clock, NullLogger.Instance, TestContext.Current.CancellationToken);

    private TimeSpan Elapsed() => _clock.GetUtcNow() - new ManualClock().GetUtcNow();

    // One pause of the code under test, once it is in one.
    private async Task TurnAsync(Task waiting)
    {
        while (_clock.ArmedTimers == 0 && !waiting.IsCompleted)
        {
            await Task.Yield();
        }

        _clock.Advance(TimeSpan.FromSeconds(1));
        while (_clock.ArmedTimers == 0 && !waiting.IsCompleted)
        {
            await Task.Yield();
        }
    }

    private async Task EndAsync(Task waiting)
    {
        while (!waiting.IsCompleted)
        {
            await TurnAsync(waiting);
        }

        await waiting;
    }

    // Bound, so that nobody else has the port, and not listening: connections are refused.
    private static Socket Bound(out int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        return socket;
    }

    private void Write(int port) => File.WriteAllText(Kubeconfig, $$$"""
        {"current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "k"}}], "clusters": [{"name": "k", "cluster": {"server": "https://127.0.0.1:{{{port}}}"}}]}
        """);
}
