using System.Net;
using KubeAspire.Dns.Records;
using KubeAspire.Dns.Wire;

namespace KubeAspire.Dns.Server;

/// <summary>Turns a message into its answer: from the zone, from what is kept, or from another server.</summary>
public sealed class DnsResolver
{
    private const ushort Internet = 1;

    private readonly UpstreamResolver _upstream;
    private readonly DnsCache _cache;
    private readonly DnsServerOptions _options;
    private volatile ClusterZone _zone = ClusterZone.Empty;

    /// <summary>Makes a resolver that knows no Services yet.</summary>
    public DnsResolver(DnsServerOptions options, TimeProvider clock)
    {
        _options = options;
        _cache = new DnsCache(clock);
        _upstream = new UpstreamResolver(options.Upstreams, clock);
    }

    /// <summary>The names of the cluster; replaced whole.</summary>
    public ClusterZone Zone
    {
        get => _zone;
        set => _zone = value;
    }

    /// <summary>Answers one message.</summary>
    /// <param name="message">What was received.</param>
    /// <param name="client">Who sent it.</param>
    /// <param name="tcp">Whether it came over TCP.</param>
    /// <param name="cancellationToken">Stops asking other servers.</param>
    /// <returns>The answer to send; null for none.</returns>
    public ValueTask<byte[]?> AnswerAsync(ReadOnlyMemory<byte> message, IPAddress client, bool tcp, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(client);
        if (!DnsQuery.TryParse(message.Span, out var query, out var error))
        {
            DnsInstruments.OnAnswered("other", error is null ? "dropped" : DnsInstruments.NameOf(error.Value), tcp);
            return ValueTask.FromResult(error is null ? null : DnsWriter.WriteError(message.Span, error.Value));
        }

        var limit = tcp ? DnsLimits.TcpMaximum : query!.UdpSize;
        if (query!.Class != Internet)
        {
            return Done(query, new DnsAnswer { Code = DnsResponseCode.Refused }, limit, tcp);
        }

        var own = _zone.Find(query.Name, query.Type);
        if (own is { Answers: [CanonicalNameRecord alias, ..] } && query.Type != DnsRecordType.Cname && MayRecurse(client, query))
        {
            return FollowAsync(query, own, alias, limit, tcp, cancellationToken);
        }

        if (own is not null)
        {
            return Done(query, own, limit, tcp);
        }

        if (!MayRecurse(client, query))
        {
            return Done(query, new DnsAnswer { Code = DnsResponseCode.Refused }, limit, tcp);
        }

        if (_cache.Find(query) is { } kept)
        {
            DnsInstruments.OnCacheHit();
            return kept.Length <= limit ? Sent(query, kept, tcp) : Truncated(query, tcp);
        }

        return ForwardAsync(query, message, limit, tcp, cancellationToken);
    }

    private bool MayRecurse(IPAddress client, DnsQuery query)
    {
        var address = client.IsIPv4MappedToIPv6 ? client.MapToIPv4() : client;
        return query.RecursionDesired && _options.RecursionFor.Any(network => network.BaseAddress.AddressFamily == address.AddressFamily && network.Contains(address));
    }

    private static ValueTask<byte[]?> Done(DnsQuery query, DnsAnswer answer, int limit, bool tcp)
    {
        DnsInstruments.OnAnswered(DnsInstruments.NameOf(query.Type), DnsInstruments.NameOf(answer.Code), tcp);
        return ValueTask.FromResult<byte[]?>(DnsWriter.Write(query, answer, limit));
    }

    private static ValueTask<byte[]?> Sent(DnsQuery query, byte[] message, bool tcp)
    {
        DnsInstruments.OnAnswered(DnsInstruments.NameOf(query.Type), DnsInstruments.NameOf((DnsResponseCode)(message[3] & 0xF)), tcp);
        return ValueTask.FromResult<byte[]?>(message);
    }

    private async ValueTask<byte[]?> ForwardAsync(DnsQuery query, ReadOnlyMemory<byte> message, int limit, bool tcp, CancellationToken cancellationToken)
    {
        if (_upstream.IsLoop(query) || await _upstream.AskAsync(query, message, tcp, cancellationToken) is not { } answer)
        {
            DnsInstruments.OnForwarded(succeeded: false);
            return await Done(query, new DnsAnswer { Code = DnsResponseCode.ServerFailure }, limit, tcp);
        }

        DnsInstruments.OnForwarded(succeeded: true);
        _cache.Add(query, answer.Response, answer.Message);
        if (answer.Message.Length > limit)
        {
            // Cut off: the client asks again over TCP.
            return await Truncated(query, tcp);
        }

        answer.Message[0] = (byte)(query.Id >> 8);
        answer.Message[1] = (byte)query.Id;
        if (answer.Response.Question.Question.Length == query.Question.Length)
        {
            query.Question.CopyTo(answer.Message.AsSpan(DnsLimits.Header));
        }

        return await Sent(query, answer.Message, tcp);
    }

    // Clients' stub resolvers do not follow an alias themselves: what it leads to has to be in the same answer.
    private async ValueTask<byte[]?> FollowAsync(DnsQuery query, DnsAnswer first, CanonicalNameRecord alias, int limit, bool tcp, CancellationToken cancellationToken)
    {
        var answers = first.Answers.ToList();
        var code = DnsResponseCode.NoError;
        for (var hops = 0; hops < DnsServerLimits.Aliases; hops++)
        {
            if (_zone.Find(alias.Target, query.Type) is { } own)
            {
                answers.AddRange(own.Answers);
                code = own.Code;
                if (own.Answers is not [CanonicalNameRecord next, ..])
                {
                    break;
                }

                alias = next;
                continue;
            }

            var question = WriteQuestion(alias.Target, query);
            if (DnsQuery.TryParse(question, out var target, out _) && await _upstream.AskAsync(target!, question, tcp: false, cancellationToken) is { } answer)
            {
                answers.AddRange(answer.Response.Answers.Select(Clamped));
                code = answer.Response.Code;
            }
            else
            {
                code = DnsResponseCode.ServerFailure;
            }

            break;
        }

        return await Done(query, new DnsAnswer { Code = code, Authoritative = true, Answers = answers }, limit, tcp);
    }

    private static DnsRecord Clamped(DnsRecord record) =>
        record with { TimeToLive = Math.Min(record.TimeToLive, DnsServerLimits.PositiveTimeToLive) };

    private static byte[] WriteQuestion(string name, DnsQuery original)
    {
        // An answer without records to a query whose question is the name: with the QR bit off it is the query itself.
        var labels = name.Split('.').SelectMany(label => label.Select(c => (byte)c).Take(DnsLimits.Label).Prepend((byte)Math.Min(label.Length, DnsLimits.Label)));
        byte[] question = [.. labels, 0, (byte)((ushort)original.Type >> 8), (byte)original.Type, 0, 1];
        return [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. question];
    }

    private static ValueTask<byte[]?> Truncated(DnsQuery query, bool tcp)
    {
        var message = DnsWriter.Write(query, new DnsAnswer(), DnsLimits.UdpWithoutEdns);
        message[2] |= 2;
        return Sent(query, message, tcp);
    }
}
