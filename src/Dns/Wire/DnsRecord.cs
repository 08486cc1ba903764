using System.Net;

namespace KubeAspire.Dns.Wire;

/// <summary>A resource record. Names are lower case, without the final dot.</summary>
/// <param name="Name">The owner's name.</param>
/// <param name="TimeToLive">Seconds that it may be kept.</param>
public abstract record DnsRecord(string Name, uint TimeToLive);

/// <summary>A or AAAA, by the family of the address.</summary>
public sealed record AddressRecord(string Name, uint TimeToLive, IPAddress Address) : DnsRecord(Name, TimeToLive);

/// <summary>CNAME: the name is another's.</summary>
public sealed record CanonicalNameRecord(string Name, uint TimeToLive, string Target) : DnsRecord(Name, TimeToLive);

/// <summary>PTR: the name of an address.</summary>
public sealed record PointerRecord(string Name, uint TimeToLive, string Target) : DnsRecord(Name, TimeToLive);

/// <summary>SRV: host and port of a named service. RFC 2782.</summary>
public sealed record ServiceRecord(string Name, uint TimeToLive, ushort Priority, ushort Weight, ushort Port, string Target) : DnsRecord(Name, TimeToLive);

/// <summary>TXT: one string of at most 255 bytes.</summary>
public sealed record TextRecord(string Name, uint TimeToLive, string Text) : DnsRecord(Name, TimeToLive);

/// <summary>SOA: who answers for the zone, and for how long a "no" may be kept. RFC 2308.</summary>
public sealed record AuthorityRecord(string Name, uint TimeToLive, string PrimaryServer, string Mailbox, uint Serial, uint NegativeTimeToLive) : DnsRecord(Name, TimeToLive);

/// <summary>NS: a server of the zone.</summary>
public sealed record NameServerRecord(string Name, uint TimeToLive, string Target) : DnsRecord(Name, TimeToLive);
