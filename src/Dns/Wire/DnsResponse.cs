using System.Buffers.Binary;
using System.Net;

namespace KubeAspire.Dns.Wire;

/// <summary>What another server's answer says, as far as it is needed to pass it on or keep it.</summary>
internal sealed record DnsResponse(
    ushort Id,
    DnsResponseCode Code,
    bool Truncated,
    DnsQuery Question,
    IReadOnlyList<DnsRecord> Answers,
    IReadOnlyList<int> TimeToLiveOffsets,
    uint LowestTimeToLive,
    bool HasAnswers)
{
    /// <summary>Reads an answer; null where it is none or is malformed.</summary>
    public static DnsResponse? Parse(ReadOnlySpan<byte> message)
    {
        if (message.Length < DnsLimits.Header || (message[2] & 0x80) == 0 || BinaryPrimitives.ReadUInt16BigEndian(message[4..]) != 1)
        {
            return null;
        }

        var reader = new DnsReader(message, DnsLimits.Header);
        if (!reader.TryReadName(out var name) || !reader.TryReadUInt16(out var type) || !reader.TryReadUInt16(out var classCode))
        {
            return null;
        }

        var id = BinaryPrimitives.ReadUInt16BigEndian(message);
        var question = new DnsQuery { Id = id, Name = name, Type = (DnsRecordType)type, Class = classCode, Question = message[DnsLimits.Header..reader.Position].ToArray() };
        int answerCount = BinaryPrimitives.ReadUInt16BigEndian(message[6..]);
        var records = answerCount + BinaryPrimitives.ReadUInt16BigEndian(message[8..]) + BinaryPrimitives.ReadUInt16BigEndian(message[10..]);
        if (records > DnsLimits.Records)
        {
            return null;
        }

        var answers = new List<DnsRecord>();
        var offsets = new List<int>();
        var lowest = uint.MaxValue;
        for (var i = 0; i < records; i++)
        {
            if (!reader.TryReadRecord(out var record))
            {
                return null;
            }

            if (record.Type == DnsRecordType.Opt)
            {
                continue;
            }

            offsets.Add(record.TimeToLiveOffset);
            lowest = Math.Min(lowest, Lifetime(message, record, i < answerCount));
            if (i < answerCount && Decode(message, record) is { } decoded)
            {
                answers.Add(decoded);
            }
        }

        return new(id, (DnsResponseCode)(message[3] & 0xF), (message[2] & 2) != 0, question, answers, offsets, offsets.Count == 0 ? 0 : lowest, answerCount > 0);
    }

    // RFC 2308 §5: a "no" lives for the lower of the SOA's TTL and its last field.
    private static uint Lifetime(ReadOnlySpan<byte> message, RawRecord record, bool isAnswer) =>
        !isAnswer && record is { Type: DnsRecordType.Soa, DataLength: >= 4 }
            ? Math.Min(record.TimeToLive, BinaryPrimitives.ReadUInt32BigEndian(message[(record.DataOffset + record.DataLength - 4)..]))
            : record.TimeToLive;

    private static DnsRecord? Decode(ReadOnlySpan<byte> message, RawRecord record)
    {
        switch (record)
        {
            case { Type: DnsRecordType.A, DataLength: 4 } or { Type: DnsRecordType.Aaaa, DataLength: 16 }:
                return new AddressRecord(record.Name, record.TimeToLive, new IPAddress(message.Slice(record.DataOffset, record.DataLength)));
            case { Type: DnsRecordType.Cname }:
                var reader = new DnsReader(message, record.DataOffset);
                return reader.TryReadName(out var target) ? new CanonicalNameRecord(record.Name, record.TimeToLive, target) : null;
            default:
                return null;
        }
    }
}
