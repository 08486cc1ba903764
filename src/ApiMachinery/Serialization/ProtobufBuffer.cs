using System.Buffers;
using System.Buffers.Binary;

namespace KubeAspire.ApiMachinery.Serialization;

/// <summary>
/// Bytes of protobuf in the making. A nested message is written in place; its length is filled in when it ends, and what was written
/// moves by the bytes that a longer length takes. Rents its memory: dispose it.
/// </summary>
public sealed class ProtobufBuffer : IDisposable
{
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(4096);

    /// <summary>Bytes written.</summary>
    public int Count { get; private set; }

    /// <summary>What is written; valid until the next write.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Count);

    /// <summary>Forgets what is written, for another message.</summary>
    public void Clear() => Count = 0;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = [];
        }
    }

    /// <summary>Begins a message, a text or anything else that has a length.</summary>
    /// <returns>What <see cref="End"/> must be told.</returns>
    public int Begin(int number)
    {
        Varint(((ulong)number << 3) | ProtobufCursor.Length);
        Reserve(1);
        return Count;
    }

    /// <summary>Ends what <see cref="Begin"/> began.</summary>
    public void End(int start)
    {
        var length = Count - start;
        var digits = 1;
        for (var rest = length >> 7; rest > 0; rest >>= 7)
        {
            digits++;
        }

        if (digits > 1)
        {
            Reserve(digits - 1);
            _bytes.AsSpan(start, length).CopyTo(_bytes.AsSpan(start + digits - 1));
        }

        var at = start - 1;
        for (var rest = (uint)length; ; rest >>= 7)
        {
            if (rest < 0x80)
            {
                _bytes[at] = (byte)rest;
                return;
            }

            _bytes[at++] = (byte)(rest | 0x80);
        }
    }

    /// <summary>A whole number or a boolean.</summary>
    public void Varint(int number, ulong value)
    {
        Varint((ulong)number << 3);
        Varint(value);
    }

    /// <summary>A floating-point number.</summary>
    public void Double(int number, double value)
    {
        Varint(((ulong)number << 3) | 1);
        BinaryPrimitives.WriteDoubleLittleEndian(Reserve(8), value);
    }

    /// <summary>Bytes or UTF-8 text.</summary>
    public void Bytes(int number, ReadOnlySpan<byte> value)
    {
        Varint(((ulong)number << 3) | ProtobufCursor.Length);
        Varint((ulong)value.Length);
        Raw(value);
    }

    /// <summary>Bytes that are protobuf already.</summary>
    public void Raw(ReadOnlySpan<byte> value) => value.CopyTo(Reserve(value.Length));

    /// <summary>Room for so many more bytes, which count as written.</summary>
    public Span<byte> Reserve(int count)
    {
        if (Count + count > _bytes.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_bytes.Length * 2, Count + count));
            Written.CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = larger;
        }

        Count += count;
        return _bytes.AsSpan(Count - count, count);
    }

    /// <summary>Takes back the last bytes of what <see cref="Reserve"/> gave.</summary>
    public void Shrink(int count) => Count -= count;

    private void Varint(ulong value)
    {
        while (value >= 0x80)
        {
            Reserve(1)[0] = (byte)(value | 0x80);
            value >>= 7;
        }

        Reserve(1)[0] = (byte)value;
    }
}
