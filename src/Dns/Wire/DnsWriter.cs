using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace KubeAspire.Dns.Wire;

/// <summary>An answer before it is bytes.</summary>
public sealed record DnsAnswer
{
    /// <summary>The response code.</summary>
    public DnsResponseCode Code { get; init; }

    /// <summary>Whether this server is the authority for the name.</summary>
    public bool Authoritative { get; init; }

    /// <summary>What was asked for.</summary>
    public IReadOnlyList<DnsRecord> Answers { get; init; } = [];

    /// <summary>The zone's SOA where the answer is no.</summary>
    public IReadOnlyList<DnsRecord> Authority { get; init; } = [];

    /// <summary>What the client will ask for next: left out where it does not fit.</summary>
    public IReadOnlyList<DnsRecord> Additional { get; init; } = [];
}

/// <summary>Writes an answer: names compressed, cut off with the TC flag where it would pass the limit.</summary>
public static class DnsWriter
{
    private const ushort Internet = 1;

    /// <summary>Bytes of the OPT record that an answer to an EDNS query carries.</summary>
    private const int OptLength = 11;

    /// <summary>The message.</summary>
    /// <param name="query">The query that is answered.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="limit">Bytes the message may have.</param>
    public static byte[] Write(DnsQuery query, DnsAnswer answer, int limit)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(answer);
        var room = Math.Max(limit - (query.HasEdns ? OptLength : 0), DnsLimits.Header + query.Question.Length);
        using var message = new Message();
        message.Reserve(DnsLimits.Header);
        message.Write(query.Question);
        message.RememberQuestion(query.Name);

        var truncated = !message.TryWriteAll(answer.Answers, room, out var answers);
        var authority = 0;
        if (!truncated)
        {
            truncated = !message.TryWriteAll(answer.Authority, room, out authority);
        }

        // Left out additional records are no truncation (RFC 2181 §9).
        var additional = 0;
        if (!truncated)
        {
            message.TryWriteAll(answer.Additional, room, out additional);
        }

        if (query.HasEdns)
        {
            message.WriteByte(0);
            message.WriteUInt16((ushort)DnsRecordType.Opt);
            message.WriteUInt16(DnsLimits.UdpMaximum);
            message.WriteUInt32(query.DnssecOk ? 0x8000u : 0);
            message.WriteUInt16(0);
            additional++;
        }

