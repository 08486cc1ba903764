using System.Buffers.Binary;
using System.Text;

namespace KubeAspire.ApiMachinery.Serialization;

/// <summary>Walks over the fields of one message.</summary>
internal ref struct ProtobufCursor(ReadOnlySpan<byte> data)
{
    public const int Length = 2;

    private readonly ReadOnlySpan<byte> _data = data;
    private int _at;

    public readonly bool More => _at < _data.Length;

    /// <summary>Reads the next tag; false at the end of the message.</summary>
    public bool Next(out int number, out int wire)
    {
        (number, wire) = (0, 0);
        if (!More)
        {
            return false;
        }

        var tag = Varint();
        wire = (int)(tag & 7);
        if (tag >> 3 is 0 or > (1 << 29) - 1)
        {
            throw new ProtobufException($"proto: illegal tag {(long)(tag >> 3)} (wire type {wire})");
        }

        number = (int)(tag >> 3);
        return true;
    }

    public ulong Varint(int number, int wire) => wire == 0 ? Varint() : throw WrongWire(number, wire);

    public ulong Varint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 70; shift += 7)
        {
            if (_at >= _data.Length)
            {
                throw new ProtobufException("unexpected EOF");
            }

            var b = _data[_at++];
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }

        throw new ProtobufException("proto: integer overflow");
    }

    public ReadOnlySpan<byte> Bytes(int number, int wire)
    {
        if (wire != Length)
        {
            throw WrongWire(number, wire);
        }

        var length = Varint();
        return length > int.MaxValue ? throw new ProtobufException("proto: negative length found during unmarshaling") : Take((int)length);
    }

    public string Text(int number, int wire) => Encoding.UTF8.GetString(Bytes(number, wire));

    public double Double(int number, int wire) => wire == 1 ? BinaryPrimitives.ReadDoubleLittleEndian(Take(8)) : throw WrongWire(number, wire);

    public void Skip(int wire)
    {
        switch (wire)
        {
            case 0: Varint(); break;
            case 1: Take(8); break;
            case Length: Bytes(0, wire); break;
            case 5: Take(4); break;
            default: throw new ProtobufException($"proto: illegal wireType {wire}");
        }
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _data.Length - _at)
        {
            throw new ProtobufException("unexpected EOF");
        }

        var taken = _data.Slice(_at, count);
        _at += count;
        return taken;
    }

    private static ProtobufException WrongWire(int number, int wire) => new($"proto: wrong wireType = {wire} for field {number}");
}
