namespace KubeAspire.NodeAgent.Streaming;

/// <summary>Bounds of the streams into pods, with unit and source.</summary>
internal static class StreamLimits
{
    /// <summary>Piece in which bytes are handed on. 32 KiB, as clients do.</summary>
    public const int CopyBytes = 32 << 10;

    /// <summary>Bytes that a client may be ahead of what reads them, a stream. 256 KiB; then its connection waits.</summary>
    public const int AheadBytes = 256 << 10;

    /// <summary>Largest control frame of SPDY. 64 KiB: headers of a stream are a few hundred bytes.</summary>
    public const int SpdyControlBytesMax = 64 << 10;

    /// <summary>Largest block of SPDY headers once it is unpacked. 64 KiB.</summary>
    public const int SpdyHeaderBytesMax = 64 << 10;

    /// <summary>Streams open at once on one SPDY connection. 256: port-forward uses two a connection.</summary>
    public const int SpdyStreamsMax = 256;

    /// <summary>Ports forwarded on one WebSocket. 64: a channel's number is one byte.</summary>
    public const int WebSocketPortsMax = 64;

    /// <summary>Largest message of a base64 protocol: it is decoded whole. 1 MiB.</summary>
    public const int TextMessageBytesMax = 1 << 20;

    /// <summary>Longest text that says a terminal's size. 4 KiB.</summary>
    public const int ResizeBytesMax = 4 << 10;

    /// <summary>How long a stream may carry nothing either way. 4 h, upstream's streaming-connection-idle-timeout.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromHours(4);

    /// <summary>How long a client has to open the streams it announced. 30 s, upstream's stream creation timeout.</summary>
    public static readonly TimeSpan Creation = TimeSpan.FromSeconds(30);

    /// <summary>How long connecting to a port of a pod may take. 10 s.</summary>
    public static readonly TimeSpan Dial = TimeSpan.FromSeconds(10);

    /// <summary>How long a client has to say goodbye after the last byte. 2 s.</summary>
    public static readonly TimeSpan Goodbye = TimeSpan.FromSeconds(2);
}
