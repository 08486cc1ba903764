using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using KubeAspire.Dns.Wire;

namespace KubeAspire.Dns.Server;

/// <summary>Asks other servers. Each question has a socket (so a port) and an id of its own, both unpredictable, and only the server asked can answer it.</summary>
internal sealed class UpstreamResolver(IReadOnlyList<IPEndPoint> upstreams, TimeProvider clock)
{
    private readonly ConcurrentDictionary<(ushort Id, string Name, DnsRecordType Type), bool> _open = new();
    private int _inFlight;

    /// <summary>Whether the query is one that this server itself sent out and that came back to it.</summary>
    public bool IsLoop(DnsQuery query) => _open.ContainsKey((query.Id, query.Name, query.Type));

    /// <summary>The first answer of the servers in their order; null when none answers, or too many questions are open.</summary>
    /// <param name="query">The question.</param>
    /// <param name="message">The question as it is sent; its id is replaced.</param>
    /// <param name="tcp">Whether to ask over TCP.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    public async Task<(byte[] Message, DnsResponse Response)?> AskAsync(DnsQuery query, ReadOnlyMemory<byte> message, bool tcp, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _inFlight) > DnsServerLimits.InFlight)
        {
            Interlocked.Decrement(ref _inFlight);
            return null;
        }

        try
        {
            using var total = new CancellationTokenSource(DnsServerLimits.ResolutionTimeout, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(total.Token, cancellationToken);
            foreach (var upstream in upstreams)
            {
                if (await AskOneAsync(upstream, query, message, tcp, either.Token) is { } answer)
                {
                    return answer;
                }

                if (either.IsCancellationRequested)
                {
                    break;
                }
            }

            return null;
        }
        finally
        {
            Interlocked.Decrement(ref _inFlight);
        }
    }

    private async Task<(byte[] Message, DnsResponse Response)?> AskOneAsync(IPEndPoint upstream, DnsQuery query, ReadOnlyMemory<byte> message, bool tcp, CancellationToken cancellationToken)
    {
        var id = (ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1);
        var open = (id, query.Name, query.Type);
        if (!_open.TryAdd(open, true))
        {
            return null;
        }

        try
        {
            using var timeout = new CancellationTokenSource(DnsServerLimits.UpstreamTimeout, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            var question = message.ToArray();
            BinaryPrimitives.WriteUInt16BigEndian(question, id);
            return tcp ? await OverTcpAsync(upstream, query, id, question, either.Token) : await OverUdpAsync(upstream, query, id, question, either.Token);
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException or IOException)
        {
            return null; // The next server, or SERVFAIL.
        }
        finally
        {
            _open.TryRemove(open, out _);
        }
    }

    private static async Task<(byte[] Message, DnsResponse Response)?> OverUdpAsync(IPEndPoint upstream, DnsQuery query, ushort id, byte[] question, CancellationToken cancellationToken)
    {
        using var socket = new Socket(upstream.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(upstream, cancellationToken); // A connected socket receives from that server only.
        await socket.SendAsync(question, SocketFlags.None, cancellationToken);
        var buffer = new byte[DnsServerLimits.CacheEntrySize];
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);
            if (Matching(buffer.AsSpan(0, received), query, id) is { } response)
            {
                return (buffer[..received], response);
            }
        }
    }

    private static async Task<(byte[] Message, DnsResponse Response)?> OverTcpAsync(IPEndPoint upstream, DnsQuery query, ushort id, byte[] question, CancellationToken cancellationToken)
    {
        using var socket = new Socket(upstream.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(upstream, cancellationToken);
        await using var stream = new NetworkStream(socket);
        await DnsTcp.WriteAsync(stream, question, cancellationToken);
        return await DnsTcp.ReadAsync(stream, cancellationToken) is { } answer && Matching(answer, query, id) is { } response ? (answer, response) : null;
    }

    private static DnsResponse? Matching(ReadOnlySpan<byte> message, DnsQuery query, ushort id) =>
        DnsResponse.Parse(message) is { } response && response.Id == id && response.Question.Name == query.Name
        && response.Question.Type == query.Type && response.Question.Class == query.Class ? response : null;
}
