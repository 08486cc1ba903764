using System.Buffers.Binary;
using System.Text;

namespace KubeAspire.StateStore.Log;

/// <summary>Reads little-endian fields. No length is believed beyond what is there: <see cref="Failed"/> tells, and every value is then empty.</summary>
internal ref struct RecordReader(ReadOnlySpan<byte> bytes)
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>Whether something was asked for that is not there.</summary>
    public bool Failed { get; private set; }

    public readonly int Remaining => _rest.Length;

    public ReadOnlySpan<byte> Take(long count)
    {
        if (count < 0 || count > _rest.Length)
        {
            Failed = true;
            _rest = default;
            return default;
        }

        var taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }

    public byte Byte() => Take(1) is { IsEmpty: false } taken ? taken[0] : (byte)0;

    public int Int32() => Take(sizeof(int)) is { IsEmpty: false } taken ? BinaryPrimitives.ReadInt32LittleEndian(taken) : 0;

    public uint UInt32() => Take(sizeof(uint)) is { IsEmpty: false } taken ? BinaryPrimitives.ReadUInt32LittleEndian(taken) : 0;

    public long Int64() => Take(sizeof(long)) is { IsEmpty: false } taken ? BinaryPrimitives.ReadInt64LittleEndian(taken) : 0;

    public string Text()
    {
        var length = Take(sizeof(ushort));
        var text = Take(length.IsEmpty ? 0 : BinaryPrimitives.ReadUInt16LittleEndian(length));
        try
        {
            return Strict.GetString(text);
        }
        catch (DecoderFallbackException)
        {
            Failed = true;
            return "";
        }
    }
}
