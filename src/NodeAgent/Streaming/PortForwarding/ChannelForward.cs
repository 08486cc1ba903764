using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Text;
using KubeAspire.NodeAgent.Streaming.WebSockets;

namespace KubeAspire.NodeAgent.Streaming.PortForwarding;

/// <summary>One port on a WebSocket: a channel for data and the next one for errors.</summary>
internal sealed class ChannelForward(WebSocketChannels channels, byte channel, int port)
{
    /// <summary>The port.</summary>
    public int Port => port;

    /// <summary>What the client sends.</summary>
    public Pipe Input { get; } = new(new PipeOptions(
        pauseWriterThreshold: StreamLimits.AheadBytes, resumeWriterThreshold: StreamLimits.AheadBytes / 2, useSynchronizationContext: false));

    /// <summary>Says on both channels which port they are of: two bytes, the lower first.</summary>
    public async Task GreetAsync(CancellationToken cancellationToken)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)port);
        await channels.SendAsync(channel, bytes, cancellationToken);
        await channels.SendAsync((byte)(channel + 1), bytes, cancellationToken);
    }

    /// <summary>Sends what the pod says.</summary>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => channels.SendAsync(channel, bytes, cancellationToken);

    /// <summary>Sends what went wrong.</summary>
    public ValueTask TellAsync(string problem, CancellationToken cancellationToken) => channels.SendAsync((byte)(channel + 1), Encoding.UTF8.GetBytes(problem), cancellationToken);

    /// <summary>Reads all that the client sends.</summary>
    public async Task CopyToAsync(Func<ReadOnlyMemory<byte>, ValueTask> take, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await Input.Reader.ReadAsync(cancellationToken);
            foreach (var segment in read.Buffer)
            {
                await take(segment);
            }

            Input.Reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }
}
