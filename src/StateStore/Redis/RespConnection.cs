using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace KubeAspire.StateStore.Redis;

/// <summary>
/// One connection to a Redis server. Commands of many callers share it, and are answered in the order they were sent. It breaks once and for
/// all: then every command in flight ends with <see cref="RedisLostException"/>, and nobody knows which of them were carried out.
/// </summary>
/// <remarks>
/// A client of our own because the store must know exactly what was sent when: nothing is sent twice behind its back, and no queue hides
/// what is in flight. It speaks the commands that the store needs, and no others.
/// </remarks>
internal sealed class RespConnection : IAsyncDisposable
{
    private const int ReadBufferBytes = 64 << 10;

    /// <summary>Largest answer that is believed. 512 MiB: what Redis itself allows a value.</summary>
    private const long MaxBulkBytes = 512L << 20;

    // Arrays within arrays: XREAD's answer has four levels.
    private const int MaxDepth = 8;

    private readonly Stream _stream;
    private readonly TimeProvider _clock;
    private readonly SemaphoreSlim _sending = new(1);
    private readonly Queue<TaskCompletionSource<RespValue>> _awaited = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly byte[] _read = new byte[ReadBufferBytes];
    private readonly RecordBytes _write = new();
    private Task _reading = Task.CompletedTask;
    private int _readAt;
    private int _readEnd;
    private Exception? _broken;

    private RespConnection(Stream stream, TimeProvider clock) => (_stream, _clock) = (stream, clock);

    /// <summary>Whether commands can still be sent.</summary>
    public bool IsBroken => Volatile.Read(ref _broken) is not null;

    /// <summary>Connects, and logs in.</summary>
    /// <exception cref="RedisLostException">The server cannot be reached.</exception>
    public static async Task<RespConnection> ConnectAsync(RedisAddress address, TimeSpan timeout, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Stream? stream = null;
        try
        {
            await socket.ConnectAsync(address.Host, address.Port, both.Token);
            stream = new NetworkStream(socket, ownsSocket: true);
            if (address.Tls)
            {
                var tls = new SslStream(stream);
                stream = tls;
                await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = address.TlsHost ?? address.Host }, both.Token);
            }

