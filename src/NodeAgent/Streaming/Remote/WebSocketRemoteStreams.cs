using System.Net.WebSockets;
using System.Text;
using KubeAspire.NodeAgent.Streaming.WebSockets;

namespace KubeAspire.NodeAgent.Streaming.Remote;

/// <summary>Exec and attach over a WebSocket: <c>channel.k8s.io</c> and its versions 4 and 5, plain or base64.</summary>
/// <remarks>Channels: 0 input, 1 output, 2 error output, 3 outcome, 4 terminal size, 255 (version 5) closes another.</remarks>
internal sealed class WebSocketRemoteStreams(WebSocketChannels channels, RemoteOptions options, string protocol, IdleClock idle) : RemoteStreams(idle)
{
    private const byte InputChannel = 0;
    private const byte OutputChannel = 1;
    private const byte ErrorChannel = 2;
    private const byte OutcomeChannel = 3;
    private const byte SizeChannel = 4;
    private const byte CloseChannel = 255;

    /// <summary>Whether the outcome is a Status; before version 4 it was a text, and nothing for success.</summary>
    private readonly bool _status = protocol.StartsWith("v4.", StringComparison.Ordinal) || protocol.StartsWith("v5.", StringComparison.Ordinal);
    private readonly bool _closes = protocol.StartsWith("v5.", StringComparison.Ordinal);

    /// <summary>Tells the client that the connection stands, with an empty message, as clients wait for.</summary>
    public ValueTask GreetAsync(CancellationToken cancellationToken) =>
        channels.SendAsync(options.Stdout ? OutputChannel : options.Stderr ? ErrorChannel : OutcomeChannel, default, cancellationToken);

    public override async Task<string?> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await channels.RunAsync(TakeAsync, cancellationToken);
        }
        finally
        {
            EndInput();
        }
    }

    public override ValueTask WriteAsync(bool stderr, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        Idle.Touch();
        return channels.SendAsync(stderr ? ErrorChannel : OutputChannel, bytes, cancellationToken);
    }

    public override async Task FinishAsync(RemoteOutcome outcome, CancellationToken cancellationToken)
    {
        if (_status)
        {
            await channels.SendAsync(OutcomeChannel, outcome.Status, cancellationToken);
        }
        else if (outcome.Text.Length > 0)
        {
            await channels.SendAsync(OutcomeChannel, Encoding.UTF8.GetBytes(outcome.Text), cancellationToken);
        }

        await channels.CloseAsync(WebSocketCloseStatus.NormalClosure, cancellationToken);
    }

    public override ValueTask DisposeAsync()
    {
        channels.Dispose();
        return ValueTask.CompletedTask;
    }

    private async ValueTask TakeAsync(byte channel, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        switch (channel)
        {
            case InputChannel when options.Stdin:
                await TakeInputAsync(bytes, cancellationToken);
                break;
            case SizeChannel when options.Tty:
                TakeSize(bytes.Span);
                break;
            case CloseChannel when _closes:
                if (bytes.Length > 0 && bytes.Span[0] == InputChannel)
                {
                    EndInput();
                }

                break;
            default:
                break; // A channel that this conversation has not, or that only the server writes to.
        }
    }
}
