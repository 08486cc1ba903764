using System.Buffers.Binary;
using System.Text;

namespace KubeAspire.StateStore.Log;

/// <summary>A growing buffer of little-endian fields. Reused from batch to batch; a buffer that grew beyond reason is let go.</summary>
internal sealed class RecordBuffer
{
    // A buffer larger than this is not kept for the next batch. 8 MiB: twice the largest usual batch.
    private const int KeptMost = 8 << 20;
    private const int Initial = 64 << 10;
    private byte[] _bytes = new byte[Initial];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public void Clear()
    {
        Length = 0;
        if (_bytes.Length > KeptMost)
        {
            _bytes = new byte[Initial];
        }
    }

    public Span<byte> Take(int count)
    {
        if (_bytes.Length - Length < count)
        {
            Array.Resize(ref _bytes, checked((int)Math.Max(_bytes.Length * 2L, Length + (long)count)));
        }

        var span = _bytes.AsSpan(Length, count);
        Length += count;
        return span;
    }

    /// <summary>Bytes already written, to be filled in afterwards.</summary>
    public Span<byte> At(int offset, int count) => _bytes.AsSpan(offset, count);

    public void Byte(byte value) => Take(1)[0] = value;

    public void Int32(int value) => BinaryPrimitives.WriteInt32LittleEndian(Take(sizeof(int)), value);

    public void UInt32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Take(sizeof(uint)), value);

    public void Int64(long value) => BinaryPrimitives.WriteInt64LittleEndian(Take(sizeof(long)), value);

    public void Bytes(ReadOnlySpan<byte> value) => value.CopyTo(Take(value.Length));

    /// <summary>UTF-8 with a length of 16 bits before it.</summary>
    public void Text(string value)
    {
        var start = Length;
        var target = Take(sizeof(ushort) + Encoding.UTF8.GetMaxByteCount(value.Length));
        var count = Encoding.UTF8.GetBytes(value, target[sizeof(ushort)..]);
        BinaryPrimitives.WriteUInt16LittleEndian(target, checked((ushort)count));
        Length = start + sizeof(ushort) + count;
    }
}