        var bytes = message.ToArray();
        WriteHeader(bytes, query, answer, truncated, answers, authority, additional);
        return bytes;
    }

    /// <summary>A bare refusal to a message that could not be understood: its id, and the code.</summary>
    public static byte[] WriteError(ReadOnlySpan<byte> message, DnsResponseCode code)
    {
        var bytes = new byte[DnsLimits.Header];
        message[..2].CopyTo(bytes);
        bytes[2] = (byte)(0x80 | (message[2] & 0x79));
        bytes[3] = (byte)code;
        return bytes;
    }

    private static void WriteHeader(byte[] bytes, DnsQuery query, DnsAnswer answer, bool truncated, int answers, int authority, int additional)
    {
        BinaryPrimitives.WriteUInt16BigEndian(bytes, query.Id);
        bytes[2] = (byte)(0x80 | (answer.Authoritative ? 4 : 0) | (truncated ? 2 : 0) | (query.RecursionDesired ? 1 : 0));
        bytes[3] = (byte)(0x80 | (int)answer.Code); // Recursion is available.
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), 1);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(6), (ushort)answers);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(8), (ushort)authority);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(10), (ushort)additional);
    }

    private sealed class Message : IDisposable
    {
        // Compression pointers have 14 bits.
        private const int FarthestPointer = 0x3FFF;

        private readonly MemoryStream _bytes = new(DnsLimits.UdpWithoutEdns);
        private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);

        public void Dispose() => _bytes.Dispose();

        public void Reserve(int count) => _bytes.SetLength(_bytes.Position += count);

        public void Write(ReadOnlySpan<byte> bytes) => _bytes.Write(bytes);

        public void WriteByte(byte value) => _bytes.WriteByte(value);

        public byte[] ToArray() => _bytes.ToArray();

        public void RememberQuestion(string name)
        {
            var offset = DnsLimits.Header;
            for (var rest = name; rest.Length > 0 && !rest.Contains('\\', StringComparison.Ordinal);)
            {
                _names.TryAdd(rest, offset);
                var dot = rest.IndexOf('.', StringComparison.Ordinal);
                if (dot < 0)
                {
                    return;
                }

                offset += dot + 1;
                rest = rest[(dot + 1)..];
            }
        }

        public bool TryWriteAll(IReadOnlyList<DnsRecord> records, int limit, out int written)
        {
            for (written = 0; written < records.Count; written++)
            {
                var before = _bytes.Position;
                WriteRecord(records[written]);
                if (_bytes.Position > limit)
                {
                    _bytes.SetLength(before);
                    _bytes.Position = before;
                    foreach (var name in _names.Where(pair => pair.Value >= before).Select(pair => pair.Key).ToList())
                    {
                        _names.Remove(name);
                    }

                    return false;
                }
            }

            return true;
        }

        public void WriteUInt16(ushort value)
        {
            Span<byte> bytes = stackalloc byte[2];
            BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
            _bytes.Write(bytes);
        }

        public void WriteUInt32(uint value)
        {
            Span<byte> bytes = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
            _bytes.Write(bytes);
        }

        private void WriteRecord(DnsRecord record)
        {
            WriteName(record.Name, compress: true);
            WriteUInt16((ushort)TypeOf(record));
            WriteUInt16(Internet);
            WriteUInt32(record.TimeToLive);
            var lengthAt = _bytes.Position;
            WriteUInt16(0);
            WriteData(record);
            var end = _bytes.Position;
            _bytes.Position = lengthAt;
            WriteUInt16((ushort)(end - lengthAt - 2));
            _bytes.Position = end;
        }

        private void WriteData(DnsRecord record)
        {
            switch (record)
            {
                case AddressRecord address:
                    _bytes.Write(address.Address.GetAddressBytes());
                    break;
                case CanonicalNameRecord name:
                    WriteName(name.Target, compress: true);
                    break;
                case PointerRecord pointer:
                    WriteName(pointer.Target, compress: true);
                    break;
                case NameServerRecord server:
                    WriteName(server.Target, compress: true);
                    break;
                case ServiceRecord service:
                    WriteUInt16(service.Priority);
                    WriteUInt16(service.Weight);
                    WriteUInt16(service.Port);
                    WriteName(service.Target, compress: false); // RFC 2782: the target is not compressed.
                    break;
                case TextRecord text:
                    var bytes = Encoding.UTF8.GetBytes(text.Text);
                    _bytes.WriteByte((byte)bytes.Length);
                    _bytes.Write(bytes);
                    break;
                case AuthorityRecord authority:
                    WriteName(authority.PrimaryServer, compress: true);
                    WriteName(authority.Mailbox, compress: true);
                    WriteUInt32(authority.Serial);
                    WriteUInt32(7200);
                    WriteUInt32(1800);
                    WriteUInt32(86400);
                    WriteUInt32(authority.NegativeTimeToLive);
                    break;
            }
        }

        private void WriteName(string name, bool compress)
        {
            for (var rest = name; rest.Length > 0;)
            {
                if (compress && _names.TryGetValue(rest, out var offset))
                {
                    WriteUInt16((ushort)(0xC000 | offset));
                    return;
                }

                if (_bytes.Position <= FarthestPointer)
                {
                    _names.TryAdd(rest, (int)_bytes.Position);
                }

                var dot = rest.IndexOf('.', StringComparison.Ordinal);
                var label = Encoding.Latin1.GetBytes(dot < 0 ? rest : rest[..dot]);
                var length = Math.Min(label.Length, DnsLimits.Label);
                _bytes.WriteByte((byte)length);
                _bytes.Write(label, 0, length);
                rest = dot < 0 ? "" : rest[(dot + 1)..];
            }

            _bytes.WriteByte(0);
        }

        private static DnsRecordType TypeOf(DnsRecord record) => record switch
        {
            AddressRecord { Address.AddressFamily: AddressFamily.InterNetworkV6 } => DnsRecordType.Aaaa,
            AddressRecord => DnsRecordType.A,
            CanonicalNameRecord => DnsRecordType.Cname,
            PointerRecord => DnsRecordType.Ptr,
            ServiceRecord => DnsRecordType.Srv,
            TextRecord => DnsRecordType.Txt,
            NameServerRecord => DnsRecordType.Ns,
            _ => DnsRecordType.Soa,
        };
    }
}
