using System.Net.WebSockets;
using System.Text;
using KubeAspire.NodeAgent.Streaming;
using KubeAspire.NodeAgent.Streaming.Remote;
using KubeAspire.NodeAgent.Streaming.WebSockets;
using KubeAspire.Testing;
using KubeAspire.Testing.Runtime;

namespace KubeAspire.NodeAgent.Tests.Streaming.Remote;

public sealed class WebSocketRemoteTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    public static TheoryData<string, string, string> Outcomes => new()
    {
        // protocol                    channel and text of the outcome after exit code 7
        { "v5.channel.k8s.io", "3", "\"reason\":\"NonZeroExitCode\"" },
        { "v4.channel.k8s.io", "3", "{\"message\":\"7\",\"reason\":\"ExitCode\"}" },
        { "v4.base64.channel.k8s.io", "3", "\"reason\":\"NonZeroExitCode\"" },
        { "channel.k8s.io", "3", "command terminated with non-zero exit code: command terminated with exit code 7" },
        { "base64.channel.k8s.io", "3", "command terminated with exit code 7" },
        { "", "3", "command terminated with exit code 7" },
    };

    [Theory]
    [MemberData(nameof(Outcomes))]
    public async Task Command_IsCarriedBothWays_AndItsOutcomeTold(string protocol, string channel, string outcome)
    {
        await using var talk = new Conversation(protocol, new RemoteOptions(true, true, true, false));
        Assert.Equal((1, ""), await talk.ReceiveAsync());

        await talk.SendAsync(0, "to the process");
        var read = await talk.Process.Input.ReadAtLeastAsync(14).AsTask().WaitAsync(s_patience);
        Assert.Equal("to the process", Encoding.ASCII.GetString(read.Buffer));
        talk.Process.Say("out"u8.ToArray());
        talk.Process.Say("err"u8.ToArray(), stderr: true);
        talk.Process.Exit(7);

        Assert.Equal((1, "out"), await talk.ReceiveAsync());
        Assert.Equal((2, "err"), await talk.ReceiveAsync());
        var (told, text) = await talk.ReceiveAsync();
        Assert.Equal(channel, told.ToString());
        Assert.Contains(outcome, text, StringComparison.Ordinal);
        Assert.Equal((-1, ""), await talk.ReceiveAsync());
        await talk.Process.Disposed.WaitAsync(s_patience);
    }

    [Fact]
    public async Task Success_IsToldAsAStatus_AndToOldProtocolsNotAtAll()
    {
        await using var talk = new Conversation("v5.channel.k8s.io", new RemoteOptions(false, true, true, false));
        await talk.ReceiveAsync();
        talk.Process.Exit(0);
        Assert.Equal((3, "{\"metadata\":{},\"status\":\"Success\"}"), await talk.ReceiveAsync());

        await using var old = new Conversation("channel.k8s.io", new RemoteOptions(false, true, true, false));
        await old.ReceiveAsync();
        old.Process.Exit(0);
        Assert.Equal((-1, ""), await old.ReceiveAsync());
    }

    [Fact]
    public async Task Version5_ClosesTheInputAlone()
    {
        await using var talk = new Conversation("v5.channel.k8s.io", new RemoteOptions(true, true, true, false));
        await talk.ReceiveAsync();
        await talk.SendAsync(0, "all");
        await talk.SendAsync(255, "\0");
        var read = await talk.Process.Input.ReadAtLeastAsync(100).AsTask().WaitAsync(s_patience);
        Assert.True(read.IsCompleted);
        talk.Process.Say("still here"u8.ToArray());
        Assert.Equal((1, "still here"), await talk.ReceiveAsync());
        talk.Process.Exit(0);
    }

    [Fact]
    public async Task TerminalSizes_AreBroughtToTheProcess_EvenInPieces()
    {
        await using var talk = new Conversation("v5.channel.k8s.io", new RemoteOptions(true, true, false, true));
        await talk.ReceiveAsync();
        await talk.SendAsync(4, "{\"Width\":80,");
        await talk.SendAsync(4, "\"Height\":24}\n");
        Assert.Equal((80, 24), await talk.Process.Sizes.ReadAsync().AsTask().WaitAsync(s_patience));
        talk.Process.Exit(0);
    }

    [Fact]
    public async Task ClientThatGoes_LetsTheProcessGo()
    {
        await using var talk = new Conversation("v4.channel.k8s.io", new RemoteOptions(true, true, true, false));
        await talk.ReceiveAsync();
        talk.Vanish();
        await talk.Process.Disposed.WaitAsync(s_patience);
        await talk.Ended.WaitAsync(s_patience);
    }

    [Fact]
    public async Task Silence_EndsTheConversation()
    {
        await using var talk = new Conversation("v4.channel.k8s.io", new RemoteOptions(true, true, true, false));
        await talk.ReceiveAsync();
        talk.Clock.Advance(StreamLimits.Idle - TimeSpan.FromTicks(1));
        Assert.False(talk.Process.Disposed.IsCompleted);
        talk.Clock.Advance(TimeSpan.FromTicks(1));
        await talk.Process.Disposed.WaitAsync(s_patience);
    }

    /// <summary>A client and a process, with the agent's side between them.</summary>
    private sealed class Conversation : IAsyncDisposable
    {
        private readonly ByteDuplex _wire;
        private readonly WebSocket _socket;
        private readonly bool _base64;
        private readonly IdleClock _idle;

        public Conversation(string protocol, RemoteOptions options)
        {
            _base64 = protocol.Contains("base64", StringComparison.Ordinal);
            (_wire, var server) = ByteDuplex.Pair();
            _socket = WebSocket.CreateFromStream(_wire, new WebSocketCreationOptions { KeepAliveInterval = TimeSpan.Zero });
            _idle = new IdleClock(Clock, StreamLimits.Idle, CancellationToken.None);
            var channels = new WebSocketChannels(WebSocket.CreateFromStream(server, new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = TimeSpan.Zero }), _base64);
            Ended = RunAsync(new WebSocketRemoteStreams(channels, options, protocol, _idle), options);
        }

        public ManualClock Clock { get; } = new();

        public FakeContainerStream Process { get; } = new();

        public Task Ended { get; }

        public async Task SendAsync(byte channel, string text) => await _socket.SendAsync(
            _base64 ? Encoding.ASCII.GetBytes($"{channel}{Convert.ToBase64String(Encoding.ASCII.GetBytes(text))}") : [channel, .. Encoding.ASCII.GetBytes(text)],
            _base64 ? WebSocketMessageType.Text : WebSocketMessageType.Binary, true, CancellationToken.None);

        /// <summary>The next message; channel -1 when the server closed.</summary>
        public async Task<(int Channel, string Text)> ReceiveAsync()
        {
            var buffer = new byte[4096];
            var read = await _socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None).AsTask().WaitAsync(s_patience);
            if (read.MessageType == WebSocketMessageType.Close)
            {
                return (-1, "");
            }

            var text = Encoding.ASCII.GetString(buffer, 1, read.Count - 1);
            return _base64 ? (buffer[0] - '0', Encoding.ASCII.GetString(Convert.FromBase64String(text))) : (buffer[0], text);
        }

        public void Vanish() => _wire.Dispose();

        public async ValueTask DisposeAsync()
        {
            _wire.Dispose();
            await Ended.WaitAsync(s_patience);
            _socket.Dispose();
            _idle.Dispose();
        }

        private async Task RunAsync(WebSocketRemoteStreams client, RemoteOptions options)
        {
            using var gone = CancellationTokenSource.CreateLinkedTokenSource(_idle.Token);
            var reading = client.RunAsync(_idle.Token);
            var leaving = reading.ContinueWith(_ => gone.Cancel(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            try
            {
                await client.GreetAsync(gone.Token);
                await RemoteCommand.RunAsync(client, options, Process, gone.Token);
                await reading;
            }
            catch (Exception exception) when (exception is OperationCanceledException or IOException)
            {
                // The client has gone.
            }

            await client.Input.CompleteAsync();
            _idle.End();
            await leaving;
            await client.DisposeAsync();
        }
    }
}
