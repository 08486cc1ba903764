using System.Buffers.Binary;

namespace KubeAspire.Dns.Wire;

/// <summary>A question, as far as it can be understood.</summary>
public sealed record DnsQuery
{
    /// <summary>The client's id of the exchange.</summary>
    public required ushort Id { get; init; }

    /// <summary>The name, lower case, without the final dot; empty for the root.</summary>
    public required string Name { get; init; }

    /// <summary>What is asked for.</summary>
    public required DnsRecordType Type { get; init; }

    /// <summary>The class; 1 is the Internet.</summary>
    public required ushort Class { get; init; }

    /// <summary>The question as it stood in the message: the answer repeats it, upper and lower case included.</summary>
    public required byte[] Question { get; init; }

    /// <summary>Whether the client asks for recursion.</summary>
    public bool RecursionDesired { get; init; }

    /// <summary>Whether the message has an OPT record: then the answer has one too.</summary>
    public bool HasEdns { get; init; }

    /// <summary>DNSSEC OK: the client wants signatures.</summary>
    public bool DnssecOk { get; init; }

    /// <summary>Bytes that an answer over UDP may have. From <see cref="DnsLimits.UdpWithoutEdns"/> to <see cref="DnsLimits.UdpMaximum"/>.</summary>
    public int UdpSize { get; init; } = DnsLimits.UdpWithoutEdns;

    /// <summary>Reads a message.</summary>
    /// <param name="message">The whole message.</param>
    /// <param name="query">The query, or null.</param>
    /// <param name="error">Where <paramref name="query"/> is null: the code to answer with, or null to stay silent (an answer is not answered, nor is noise).</param>
    public static bool TryParse(ReadOnlySpan<byte> message, out DnsQuery? query, out DnsResponseCode? error)
    {
        query = null;
        error = null;
        if (message.Length < DnsLimits.Header || (message[2] & 0x80) != 0)
        {
            return false;
        }

        // Header, RFC 1035 §4.1.1: id, flags (QR OPCODE AA TC RD | RA Z RCODE), then four counts of 16 bits.
        if (((message[2] >> 3) & 0xF) != 0)
        {
            error = DnsResponseCode.NotImplemented;
            return false;
        }

        error = DnsResponseCode.FormatError;
        var reader = new DnsReader(message, DnsLimits.Header);
        if (BinaryPrimitives.ReadUInt16BigEndian(message[4..]) != 1 || !reader.TryReadName(out var name)
            || !reader.TryReadUInt16(out var type) || !reader.TryReadUInt16(out var classCode))
        {
            return false;
        }

        var question = message[DnsLimits.Header..reader.Position].ToArray();
        if (!TryReadEdns(message, ref reader, out var hasEdns, out var dnssec, out var size))
        {
            return false;
        }

        error = null;
        query = new DnsQuery
        {
            Id = BinaryPrimitives.ReadUInt16BigEndian(message),
            Name = name,
            Type = (DnsRecordType)type,
            Class = classCode,
            Question = question,
            RecursionDesired = (message[2] & 1) != 0,
            HasEdns = hasEdns,
            DnssecOk = dnssec,
            UdpSize = size,
        };
        return true;
    }

    private static bool TryReadEdns(ReadOnlySpan<byte> message, ref DnsReader reader, out bool hasEdns, out bool dnssec, out int size)
    {
        (hasEdns, dnssec, size) = (false, false, DnsLimits.UdpWithoutEdns);
        var records = BinaryPrimitives.ReadUInt16BigEndian(message[6..]) + BinaryPrimitives.ReadUInt16BigEndian(message[8..]) + BinaryPrimitives.ReadUInt16BigEndian(message[10..]);
        if (records > DnsLimits.Records)
        {
            return false;
        }

        for (var i = 0; i < records; i++)
        {
            if (!reader.TryReadRecord(out var record))
            {
                return false;
            }

            if (record.Type == DnsRecordType.Opt)
            {
                // RFC 6891 §6.1.2: the class field is the payload size, the TTL field holds flags.
                hasEdns = true;
                dnssec = (record.TimeToLive & 0x8000) != 0;
                size = Math.Clamp((int)record.Class, DnsLimits.UdpWithoutEdns, DnsLimits.UdpMaximum);
            }
        }

        return true;
    }
}