            var connection = new RespConnection(stream, clock);
            connection._reading = connection.ReadAllAsync();
            await connection.LogInAsync(address, timeout, both.Token);
            return connection;
        }
        catch (Exception failed) when (failed is IOException or SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            await (stream?.DisposeAsync() ?? ValueTask.CompletedTask);
            socket.Dispose();
            throw failed is RedisRefusedException ? failed : new RedisLostException($"Redis at {address} cannot be reached: {failed.Message}", failed);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends a command and waits for its answer.</summary>
    /// <param name="timeout">After this the connection is given up: its server is gone, or as good as gone.</param>
    /// <param name="cancellationToken">Gives up waiting; the command is carried out all the same.</param>
    /// <param name="command">The words of the command.</param>
    /// <exception cref="RedisLostException">The connection broke: whether the command was carried out is not known.</exception>
    /// <exception cref="RedisRefusedException">The server refused it: it was not.</exception>
    public async Task<RespValue> SendAsync(TimeSpan timeout, CancellationToken cancellationToken, params ReadOnlyMemory<byte>[] command)
    {
        var answered = new TaskCompletionSource<RespValue>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _sending.WaitAsync(cancellationToken);
        try
        {
            lock (_awaited)
            {
                if (_broken is { } broken)
                {
                    throw new RedisLostException(broken.Message, broken);
                }

                _awaited.Enqueue(answered);
            }

            await WriteAsync(command, timeout);
        }
        finally
        {
            _sending.Release();
        }

        try
        {
            var answer = await answered.Task.WaitAsync(timeout, _clock, cancellationToken);
            return answer.Kind == RespKind.Error ? throw RedisRefusedException.Of(answer.Text) : answer;
        }
        catch (TimeoutException late)
        {
            Break(late);
            throw new RedisLostException($"Redis did not answer within {timeout.TotalSeconds:0.#} s", late);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Break(new ObjectDisposedException(nameof(RespConnection)));
        await _reading;
        _sending.Dispose();
        _closing.Dispose();
    }

    /// <summary>Bytes of a word.</summary>
    public static ReadOnlyMemory<byte> Word(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>Bytes of a number.</summary>
    public static ReadOnlyMemory<byte> Word(long number) => Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture));

    private async Task LogInAsync(RedisAddress address, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (address.Password is { } password)
        {
            await SendAsync(timeout, cancellationToken, address.User is { } user ? [Word("AUTH"), Word(user), Word(password)] : [Word("AUTH"), Word(password)]);
        }

        if (address.Database != 0)
        {
            await SendAsync(timeout, cancellationToken, Word("SELECT"), Word(address.Database));
        }
    }

    private async Task WriteAsync(ReadOnlyMemory<byte>[] command, TimeSpan timeout)
    {
        _write.Clear();
        _write.Line('*', command.Length);
        foreach (var word in command)
        {
            _write.Line('$', word.Length);
            _write.Add(word.Span);
            _write.Add("\r\n"u8);
        }

        try
        {
            using var limit = new CancellationTokenSource(timeout, _clock);
            await _stream.WriteAsync(_write.Written, limit.Token);
        }
        catch (Exception failed) when (failed is IOException or ObjectDisposedException or OperationCanceledException)
        {
            Break(failed);
            throw new RedisLostException($"Redis' connection broke: {failed.Message}", failed);
        }
    }

    private async Task ReadAllAsync()
    {
        try
        {
            while (true)
            {
                var answer = await ReadAsync(0);
                TaskCompletionSource<RespValue>? awaited;
                lock (_awaited)
                {
                    _awaited.TryDequeue(out awaited);
                }

                (awaited ?? throw new InvalidDataException("Redis answered what nobody asked.")).TrySetResult(answer);
            }
        }
        catch (Exception failed) when (failed is IOException or ObjectDisposedException or OperationCanceledException or InvalidDataException)
        {
            Break(failed);
        }
    }

    private void Break(Exception reason)
    {
        lock (_awaited)
        {
            if (_broken is not null)
            {
                return;
            }

            Volatile.Write(ref _broken, reason);
            while (_awaited.TryDequeue(out var awaited))
            {
                awaited.TrySetException(new RedisLostException($"Redis' connection broke: {reason.Message}", reason));

                // Whoever waited may have gone; the failure is nobody's then.
                _ = awaited.Task.Exception;
            }
        }

        _closing.Cancel();
        _stream.Dispose();
    }

    private async ValueTask<RespValue> ReadAsync(int depth)
    {
        var line = await ReadLineAsync();
        var (kind, rest) = (line[0], line.AsMemory(1));
        switch ((char)kind)
        {
            case '+':
                return new RespValue(RespKind.Simple, Bytes: rest.ToArray());
            case '-':
                return new RespValue(RespKind.Error, Bytes: rest.ToArray());
            case ':':
                return new RespValue(RespKind.Integer, Number(rest.Span));
            case '$':
                var length = Number(rest.Span);
                if (length < 0)
                {
                    return default;
                }

                if (length > MaxBulkBytes)
                {
                    throw new InvalidDataException($"Redis announced {length} bytes.");
                }

                var bytes = new byte[length];
                await FillAsync(bytes);
                await FillAsync(new byte[2]);
                return new RespValue(RespKind.Bulk, Bytes: bytes);
            case '*':
                var count = Number(rest.Span);
                if (count < 0)
                {
                    return default;
                }

                if (depth == MaxDepth || count > MaxBulkBytes / 16)
                {
                    throw new InvalidDataException($"Redis announced a list of {count} at depth {depth}.");
                }

                var items = new RespValue[count];
                for (var i = 0; i < count; i++)
                {
                    items[i] = await ReadAsync(depth + 1);
                }

                return new RespValue(RespKind.Array, Items: items);
            default:
                throw new InvalidDataException($"Redis' answer begins with byte {kind}.");
        }
    }

    private static long Number(ReadOnlySpan<byte> text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : throw new InvalidDataException("Redis' answer has no number where one belongs.");

    // Lines are short: kinds, lengths, and the words of errors.
    private async ValueTask<byte[]> ReadLineAsync()
    {
        byte[] before = [];
        while (true)
        {
            var found = _read.AsSpan(_readAt, _readEnd - _readAt).IndexOf((byte)'\n');
            if (found >= 0)
            {
                byte[] line = [.. before, .. _read.AsSpan(_readAt, found)];
                _readAt += found + 1;
                return line.Length > 1 && line[^1] == '\r' ? line[..^1] : throw new InvalidDataException("Redis' answer has an empty line.");
            }

            before = [.. before, .. _read.AsSpan(_readAt, _readEnd - _readAt)];
            if (before.Length > ReadBufferBytes)
            {
                throw new InvalidDataException("Redis' answer has a line without an end.");
            }

            await RefillAsync();
        }
    }

    private async ValueTask FillAsync(Memory<byte> target)
    {
        while (true)
        {
            var count = Math.Min(target.Length, _readEnd - _readAt);
            _read.AsSpan(_readAt, count).CopyTo(target.Span);
            _readAt += count;
            target = target[count..];
            if (target.IsEmpty)
            {
                return;
            }

            if (target.Length >= ReadBufferBytes)
            {
                await _stream.ReadExactlyAsync(target, _closing.Token);
                return;
            }

            await RefillAsync();
        }
    }

    private async ValueTask RefillAsync()
    {
        _readAt = 0;
        _readEnd = await _stream.ReadAsync(_read, _closing.Token);
        if (_readEnd == 0)
        {
            throw new EndOfStreamException("Redis closed the connection.");
        }
    }

    // A command's bytes, put together so that it leaves in one piece.
    private sealed class RecordBytes
    {
        private const int KeptMost = 8 << 20;
        private byte[] _bytes = new byte[4 << 10];
        private int _length;

        public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _length);

        public void Clear()
        {
            _length = 0;
            if (_bytes.Length > KeptMost)
            {
                _bytes = new byte[4 << 10];
            }
        }

        public void Line(char kind, int number)
        {
            Span<byte> line = stackalloc byte[16];
            line[0] = (byte)kind;
            number.TryFormat(line[1..], out var digits, provider: CultureInfo.InvariantCulture);
            "\r\n"u8.CopyTo(line[(1 + digits)..]);
            Add(line[..(digits + 3)]);
        }

        public void Add(ReadOnlySpan<byte> bytes)
        {
            if (_bytes.Length - _length < bytes.Length)
            {
                Array.Resize(ref _bytes, checked((int)Math.Max(_bytes.Length * 2L, _length + (long)bytes.Length)));
            }

            bytes.CopyTo(_bytes.AsSpan(_length));
            _length += bytes.Length;
        }
    }
}
