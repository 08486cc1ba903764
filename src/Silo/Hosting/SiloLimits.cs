namespace KubeAspire.Silo.Hosting;

/// <summary>Bounds of the socket side, with unit and source.</summary>
internal static class SiloLimits
{
    /// <summary>Streams a client may have open on one HTTP/2 connection: upstream's http2-max-streams-per-connection.</summary>
    public const int StreamsPerConnection = 250;

    /// <summary>All request headers together, bytes: Go's default for a server, 1 MiB, is more than any client needs.</summary>
    public const int HeaderBytes = 64 * 1024;

    /// <summary>Longest request line, bytes: a list by many labels fits.</summary>
    public const int RequestLineBytes = 32 * 1024;

    /// <summary>How long a client may take over its headers: upstream's ReadHeaderTimeout, 32 s.</summary>
    public static readonly TimeSpan Headers = TimeSpan.FromSeconds(32);

    /// <summary>How long a connection may be idle: upstream's IdleTimeout, 90 s.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromSeconds(90);

    /// <summary>How long a stop waits for requests before connections are cut; watches are ended at once.</summary>
    public static readonly TimeSpan Shutdown = TimeSpan.FromSeconds(5);
}
