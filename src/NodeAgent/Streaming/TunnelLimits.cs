namespace KubeAspire.NodeAgent.Streaming;

/// <summary>Bounds of the tunnel, with unit and source.</summary>
internal static class TunnelLimits
{
    /// <summary>Silence of the API server after which it is asked whether it is there. 20 s, as it asks us.</summary>
    public static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(20);

    /// <summary>How long it may take to answer. 20 s.</summary>
    public static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(20);

    /// <summary>Streams at once: ten for each of 110 pods, and some.</summary>
    public const int StreamsMax = 2000;

    /// <summary>Bytes that the API server may send ahead on one stream. 128 KiB.</summary>
    public const int StreamWindowBytes = 128 << 10;

    /// <summary>Bytes that it may send ahead in all. 64 MiB: 512 streams that nobody reads leave the others room.</summary>
    public const int ConnectionWindowBytes = 64 << 20;
}
