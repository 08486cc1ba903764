using System.Globalization;
using System.Net;
using KubeAspire.Resources.Core.Validation;

namespace KubeAspire.Resources.Networking.Validation;

/// <summary>A range of addresses in CIDR notation, as it was written.</summary>
/// <param name="Address">The address before the slash, host bits included.</param>
/// <param name="Prefix">Bits of the network.</param>
internal sealed record CidrText(System.Net.IPAddress Address, int Prefix)
{
    public const string Problem = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

    /// <summary>Whether it is of IPv6.</summary>
    public bool IsIPv6 => Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;

    /// <summary>The range without host bits, in canonical form.</summary>
    public string Canonical => string.Create(CultureInfo.InvariantCulture, $"{Network}/{Prefix}");

    /// <summary>Whether bits beyond the prefix are set.</summary>
    public bool HasHostBits => !Network.Equals(Address);

    private System.Net.IPAddress Network
    {
        get
        {
            var bytes = Address.GetAddressBytes();
            for (var bit = Prefix; bit < bytes.Length * 8; bit++)
            {
                bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
            }

            return new System.Net.IPAddress(bytes);
        }
    }

    /// <summary>Reads a range; null where the text is none.</summary>
    public static CidrText? Parse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !PodSpecValidation.IsAddress(text[..slash]) || !int.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var prefix))
        {
            return null;
        }

        var address = System.Net.IPAddress.Parse(text[..slash]);
        return prefix <= address.GetAddressBytes().Length * 8 ? new CidrText(address, prefix) : null;
    }

    /// <summary>Whether another range lies in this one and is smaller.</summary>
    public bool HoldsStrictly(CidrText other) =>
        other.IsIPv6 == IsIPv6 && other.Prefix > Prefix && (this with { Address = other.Address }).Network.Equals(Network);
}
