using System.Net;

namespace KubeAspire.Dns.Server;

/// <summary>How the server listens and whom it asks.</summary>
public sealed record DnsServerOptions
{
    /// <summary>Addresses to listen on, UDP and TCP alike.</summary>
    public IReadOnlyList<IPEndPoint> Listen { get; init; } = [];

    /// <summary>Servers that are asked about names outside the cluster, in order.</summary>
    public IReadOnlyList<IPEndPoint> Upstreams { get; init; } = [];

    /// <summary>Clients for whom other servers are asked: everyone else gets REFUSED, so that the server is no open resolver. Default: private networks.</summary>
    public IReadOnlyList<IPNetwork> RecursionFor { get; init; } =
    [
        IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.168.0.0/16"),
        IPNetwork.Parse("100.64.0.0/10"), IPNetwork.Parse("::1/128"), IPNetwork.Parse("fc00::/7"),
    ];
}

/// <summary>Bounds of the server. Our own choice unless a source is named.</summary>
public static class DnsServerLimits
{
    /// <summary>Wait for one answer of one upstream server. 2 s, as CoreDNS's forward plugin reads.</summary>
    public static readonly TimeSpan UpstreamTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Wait for all upstream servers together. 5 s: then a client's own resolver has given up (resolv.conf, timeout).</summary>
    public static readonly TimeSpan ResolutionTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Upstream questions open at once. 1,000; more are answered SERVFAIL at once.</summary>
    public const int InFlight = 1_000;

    /// <summary>Upstream servers used. 3, as resolv.conf(5).</summary>
    public const int Upstreams = 3;

    /// <summary>Kept answers. 10,000, about as CoreDNS's cache of 9,984.</summary>
    public const int CacheEntries = 10_000;

    /// <summary>Bytes of an answer that is kept. 4 KiB.</summary>
    public const int CacheEntrySize = 4_096;

    /// <summary>Seconds that an answer is kept at most. 30, as CoreDNS's cache in a cluster: a long TTL pins nobody.</summary>
    public const uint PositiveTimeToLive = 30;

    /// <summary>Seconds that a "no" is kept at most. 10.</summary>
    public const uint NegativeTimeToLive = 10;

    /// <summary>TCP connections at once. 256.</summary>
    public const int TcpConnections = 256;

    /// <summary>Pause after a connection could not be accepted. 50 ms.</summary>
    public static readonly TimeSpan AcceptRetry = TimeSpan.FromMilliseconds(50);

    /// <summary>Silence on a TCP connection before it is closed. 10 s (RFC 7766 §6.2.3 asks for "a few seconds").</summary>
    public static readonly TimeSpan TcpIdle = TimeSpan.FromSeconds(10);

    /// <summary>Names followed from alias to alias. 8.</summary>
    public const int Aliases = 8;
}
