using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace KubeAspire.StateStore.Tests.Redis.Planted;

/// <summary>What becomes of a command: the rule asks the server, with these words or others, as often as it likes, and says what is answered.</summary>
internal delegate Task<byte[]> RespRule(byte[][] words, Func<byte[][], Task<byte[]>> server);

/// <summary>Stands between a silo and Redis, and does with each command what a rule says: a Redis, or a use of it, with a mistake in it.</summary>
internal sealed class RespRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly int _target;
    private readonly RespRule _rule;
    private readonly Task _accepting;

    public RespRelay(int target, RespRule rule)
    {
        (_target, _rule) = (target, rule);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string ConnectionString => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>Whether a command is the append of an entry.</summary>
    public static bool IsAppend(byte[][] words) => IsScript(words, "XADD");

    /// <summary>Whether a command runs a script in which a word stands.</summary>
    public static bool IsScript(byte[][] words, string word) => Is(words, "EVAL") && Encoding.UTF8.GetString(words[1]).Contains(word, StringComparison.Ordinal);

    /// <summary>Whether a command begins so.</summary>
    public static bool Is(byte[][] words, string command) => Encoding.ASCII.GetString(words[0]) == command;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = RelayAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task RelayAsync(TcpClient client)
    {
        using var server = new TcpClient { NoDelay = true };
        using (client)
        {
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _target, _stop.Token);
                using var from = new Frames(client.GetStream(), _stop.Token);
                using var to = new Frames(server.GetStream(), _stop.Token);

                // A rule may have put a command off: one at a time, in the order in which they were asked for.
                using var turn = new SemaphoreSlim(1);
                while (true)
                {
                    var answer = await _rule(Words(await from.ReadAsync()), AskAsync);
                    await client.GetStream().WriteAsync(answer, _stop.Token);
                }

                async Task<byte[]> AskAsync(byte[][] words)
                {
                    await turn.WaitAsync(_stop.Token);
                    try
                    {
                        await server.GetStream().WriteAsync(Command(words), _stop.Token);
                        return await to.ReadAsync();
                    }
                    finally
                    {
                        turn.Release();
                    }
                }
            }
            catch (Exception ended) when (ended is IOException or OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
            {
                // One side has gone.
            }
        }
    }

    private static byte[] Command(byte[][] words)
    {
        using var bytes = new MemoryStream();
        Line('*', words.Length);
        foreach (var word in words)
        {
            Line('$', word.Length);
            bytes.Write(word);
            bytes.Write("\r\n"u8);
        }

        return bytes.ToArray();

        void Line(char kind, int number) => bytes.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{kind}{number}\r\n")));
    }

    private static byte[][] Words(byte[] command)
    {
        var at = 0;
        var words = new byte[Number()][];
        for (var i = 0; i < words.Length; i++)
        {
            var length = Number();
            words[i] = command[at..(at + length)];
            at += length + 2;
        }

        return words;

        int Number()
        {
            var end = Array.IndexOf(command, (byte)'\r', at);
            var number = int.Parse(command.AsSpan((at + 1)..end), CultureInfo.InvariantCulture);
            at = end + 2;
            return number;
        }
    }

    // Commands and answers as they come, whole.
    private sealed class Frames(Stream stream, CancellationToken stop) : IDisposable
    {
        private readonly BufferedStream _stream = new(stream, 64 << 10);
        private readonly byte[] _one = new byte[1];

        public async Task<byte[]> ReadAsync()
        {
            using var whole = new MemoryStream();
            await AddAsync(whole);
            return whole.ToArray();
        }

        public void Dispose() => _stream.Dispose();

        private async Task AddAsync(MemoryStream whole)
        {
            var start = (int)whole.Length;
            do
            {
                await _stream.ReadExactlyAsync(_one, stop);
                whole.WriteByte(_one[0]);
            }
            while (_one[0] != '\n');

            var line = Encoding.ASCII.GetString(whole.GetBuffer(), start, (int)whole.Length - start - 2);
            if (line[0] is not ('$' or '*'))
            {
                return;
            }

            var count = int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture);
            if (line[0] == '$' && count >= 0)
            {
                var bytes = new byte[count + 2];
                await _stream.ReadExactlyAsync(bytes, stop);
                whole.Write(bytes);
            }

            for (var i = 0; line[0] == '*' && i < count; i++)
            {
                await AddAsync(whole);
            }
        }
    }
}
