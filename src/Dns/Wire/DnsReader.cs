using System.Buffers.Binary;
using System.Text;

namespace KubeAspire.Dns.Wire;

/// <summary>A record as it stands in a message.</summary>
internal readonly record struct RawRecord(string Name, DnsRecordType Type, ushort Class, uint TimeToLive, int TimeToLiveOffset, int DataOffset, int DataLength);

/// <summary>Reads a message that anyone may have sent: every read is checked, none throws, pointers only go back and are counted.</summary>
internal ref struct DnsReader(ReadOnlySpan<byte> message, int position)
{
    private readonly ReadOnlySpan<byte> _message = message;

    public int Position { get; private set; } = position;

    public bool TryReadUInt16(out ushort value)
    {
        value = 0;
        if (_message.Length - Position < 2)
        {
            return false;
        }

        value = BinaryPrimitives.ReadUInt16BigEndian(_message[Position..]);
        Position += 2;
        return true;
    }

    public bool TryReadUInt32(out uint value)
    {
        value = 0;
        if (_message.Length - Position < 4)
        {
            return false;
        }

        value = BinaryPrimitives.ReadUInt32BigEndian(_message[Position..]);
        Position += 4;
        return true;
    }

    public bool TryReadRecord(out RawRecord record)
    {
        record = default;
        if (!TryReadName(out var name) || !TryReadUInt16(out var type) || !TryReadUInt16(out var classCode))
        {
            return false;
        }

        var ttlOffset = Position;
        if (!TryReadUInt32(out var ttl) || !TryReadUInt16(out var length) || _message.Length - Position < length)
        {
            return false;
        }

        record = new(name, (DnsRecordType)type, classCode, ttl, ttlOffset, Position, length);
        Position += length;
        return true;
    }

    // A label is a length byte below 64 and so many bytes; 11xxxxxx xxxxxxxx points to an earlier place; 0 ends the name.
    public bool TryReadName(out string name)
    {
        name = "";
        var text = new StringBuilder();
        var at = Position;
        var end = -1;
        var wireLength = 1;
        for (var jumps = 0; ;)
        {
            if (at >= _message.Length)
            {
                return false;
            }

            int length = _message[at];
            if (length == 0)
            {
                Position = end < 0 ? at + 1 : end;
                name = text.ToString();
                return true;
            }

            if ((length & 0xC0) == 0xC0)
            {
                if (at + 1 >= _message.Length || ++jumps > DnsLimits.PointerJumps)
                {
                    return false;
                }

                var target = ((length & 0x3F) << 8) | _message[at + 1];
                if (target >= at)
                {
                    return false;
                }

                end = end < 0 ? at + 2 : end;
                at = target;
                continue;
            }

            wireLength += length + 1;
            if (length > DnsLimits.Label || wireLength > DnsLimits.Name || _message.Length - at - 1 < length)
            {
                return false;
            }

            AppendLabel(text, _message.Slice(at + 1, length));
            at += length + 1;
        }
    }

    // Case does not matter in names (RFC 4343). A dot inside a label is written \. so that it cannot pose as two labels.
    private static void AppendLabel(StringBuilder text, ReadOnlySpan<byte> label)
    {
        if (text.Length > 0)
        {
            text.Append('.');
        }

        foreach (var b in label)
        {
            if (b is (byte)'.' or (byte)'\\')
            {
                text.Append('\\');
            }

            text.Append(b is >= (byte)'A' and <= (byte)'Z' ? (char)(b | 0x20) : (char)b);
        }
    }
}
