using System.Text;
using KubeAspire.Dns.Wire;

namespace KubeAspire.Dns.Tests.Wire;

internal static class Messages
{
    /// <summary>A query with recursion desired.</summary>
    public static byte[] Query(string name, DnsRecordType type, ushort id = 0x1234, int? edns = null)
    {
        var labels = name.Split('.', StringSplitOptions.RemoveEmptyEntries).SelectMany(label => Encoding.Latin1.GetBytes(label).Prepend((byte)label.Length));
        byte[] opt = edns is { } size ? [0, 0, 41, (byte)(size >> 8), (byte)size, 0, 0, 0, 0, 0, 0] : [];
        return [(byte)(id >> 8), (byte)id, 1, 0, 0, 1, 0, 0, 0, 0, 0, (byte)(edns is null ? 0 : 1), .. labels, 0, (byte)((ushort)type >> 8), (byte)type, 0, 1, .. opt];
    }

    public static DnsQuery Parse(byte[] message) => DnsQuery.TryParse(message, out var query, out _) ? query! : throw new FormatException("not a query");
}
