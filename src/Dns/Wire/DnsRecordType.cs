namespace KubeAspire.Dns.Wire;

/// <summary>Record types that this server makes or reads. RFC 1035 §3.2.2, RFC 3596, RFC 2782, RFC 6891.</summary>
public enum DnsRecordType : ushort
{
    A = 1,
    Ns = 2,
    Cname = 5,
    Soa = 6,
    Ptr = 12,
    Txt = 16,
    Aaaa = 28,
    Srv = 33,
    Opt = 41,
    Any = 255,
}

/// <summary>Response codes. RFC 1035 §4.1.1; BADVERS is RFC 6891.</summary>
public enum DnsResponseCode
{
    NoError = 0,
    FormatError = 1,
    ServerFailure = 2,
    NameError = 3,
    NotImplemented = 4,
    Refused = 5,
}

/// <summary>Sizes and counts of a message. Source beside each.</summary>
public static class DnsLimits
{
    /// <summary>Bytes of a message over UDP without EDNS. RFC 1035 §4.2.1.</summary>
    public const int UdpWithoutEdns = 512;

    /// <summary>Bytes of a message over UDP at most, whatever the client offers: it fits one frame. DNS flag day 2020.</summary>
    public const int UdpMaximum = 1232;

    /// <summary>Bytes of a message over TCP. RFC 1035 §4.2.2: a length of 16 bits.</summary>
    public const int TcpMaximum = 65_535;

    /// <summary>Bytes of a label. RFC 1035 §3.1.</summary>
    public const int Label = 63;

    /// <summary>Bytes of a name on the wire. RFC 1035 §3.1.</summary>
    public const int Name = 255;

    /// <summary>Compression pointers followed in one name. A legal name has at most 127 labels; our own bound.</summary>
    public const int PointerJumps = 32;

    /// <summary>Records read from one message. Our own bound: as many A records as fit 64 KiB.</summary>
    public const int Records = 4_096;

    /// <summary>Bytes of the header. RFC 1035 §4.1.1.</summary>
    public const int Header = 12;
}
