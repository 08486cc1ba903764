using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using KubeAspire.NodeAgent.Streaming.Spdy;
using KubeAspire.NodeAgent.Streaming.WebSockets;
using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Streaming.PortForwarding;

/// <summary>Forwards a client's connections to ports of a pod.</summary>
internal sealed class PortForwarder(PodDialer dialer, Pod pod, IdleClock idle)
{
    private readonly ConcurrentDictionary<Task, bool> _running = new();

    /// <summary>Forwards over SPDY: for every connection the client opens a stream for errors and one for data, told apart by their headers.</summary>
    /// <returns>Null after a client that went; otherwise what it did wrong.</returns>
    public async Task<string?> RunSpdyAsync(Stream transport)
    {
        var pairs = new Dictionary<string, SpdyStream>(StringComparer.Ordinal);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(idle.Token);
        await using var connection = new SpdyConnection(transport, stream =>
        {
            var type = stream.Header("streamtype");
            if (type is not ("error" or "data") || PortOf(stream) is not { } port || pairs.Count > StreamLimits.SpdyStreamsMax)
            {
                return false;
            }

            // Clients before 1.2 send no id; the data stream then follows its error stream.
            var id = stream.Header("requestid");
            id = id.Length > 0 ? id : (type == "error" ? stream.Id : stream.Id - 2).ToString(CultureInfo.InvariantCulture);
            if (!pairs.Remove(id, out var other))
            {
                pairs[id] = stream;
                return true;
            }

            if (other.Header("streamtype") == type)
            {
                pairs[id] = other;
                return false;
            }

            var (error, data) = type == "error" ? (stream, other) : (other, stream);
            Track(ForwardAsync(data, error, port, over.Token));
            return true;
        });
        try
        {
            return await connection.RunAsync(idle.Token);
        }
        catch (OperationCanceledException)
        {
            await connection.LeaveAsync();
            return null;
        }
        finally
        {
            await over.CancelAsync();
            await Task.WhenAll(_running.Keys);
        }
    }

    /// <summary>Forwards one connection for each port over channels: 2i is its data, 2i+1 its error. Each channel begins with the port.</summary>
    /// <returns>Null after a client that went; otherwise what it did wrong.</returns>
    public async Task<string?> RunChannelsAsync(WebSocketChannels channels, IReadOnlyList<int> ports)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(idle.Token);
        var forwards = ports.Select((port, index) => new ChannelForward(channels, (byte)(index * 2), port)).ToList();
        try
        {
            foreach (var forward in forwards)
            {
                await forward.GreetAsync(over.Token);
            }

            foreach (var forward in forwards)
            {
                Track(ForwardAsync(forward, over.Token));
            }

            return await channels.RunAsync(
                async (channel, bytes, token) =>
                {
                    if (channel % 2 == 0 && channel / 2 < forwards.Count)
                    {
                        idle.Touch();
                        await forwards[channel / 2].Input.Writer.WriteAsync(bytes, token);
                    }
                },
                over.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            return null;
        }
        finally
        {
            forwards.ForEach(forward => forward.Input.Writer.Complete());
            await over.CancelAsync();
            await Task.WhenAll(_running.Keys);
        }
    }

    /// <summary>A port of a header or query; null for none.</summary>
    public static int? ParsePort(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= ushort.MaxValue ? port : null;

    private static int? PortOf(SpdyStream stream) => ParsePort(stream.Header("port"));

    private void Track(Task task)
    {
        _running.TryAdd(task, true);
        task.ContinueWith(done => _running.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private async Task ForwardAsync(SpdyStream data, SpdyStream error, int port, CancellationToken cancellationToken)
    {
        try
        {
            var problem = await CarryAsync(
                port,
                (take, token) => data.CopyToAsync(take, token),
                data.WriteAsync,
                data.CloseAsync,
                cancellationToken);
            if (problem is not null)
            {
                await error.WriteAsync(Encoding.UTF8.GetBytes(problem), cancellationToken);
            }

            await data.CloseAsync(cancellationToken);
            await error.CloseAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The client has gone, and its streams with it.
        }
        finally
        {
            await data.Input.CompleteAsync();
            await error.Input.CompleteAsync();
        }
    }

    private async Task ForwardAsync(ChannelForward forward, CancellationToken cancellationToken)
    {
        try
        {
            var problem = await CarryAsync(forward.Port, forward.CopyToAsync, forward.WriteAsync, _ => ValueTask.CompletedTask, cancellationToken);
            if (problem is not null)
            {
                await forward.TellAsync(problem, cancellationToken);
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The client has gone.
        }
        finally
        {
            await forward.Input.Reader.CompleteAsync();
        }
    }

    // Null when the connection was carried to its end; otherwise why there was none.
    private async Task<string?> CarryAsync(
        int port, Func<Func<ReadOnlyMemory<byte>, ValueTask>, CancellationToken, Task> read, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> write,
        Func<CancellationToken, ValueTask> close, CancellationToken cancellationToken)
    {
        Socket socket;
        try
        {
            socket = await dialer.DialInsideAsync(pod, port, cancellationToken);
        }
        catch (Exception exception) when (exception is SocketException or IOException)
        {
            var why = exception is SocketException { SocketErrorCode: SocketError.ConnectionRefused } ? "connection refused" : exception.Message;
            return $"error forwarding port {port} to pod {pod.Metadata.Uid}, uid : failed to connect to localhost:{port} inside the network of pod {pod.Metadata.Namespace}/{pod.Metadata.Name}: connect: {why}";
        }

        using (socket)
        {
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var up = UpAsync(socket, read, ended.Token);
            try
            {
                await DownAsync(socket, write, cancellationToken);
                await close(cancellationToken);
            }
            finally
            {
                await ended.CancelAsync();
                await up;
            }

            return null;
        }
    }

    private async Task UpAsync(Socket socket, Func<Func<ReadOnlyMemory<byte>, ValueTask>, CancellationToken, Task> read, CancellationToken cancellationToken)
    {
        try
        {
            await read(
                async bytes =>
                {
                    idle.Touch();
                    while (bytes.Length > 0)
                    {
                        bytes = bytes[await socket.SendAsync(bytes, cancellationToken)..];
                    }
                },
                cancellationToken);
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The pod closed its side; what it still says is read by the other direction.
        }
        catch (IOException)
        {
            socket.Close(); // The client reset its stream: it wants no answer either.
        }
    }

    private async Task DownAsync(Socket socket, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> write, CancellationToken cancellationToken)
    {
        var buffer = new byte[StreamLimits.CopyBytes];
        try
        {
            while (await socket.ReceiveAsync(buffer, cancellationToken) is > 0 and var read)
            {
                idle.Touch();
                await write(buffer.AsMemory(0, read), cancellationToken);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The connection broke: its end is all that can be told.
        }
    }
}
