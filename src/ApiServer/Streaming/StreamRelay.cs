namespace KubeAspire.ApiServer.Streaming;

/// <summary>Carries bytes both ways between a client and a node, as they are, until either ends.</summary>
internal static class StreamRelay
{
    /// <summary>Piece in which bytes are handed on. 32 KiB; what one side is ahead of the other is no more than that and the transport's own windows.</summary>
    private const int CopyBytes = 32 << 10;

    /// <summary>How long a client whose conversation has ended may take to read the rest and leave. 5 s. A connection closed with unread input would take the rest with it.</summary>
    private static readonly TimeSpan s_linger = TimeSpan.FromSeconds(5);

    /// <summary>Carries bytes. The streams stay the caller's.</summary>
    /// <param name="client">The client's side.</param>
    /// <param name="node">The node's side.</param>
    /// <param name="webSocket">Whether frames of a WebSocket pass: then the client gets each in a write, and so in a TLS record, of its own.</param>
    /// <param name="clock">Times the end.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task RunAsync(Stream client, Stream node, bool webSocket, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var down = CopyAsync(node, client, webSocket ? new FrameCutter() : null, dropAfterFailure: false, over.Token);
        var up = CopyAsync(client, node, null, dropAfterFailure: true, over.Token);
        if (await Task.WhenAny(down, up) == down)
        {
            using var timer = new CancellationTokenSource(s_linger, clock);
            using var link = timer.Token.Register(over.Cancel);
            await up;
        }

        await over.CancelAsync();
        await Task.WhenAll(down, up);
    }

    // A side that has gone ends the copy; why it went is of no use to the other.
    private static async Task CopyAsync(Stream from, Stream to, FrameCutter? frames, bool dropAfterFailure, CancellationToken cancellationToken)
    {
        var buffer = new byte[CopyBytes];
        var dropping = false;
        try
        {
            while (await from.ReadAsync(buffer, cancellationToken) is > 0 and var read)
            {
                try
                {
                    for (var (at, end) = (0, 0); at < read && !dropping; at = end)
                    {
                        end = at + (frames?.Next(buffer.AsSpan(at, read - at)) ?? read);
                        await to.WriteAsync(buffer.AsMemory(at, end - at), cancellationToken);
                        await to.FlushAsync(cancellationToken);
                    }
                }
                catch (Exception exception) when (dropAfterFailure && IsEnd(exception))
                {
                    dropping = true;
                }
            }
        }
        catch (Exception exception) when (IsEnd(exception) || exception is OperationCanceledException)
        {
            // It has ended.
        }
    }

    private static bool IsEnd(Exception exception) => exception is IOException or HttpRequestException or ObjectDisposedException or InvalidOperationException;
}
