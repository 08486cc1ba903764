namespace KubeAspire.NodeAgent.Streaming.Spdy;

/// <summary>The other side broke the protocol: its connection ends.</summary>
internal sealed class SpdyException(string message) : IOException(message);
