using System.Buffers.Binary;
using System.Text;
using System.Threading.Channels;
using KubeAspire.NodeAgent.Streaming.Spdy;

namespace KubeAspire.NodeAgent.Tests.Streaming.Spdy;

public sealed class SpdyConnectionTests : IAsyncLifetime
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly Channel<SpdyStream> _streams = Channel.CreateUnbounded<SpdyStream>();
    private readonly SpdyHeaderWriter _writer = new();
    private readonly ByteDuplex _client;
    private readonly ByteDuplex _server;
    private readonly SpdyConnection _connection;
    private Task<string?> _running = Task.FromResult<string?>(null);

    public SpdyConnectionTests()
    {
        (_client, _server) = ByteDuplex.Pair();
        _connection = new SpdyConnection(_server, stream => stream.Header("streamtype") != "unwanted" && _streams.Writer.TryWrite(stream));
    }

    public ValueTask InitializeAsync()
    {
        _running = _connection.RunAsync(CancellationToken.None);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _running.WaitAsync(s_patience);
        await _connection.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Stream_IsAnswered_CarriesBothWays_AndEndsHalfByHalf()
    {
        var stream = await OpenAsync(1, "data");
        await SendAsync(Data(1, "hello", last: true));
        var said = new StringBuilder();
        await stream.CopyToAsync(
            bytes =>
            {
                said.Append(Encoding.ASCII.GetString(bytes.Span));
                return ValueTask.CompletedTask;
            },
            CancellationToken.None).WaitAsync(s_patience);
        Assert.Equal("hello", said.ToString());

        await stream.WriteAsync("answer"u8.ToArray(), CancellationToken.None);
        Assert.Equal("00000001" + "00000006" + Convert.ToHexString("answer"u8), Convert.ToHexString(await ReadAsync(14)));
        Assert.Equal(1, _connection.OpenStreams);
        await stream.CloseAsync(CancellationToken.None);
        Assert.Equal("0000000101000000", Convert.ToHexString(await ReadAsync(8)));
        Assert.Equal(0, _connection.OpenStreams);
        await Assert.ThrowsAsync<IOException>(async () => await stream.WriteAsync("more"u8.ToArray(), CancellationToken.None));
    }

    [Fact]
    public async Task Ping_IsEchoed()
    {
        await SendAsync(Control(6, 0, [0, 0, 0, 7]));
        Assert.Equal("800300060000000400000007", Convert.ToHexString(await ReadAsync(12)));
    }

    [Fact]
    public async Task RefusedStream_IsReset()
    {
        await SendAsync(Syn(1, "unwanted"));
        await ReadFrameAsync();
        Assert.Equal("80030003000000080000000100000003", Convert.ToHexString(await ReadAsync(16)));
        Assert.Equal(0, _connection.OpenStreams);
    }

    [Fact]
    public async Task ResetStream_FailsItsReader()
    {
        var stream = await OpenAsync(1, "data");
        await SendAsync(Control(3, 0, [0, 0, 0, 1, 0, 0, 0, 5]));
        await Assert.ThrowsAsync<IOException>(() => stream.CopyToAsync(_ => ValueTask.CompletedTask, CancellationToken.None).WaitAsync(s_patience));
        Assert.Equal(0, _connection.OpenStreams);
    }

    [Fact]
    public async Task ClientThatGoes_EndsEveryStream()
    {
        var one = await OpenAsync(1, "data");
        var two = await OpenAsync(3, "error");
        await _client.DisposeAsync();
        Assert.Null(await _running.WaitAsync(s_patience));
        await Assert.ThrowsAsync<IOException>(() => one.CopyToAsync(_ => ValueTask.CompletedTask, CancellationToken.None).WaitAsync(s_patience));
        await Assert.ThrowsAsync<IOException>(async () => await two.WriteAsync("x"u8.ToArray(), CancellationToken.None));
        Assert.Equal(0, _connection.OpenStreams);
    }

    public static TheoryData<string, string> Broken => new()
    {
        { "another version", "8002000100000000" },
        { "a control frame of a megabyte", "8003000100100000" },
        { "an unknown type", "8003000500000000" },
        { "a stream without its fields", "8003000100000004" + "00000001" },
        { "data for a stream never opened", "0000000900000001" + "00" },
        { "a header block that is none", "800300010000000c" + "00000001" + "00000000" + "0000" + "ffff" },
        { "an even stream", "8003000100000015" + "00000002" + "00000000" + "0000" + "7801000400fbff00000000" },
        { "a reset without a stream", "8003000300000000" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public async Task BrokenFrame_EndsTheConnection_WithAGoodbye(string because, string frame)
    {
        await SendAsync(Convert.FromHexString(frame));
        Assert.True(await _running.WaitAsync(s_patience) is { Length: > 0 }, because);
        var goodbye = await ReadAsync(16);
        Assert.True(Convert.ToHexString(goodbye.AsSpan(0, 8)) == "8003000700000008", because);
        Assert.Equal(1, goodbye[15]);
    }

    [Fact]
    public async Task RandomBytes_EndCleanly()
    {
        for (var seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            var bytes = new byte[random.Next(1, 200)];
            random.NextBytes(bytes);
            if (random.Next(2) == 0)
            {
                (bytes[0], bytes[1 % bytes.Length]) = (0x80, 3);
            }

            using var input = new MemoryStream([.. Syn(1, "data", new SpdyHeaderWriter()), .. bytes]);
            var (client, server) = ByteDuplex.Pair();
            await using var connection = new SpdyConnection(server, _ => true);
            var running = connection.RunAsync(CancellationToken.None);
            await input.CopyToAsync(client);
            await client.DisposeAsync();
            await running.WaitAsync(s_patience);
            Assert.True(connection.OpenStreams == 0, $"seed {seed}: a stream was left open");
        }
    }

    private static byte[] Control(int type, byte flags, byte[] body)
    {
        var frame = new byte[8 + body.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame, 0x80030000u | (uint)type);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), body.Length);
        frame[4] = flags;
        body.CopyTo(frame, 8);
        return frame;
    }

    private static byte[] Syn(int id, string type, SpdyHeaderWriter writer)
    {
        var body = new byte[10];
        BinaryPrimitives.WriteInt32BigEndian(body, id);
        return Control(1, 0, [.. body, .. writer.Write([new("streamtype", type)])]);
    }

    private byte[] Syn(int id, string type) => Syn(id, type, _writer);

    private static byte[] Data(int id, string text, bool last)
    {
        var frame = new byte[8 + text.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, id);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), text.Length);
        frame[4] = last ? (byte)1 : (byte)0;
        Encoding.ASCII.GetBytes(text, frame.AsSpan(8));
        return frame;
    }

    private async Task<SpdyStream> OpenAsync(int id, string type)
    {
        await SendAsync(Syn(id, type));
        var stream = await _streams.Reader.ReadAsync().AsTask().WaitAsync(s_patience);
        var reply = await ReadFrameAsync();
        Assert.Equal("80030002", Convert.ToHexString(reply.AsSpan(0, 4)));
        return stream;
    }

    private Task SendAsync(byte[] bytes) => _client.WriteAsync(bytes).AsTask();

    private async Task<byte[]> ReadAsync(int length)
    {
        var bytes = new byte[length];
        await _client.ReadExactlyAsync(bytes).AsTask().WaitAsync(s_patience);
        return bytes;
    }

    private async Task<byte[]> ReadFrameAsync()
    {
        var head = await ReadAsync(8);
        return [.. head, .. await ReadAsync(BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(4)) & 0xffffff)];
    }
}
