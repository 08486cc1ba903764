using System.Net.WebSockets;
using KubeAspire.NodeAgent.Streaming.PortForwarding;
using KubeAspire.NodeAgent.Streaming.Remote;
using KubeAspire.NodeAgent.Streaming.WebSockets;
using Microsoft.AspNetCore.Http;

namespace KubeAspire.NodeAgent.Streaming;

/// <summary>A client's bytes, and the protocol that it speaks in them.</summary>
internal sealed class NodeStream : IDisposable
{
    private NodeStream(bool webSocket, string protocol, IReadOnlyList<int> ports) => (IsWebSocket, Protocol, Ports) = (webSocket, protocol, ports);

    /// <summary>Whether the bytes are WebSocket frames; otherwise SPDY or plain.</summary>
    public bool IsWebSocket { get; }

    /// <summary>The protocol inside, such as <c>v5.channel.k8s.io</c>; empty where the client named none.</summary>
    public string Protocol { get; }

    /// <summary>Ports that a WebSocket forwards.</summary>
    public IReadOnlyList<int> Ports { get; }

    /// <summary>The bytes; set once the stream is accepted.</summary>
    public Stream Bytes { get; set; } = Stream.Null;

    /// <summary>Reads what is asked for; null where it is no protocol spoken here.</summary>
    public static NodeStream? Describe(HttpContext context, string? transport)
    {
        var ports = context.Request.Query["ports"].SelectMany(text => (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries)).Select(PortForwarder.ParsePort).ToList();
        return transport is "websocket" or "spdy" or "raw" && ports.TrueForAll(port => port is not null) && ports.Count <= StreamLimits.WebSocketPortsMax
            ? new NodeStream(transport == "websocket", context.Request.Headers[PodStreams.ProtocolHeader].ToString(), [.. ports.Select(port => port!.Value)]) : null;
    }

    /// <summary>The bytes as a WebSocket. Its handshake, and with it the name of the protocol inside, was the API server's.</summary>
    public WebSocket OpenWebSocket() =>
        WebSocket.CreateFromStream(Bytes, new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = TimeSpan.Zero });

    /// <summary>The bytes as channels on a WebSocket.</summary>
    public WebSocketChannels OpenChannels() => new(OpenWebSocket(), Protocol.Contains("base64", StringComparison.Ordinal));

    /// <summary>The bytes as a client of exec or attach.</summary>
    public RemoteStreams OpenRemote(RemoteOptions wanted, IdleClock idle) =>
        IsWebSocket ? new WebSocketRemoteStreams(OpenChannels(), wanted, Protocol, idle) : new SpdyRemoteStreams(Bytes, wanted, Protocol, idle);

    public void Dispose() => Bytes.Dispose();
}
