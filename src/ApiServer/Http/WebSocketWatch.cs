using System.Buffers;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using KubeAspire.ApiServer.Requests;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace KubeAspire.ApiServer.Http;

/// <summary>A watch over a WebSocket, for browsers: a message an event, text for JSON and binary for protobuf.</summary>
/// <remarks>
/// k8s.io/apiserver pkg/endpoints/handlers WatchServer.HandleWS. The subprotocol that was asked for is agreed to and changes nothing:
/// browsers ask for <c>base64.binary.k8s.io</c> and read JSON.
/// </remarks>
internal sealed class WebSocketWatch(TimeProvider clock)
{
    // RFC 6455 section 1.3.
    private const string AcceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private const string BearerProtocol = "base64url.bearer.authorization.k8s.io.";

    private static readonly TimeSpan s_keepAlive = TimeSpan.FromSeconds(30);

    /// <summary>Whether the request wants its connection to become a WebSocket.</summary>
    public static bool IsAsked(HttpContext http) =>
        http.Request.Headers.Upgrade.ToString().Equals("websocket", StringComparison.OrdinalIgnoreCase) && http.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true };

    /// <summary>Agrees, and sends events until the watch, the client or the server ends.</summary>
    /// <param name="http">The exchange.</param>
    /// <param name="watch">The events.</param>
    /// <param name="binary">Whether messages are frames of protobuf, whose length a message needs not repeat.</param>
    /// <param name="write">Encodes one event.</param>
    public async Task RunAsync(HttpContext http, WatchAnswer watch, bool binary, Action<IBufferWriter<byte>, WatchFrame> write)
    {
        var key = http.Request.Headers.SecWebSocketKey.ToString();
        if (key.Length == 0)
        {
            http.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        var protocol = ProtocolOf(http.Request.Headers.SecWebSocketProtocol.ToString());
        var headers = http.Response.Headers;
        headers.Connection = "Upgrade";
        headers.Upgrade = "websocket";
#pragma warning disable CA5350 // The protocol says SHA-1; nothing rests on its strength.
        headers.SecWebSocketAccept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + AcceptSuffix)));
#pragma warning restore CA5350
        if (protocol is not null)
        {
            headers.SecWebSocketProtocol = protocol;
        }

        await using var stream = await http.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
        using var socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true, SubProtocol = protocol, KeepAliveInterval = s_keepAlive });
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        var listening = ListenAsync(socket, ended);
        try
        {
            await SendAsync(socket, watch, binary, write, http.RequestAborted, ended.Token);
            await CloseAsync(socket, http.RequestAborted);
            await ended.CancelAsync();
        }
        catch (OperationCanceledException) when (!http.RequestAborted.IsCancellationRequested)
        {
            await CloseAsync(socket, http.RequestAborted); // The client closed: it waits for the same from here.
        }
        catch (Exception gone) when (gone is OperationCanceledException or WebSocketException or IOException or TimeoutException)
        {
            await ended.CancelAsync(); // The client went without a word, or was too slow, or the server stops.
        }

        await listening;
    }

    private static async Task CloseAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
        }
    }

    private async Task SendAsync(WebSocket socket, WatchAnswer watch, bool binary, Action<IBufferWriter<byte>, WatchFrame> write, CancellationToken aborted, CancellationToken ended)
    {
        var buffer = new ArrayBufferWriter<byte>();
        await foreach (var batch in watch.Batches.WithCancellation(ended))
        {
            foreach (var frame in batch)
            {
                buffer.ResetWrittenCount();
                write(buffer, frame);
                var message = binary ? buffer.WrittenMemory[sizeof(uint)..] : buffer.WrittenMemory;
                await socket.SendAsync(message, binary ? WebSocketMessageType.Binary : WebSocketMessageType.Text, endOfMessage: true, aborted)
                    .AsTask().WaitAsync(ApiLimits.SlowWatcher, clock, aborted);
            }
        }
    }

    // A watcher has nothing to say but that it goes.
    private static async Task ListenAsync(WebSocket socket, CancellationTokenSource ended)
    {
        var ignored = new byte[256];
        try
        {
            while ((await socket.ReceiveAsync(ignored, ended.Token)).MessageType != WebSocketMessageType.Close)
            {
            }
        }
        catch (Exception gone) when (gone is OperationCanceledException or WebSocketException or IOException)
        {
            // It went without a word.
        }

        await ended.CancelAsync();
    }

    private static string? ProtocolOf(string asked) =>
        asked.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(protocol => !protocol.StartsWith(BearerProtocol, StringComparison.Ordinal));
}
