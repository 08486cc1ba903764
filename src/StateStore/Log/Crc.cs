using System.Numerics;
using System.Runtime.InteropServices;

namespace KubeAspire.StateStore.Log;

/// <summary>CRC-32C over spans, chained: the sum of what came before is the seed of what follows.</summary>
internal static class Crc
{
    public static uint Of(uint seed, ReadOnlySpan<byte> bytes)
    {
        var crc = ~seed;
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (var word in words)
        {
            crc = BitOperations.Crc32C(crc, word);
        }

        foreach (var rest in bytes[(words.Length * sizeof(ulong))..])
        {
            crc = BitOperations.Crc32C(crc, rest);
        }

        return ~crc;
    }
}
