using System.Security.Cryptography;
using System.Text;
using KubeAspire.ApiMachinery.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace KubeAspire.ApiServer.Streaming;

/// <summary>An upgrade that a client asked for and this server can give.</summary>
/// <param name="Transport"><c>websocket</c> or <c>spdy</c>.</param>
/// <param name="Protocol">The protocol inside, such as <c>v5.channel.k8s.io</c>; empty where the client named none.</param>
/// <param name="Accept">The WebSocket's Sec-WebSocket-Accept; empty for SPDY.</param>
internal sealed record Upgrade(string Transport, string Protocol, string Accept)
{
    private const string SpdyToken = "SPDY/3.1";
    private const string WebSocketToken = "websocket";
    private const string SpdyProtocolHeader = "X-Stream-Protocol-Version";
    private const string SpdyAcceptedHeader = "X-Accepted-Stream-Protocol-Versions";

    // RFC 6455, section 1.3.
    private const string AcceptSalt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private const int KeyBytes = 16;

    /// <summary>Whether a request asks to be upgraded, to whatever.</summary>
    public static bool IsAsked(HttpContext http) => http.Request.Headers.Upgrade.Count > 0 || http.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true };

    /// <summary>Whether a request asks for a WebSocket.</summary>
    public static bool IsWebSocketAsked(HttpContext http) => string.Equals(http.Request.Headers.Upgrade, WebSocketToken, StringComparison.OrdinalIgnoreCase);

    /// <summary>Chooses what to speak.</summary>
    /// <param name="http">The request.</param>
    /// <param name="webSocket">Protocols over a WebSocket; an empty one allows a client to name none.</param>
    /// <param name="spdy">Protocols over SPDY.</param>
    public static ApiResult<Upgrade> Negotiate(HttpContext http, IReadOnlyList<string> webSocket, IReadOnlyList<string> spdy)
    {
        if (http.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true })
        {
            return ApiErrors.BadRequest("Upgrade request required");
        }

        if (IsWebSocketAsked(http))
        {
            return NegotiateWebSocket(http, webSocket);
        }

        return string.Equals(http.Request.Headers.Upgrade, SpdyToken, StringComparison.OrdinalIgnoreCase) && spdy.Count > 0
            ? NegotiateSpdy(http, spdy)
            : ApiErrors.BadRequest("Upgrade request required");
    }

    /// <summary>Switches the client's connection over.</summary>
    public async Task<Stream> SwitchAsync(HttpContext http)
    {
        var headers = http.Response.Headers;
        headers.Connection = "Upgrade";
        if (Transport == WebSocketToken)
        {
            headers.Upgrade = WebSocketToken;
            headers.SecWebSocketAccept = Accept;
            if (Protocol.Length > 0)
            {
                headers.SecWebSocketProtocol = Protocol;
            }
        }
        else
        {
            headers.Upgrade = SpdyToken;
            headers[SpdyProtocolHeader] = Protocol;
        }

        return await http.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
    }

    private static ApiResult<Upgrade> NegotiateWebSocket(HttpContext http, IReadOnlyList<string> served)
    {
        var key = http.Request.Headers.SecWebSocketKey.ToString();
        Span<byte> bytes = stackalloc byte[KeyBytes + 2];
        if (http.Request.Headers.SecWebSocketVersion != "13" || !Convert.TryFromBase64String(key, bytes, out var length) || length != KeyBytes)
        {
            return ApiErrors.BadRequest("unable to upgrade: no WebSocket of version 13 is asked for");
        }

        var asked = Values(http.Request.Headers.SecWebSocketProtocol);
        var chosen = asked.Count == 0 ? (served.Contains("") ? "" : null) : asked.Find(served.Contains);
        if (chosen is null)
        {
            return ApiErrors.BadRequest($"unable to upgrade: requested protocol(s) are not supported: [{string.Join(' ', asked)}]; supports [{string.Join(' ', served.Where(one => one.Length > 0))}]");
        }

#pragma warning disable CA5350 // RFC 6455 wants SHA-1 here; it protects nothing.
        var accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + AcceptSalt)));
#pragma warning restore CA5350
        return new Upgrade(WebSocketToken, chosen, accept);
    }

    private static ApiResult<Upgrade> NegotiateSpdy(HttpContext http, IReadOnlyList<string> served)
    {
        var asked = Values(http.Request.Headers[SpdyProtocolHeader]);
        if (asked.Count == 0)
        {
            return ApiErrors.BadRequest($"unable to upgrade: {SpdyProtocolHeader} is required");
        }

        if (asked.Find(served.Contains) is { } chosen)
        {
            return new Upgrade("spdy", chosen, "");
        }

        http.Response.Headers[SpdyAcceptedHeader] = new StringValues([.. served]);
        return new ApiError(ApiErrorReason.Forbidden, $"unable to upgrade: unable to negotiate protocol: client supports [{string.Join(' ', asked)}], server accepts [{string.Join(' ', served)}]");
    }

    private static List<string> Values(StringValues header) =>
        [.. header.SelectMany(line => (line ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
}
