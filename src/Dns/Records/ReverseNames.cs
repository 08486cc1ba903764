using System.Globalization;
using System.Net;

namespace KubeAspire.Dns.Records;

/// <summary>Names of addresses: <c>10.0.96.10.in-addr.arpa</c> is 10.96.0.10. RFC 1035 §3.5.</summary>
internal static class ReverseNames
{
    private const string Suffix = ".in-addr.arpa";

    /// <summary>The name of an IPv4 address.</summary>
    public static string Of(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        return string.Create(CultureInfo.InvariantCulture, $"{bytes[3]}.{bytes[2]}.{bytes[1]}.{bytes[0]}{Suffix}");
    }

    /// <summary>The address of a name; null where it is none.</summary>
    public static IPAddress? TryParse(string name)
    {
        if (!name.EndsWith(Suffix, StringComparison.Ordinal))
        {
            return null;
        }

        var parts = name[..^Suffix.Length].Split('.');
        if (parts.Length != 4)
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[4];
        for (var i = 0; i < 4; i++)
        {
            if (!byte.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out bytes[3 - i]))
            {
                return null;
            }
        }

        return new IPAddress(bytes);
    }
}
