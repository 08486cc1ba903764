using System.Buffers;
using System.Buffers.Text;
using System.Net.WebSockets;

namespace KubeAspire.NodeAgent.Streaming.WebSockets;

/// <summary>Numbered channels on one WebSocket: the first byte of a message is the channel, in base64 protocols its digit.</summary>
internal sealed class WebSocketChannels(WebSocket socket, bool base64) : IDisposable
{
    private readonly SemaphoreSlim _writing = new(1);

    /// <summary>Takes bytes of a channel.</summary>
    public delegate ValueTask Take(byte channel, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Reads messages until the client closes, handing their bytes on as they come.</summary>
    /// <returns>Null after a client that went; otherwise what it did wrong.</returns>
    public async Task<string?> RunAsync(Take take, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(StreamLimits.CopyBytes);
        try
        {
            while (true)
            {
                var message = base64 ? await ReadTextAsync(take, cancellationToken) : await ReadBinaryAsync(buffer, take, cancellationToken);
                if (message is not null)
                {
                    return message.Length == 0 ? null : message;
                }
            }
        }
        catch (WebSocketException broken)
        {
            return broken.WebSocketErrorCode is WebSocketError.ConnectionClosedPrematurely ? null : broken.Message;
        }
        catch (IOException broken)
        {
            return broken.Message;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Sends a message.</summary>
    /// <exception cref="IOException">The client has gone.</exception>
    public async ValueTask SendAsync(byte channel, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var length = base64 ? Base64.GetMaxEncodedToUtf8Length(bytes.Length) : bytes.Length;
        var message = ArrayPool<byte>.Shared.Rent(length + 1);
        await _writing.WaitAsync(cancellationToken);
        try
        {
            message[0] = base64 ? (byte)('0' + channel) : channel;
            if (base64)
            {
                Base64.EncodeToUtf8(bytes.Span, message.AsSpan(1), out _, out length);
            }
            else
            {
                bytes.CopyTo(message.AsMemory(1));
            }

            await socket.SendAsync(message.AsMemory(0, length + 1), base64 ? WebSocketMessageType.Text : WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
        }
        catch (Exception exception) when (exception is WebSocketException or ObjectDisposedException or InvalidOperationException)
        {
            throw new IOException("the client has gone", exception);
        }
        finally
        {
            _writing.Release();
            ArrayPool<byte>.Shared.Return(message);
        }
    }

    /// <summary>Says that nothing more will be sent.</summary>
    public async Task CloseAsync(WebSocketCloseStatus code, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                await socket.CloseOutputAsync(code, "", cancellationToken);
            }
        }
        catch (Exception exception) when (exception is WebSocketException or IOException or ObjectDisposedException)
        {
            // The client has gone first.
        }
        finally
        {
            _writing.Release();
        }
    }

    public void Dispose()
    {
        socket.Dispose();
        _writing.Dispose();
    }

    // Null for a message; empty for the end; otherwise what was wrong.
    private async ValueTask<string?> ReadBinaryAsync(byte[] buffer, Take take, CancellationToken cancellationToken)
    {
        byte channel = 0;
        for (var first = true; ; first = false)
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
            if (read.MessageType == WebSocketMessageType.Close)
            {
                return "";
            }

            var bytes = buffer.AsMemory(0, read.Count);
            if (first && bytes.Length > 0)
            {
                (channel, bytes) = (bytes.Span[0], bytes[1..]);
            }

            if (bytes.Length > 0)
            {
                await take(channel, bytes, cancellationToken);
            }

            if (read.EndOfMessage)
            {
                return null;
            }
        }
    }

    private async ValueTask<string?> ReadTextAsync(Take take, CancellationToken cancellationToken)
    {
        var message = new ArrayBufferWriter<byte>();
        ValueWebSocketReceiveResult read;
        do
        {
            read = await socket.ReceiveAsync(message.GetMemory(StreamLimits.CopyBytes), cancellationToken);
            if (read.MessageType == WebSocketMessageType.Close)
            {
                return "";
            }

            message.Advance(read.Count);
            if (message.WrittenCount > StreamLimits.TextMessageBytesMax)
            {
                return "a message is too large";
            }
        }
        while (!read.EndOfMessage);
        if (message.WrittenCount == 0)
        {
            return null;
        }

        var text = message.WrittenSpan;
        var channel = text[0] is >= (byte)'0' and <= (byte)'9' ? (byte)(text[0] - '0') : byte.MaxValue;
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length - 1)];
        if (channel == byte.MaxValue || Base64.DecodeFromUtf8(text[1..], bytes, out _, out var length) != OperationStatus.Done)
        {
            return "a message is not base64 behind the digit of its channel";
        }

        if (length > 0)
        {
            await take(channel, bytes.AsMemory(0, length), cancellationToken);
        }

        return null;
    }
}
