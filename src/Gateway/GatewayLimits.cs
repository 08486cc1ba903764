namespace KubeAspire.Gateway;

/// <summary>Bounds of the data plane. Our own choice unless a source is named.</summary>
internal static class GatewayLimits
{
    /// <summary>Quiet time after which changed routes are built: changes that come together are built once. 10 ms.</summary>
    public static readonly TimeSpan RebuildDelay = TimeSpan.FromMilliseconds(10);

    /// <summary>Addresses that could not be bound are tried again. 5 s.</summary>
    public static readonly TimeSpan BindRetry = TimeSpan.FromSeconds(5);

    /// <summary>Connections waiting for accept, per listener. 1,024.</summary>
    public const int Backlog = 1_024;

    /// <summary>Connections open at once, per listener; more are reset. 16,384.</summary>
    public const int ConnectionsPerListener = 16_384;

    /// <summary>Pause after a connection could not be accepted. 50 ms: without file descriptors only time helps.</summary>
    public static readonly TimeSpan AcceptRetry = TimeSpan.FromMilliseconds(50);

    /// <summary>Accepted HTTP connections waiting for the server. 1,024; more are reset.</summary>
    public const int HttpBacklog = 1_024;

    /// <summary>Wait for an endpoint to accept. 3 s: then another is tried.</summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(3);

    /// <summary>Endpoints tried for one connection or request. 3.</summary>
    public const int Attempts = 3;

    /// <summary>How long an endpoint that did not accept is chosen only when no other is left. 5 s.</summary>
    public static readonly TimeSpan Deprioritized = TimeSpan.FromSeconds(5);

    /// <summary>Clients remembered for session affinity, per service port. 65,536.</summary>
    public const int AffinityClients = 65_536;

    /// <summary>Silence after which a spliced connection is closed. 24 h, kube-proxy's conntrack timeout of established connections.</summary>
    public static readonly TimeSpan ConnectionIdle = TimeSpan.FromHours(24);

    /// <summary>Silence after which a half-closed connection is closed. 1 h, kube-proxy's conntrack timeout in CLOSE_WAIT.</summary>
    public static readonly TimeSpan HalfClosedIdle = TimeSpan.FromHours(1);

    /// <summary>How often idle connections and UDP sessions are looked for. 30 s.</summary>
    public static readonly TimeSpan IdleSweep = TimeSpan.FromSeconds(30);

    /// <summary>Seconds of silence before a TCP connection is asked whether it lives. 60 s, then each 15 s, 4 times.</summary>
    public const int KeepAliveSeconds = 60;

    /// <summary>First and largest buffer of a direction of a spliced connection. 16 and 128 KiB.</summary>
    public const int SpliceBuffer = 16 << 10;

    /// <inheritdoc cref="SpliceBuffer"/>
    public const int SpliceBufferMax = 128 << 10;

    /// <summary>UDP clients at once, per listener; the longest silent one makes room. 8,192.</summary>
    public const int UdpSessions = 8_192;

    /// <summary>Silence after which a UDP client is forgotten. 120 s, Linux' conntrack timeout of a UDP stream.</summary>
    public static readonly TimeSpan UdpIdle = TimeSpan.FromSeconds(120);

    /// <summary>Bytes of a datagram. 65,527, UDP's own limit.</summary>
    public const int Datagram = 65_527;

    /// <summary>Bytes of a request line. 8 KiB.</summary>
    public const int RequestLine = 8 << 10;

    /// <summary>Bytes of all headers of a request, and how many. 32 KiB, 100.</summary>
    public const int HeaderBytes = 32 << 10;

    /// <inheritdoc cref="HeaderBytes"/>
    public const int Headers = 100;

    /// <summary>Time for the headers of a request, and for the first bytes of a connection. 15 s.</summary>
    public static readonly TimeSpan HeaderTimeout = TimeSpan.FromSeconds(15);

    /// <summary>Silence between requests of a client's connection. 180 s: longer than the 60 to 90 s of common client pools, so that the client closes first.</summary>
    public static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(180);

    /// <summary>Silence of an idle connection to an endpoint. 15 s: shorter than common servers' own, so that a request never meets a connection being closed.</summary>
    public static readonly TimeSpan EndpointIdle = TimeSpan.FromSeconds(15);

    /// <summary>Silence within a request or WebSocket. 1 h.</summary>
    public static readonly TimeSpan RequestIdle = TimeSpan.FromHours(1);

    /// <summary>HTTP connections at once, all listeners together. 65,536.</summary>
    public const long HttpConnections = 65_536;

    /// <summary>Streams of one HTTP/2 connection. 250.</summary>
    public const int Http2Streams = 250;

    /// <summary>Pods whose first request is remembered. 20,000.</summary>
    public const int FirstRequestPods = 20_000;

    /// <summary>First requests waiting to be traced; more are not traced. 256.</summary>
    public const int FirstRequestBacklog = 256;

    /// <summary>Certificates kept parsed. 4,096.</summary>
    public const int Certificates = 4_096;

    /// <summary>Writes to the API are tried again after this. 1 s.</summary>
    public static readonly TimeSpan WriteRetry = TimeSpan.FromSeconds(1);

    /// <summary>Time for requests and connections in flight when the gateway stops. 10 s.</summary>
    public static readonly TimeSpan Drain = TimeSpan.FromSeconds(10);
}
