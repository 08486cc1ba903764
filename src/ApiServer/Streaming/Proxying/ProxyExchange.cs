using System.Net;
using System.Net.Security;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Http;
using KubeAspire.ApiServer.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace KubeAspire.ApiServer.Streaming.Proxying;

/// <summary>
/// One request carried to a backend, and its answer back. The connection to the backend is this request's alone and ends with it: no
/// later request can find it, upgraded or not (CVE-2018-1002105). Redirects are the client's to follow (CVE-2020-8559).
/// </summary>
internal sealed class ProxyExchange(NodeTunnels tunnels, TimeProvider clock)
{
    /// <summary>Piece in which a body is handed on. 32 KiB.</summary>
    private const int CopyBytes = 32 << 10;

    /// <summary>Largest page whose links are rewritten, bytes. 4 MiB; a larger one passes as it is.</summary>
    private const int PageBytesMax = 4 << 20;

    /// <summary>How long a backend may take over connecting. 30 s, upstream's dial timeout.</summary>
    private static readonly TimeSpan s_connect = TimeSpan.FromSeconds(30);

    /// <summary>Carries the request to a port of a pod.</summary>
    public Task ToPodAsync(HttpContext http, ProxyTarget target, string prefix, string path)
    {
        var meta = target.Pod.Metadata;
        var dial = $"/dial/{Uri.EscapeDataString(meta.Namespace ?? "")}/{Uri.EscapeDataString(meta.Name ?? "")}?uid={Uri.EscapeDataString(meta.Uid ?? "")}&port={target.Port}";
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, token) =>
            {
                var opened = await tunnels.OpenAsync(target.Pod.Spec.NodeName!, dial, "raw", "", token);
                return opened.Succeeded ? opened.Value : throw new IOException($"dial tcp {target.Pod.Status.PodIP}:{target.Port}: connect: {opened.Error.Message}");
            },
            ConnectTimeout = s_connect,
            PooledConnectionLifetime = TimeSpan.Zero,
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
#pragma warning disable CA5359 // As upstream: a pod's certificate names nothing that could be checked; the tunnel is what authenticates the way there.
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true },
#pragma warning restore CA5359
        };
        return RunAsync(http, handler, $"{(target.Tls ? "https" : "http")}://{target.Pod.Status.PodIP}:{target.Port}", prefix, path);
    }

    private async Task RunAsync(HttpContext http, SocketsHttpHandler handler, string origin, string prefix, string path)
    {
        http.Features.Get<IHttpMinResponseDataRateFeature>()?.MinDataRate = null;
        http.Features.Get<IHttpMinRequestBodyDataRateFeature>()?.MinDataRate = null;
        http.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize = null;
        using var client = new HttpMessageInvoker(handler);
        var upgrade = Upgrade.IsAsked(http) && http.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true };
        // The path goes on as it came: what it means is the backend's to say.
        var target = new Uri(origin + path + http.Request.QueryString.Value, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var request = new HttpRequestMessage(HttpMethod.Parse(http.Request.Method), target) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        if (!upgrade && http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true)
        {
            request.Content = new StreamContent(http.Request.Body, CopyBytes);
        }

        ProxyHeaders.Copy(http, request, upgrade);
        ProxyHeaders.Forwarded(http, request, prefix, path);
        HttpResponseMessage response;
        try
        {
            response = await client.SendAsync(request, http.RequestAborted);
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException || (broken is OperationCanceledException && !http.RequestAborted.IsCancellationRequested))
        {
            var why = broken.InnerException is IOException inner ? inner.Message : broken.Message;
            await AnswerWriter.WriteErrorAsync(http, ApiErrors.ServiceUnavailable($"error trying to reach service: {why}"));
            return;
        }

        using (response)
        {
            if (upgrade && response.StatusCode == HttpStatusCode.SwitchingProtocols)
            {
                ProxyHeaders.Copy(response, http, upgrade: true);
                http.Response.Headers.Connection = "Upgrade";
                await using var backend = await response.Content.ReadAsStreamAsync(http.RequestAborted);
                await using var switched = await http.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
                await StreamRelay.RunAsync(switched, backend, webSocket: false, clock, http.RequestAborted);
                return;
            }

            await AnswerAsync(http, response, prefix);
        }
    }

    private static async Task AnswerAsync(HttpContext http, HttpResponseMessage response, string prefix)
    {
        http.Response.StatusCode = (int)response.StatusCode;
        ProxyHeaders.Copy(response, http, upgrade: false);
        if (http.Response.Headers.Location.ToString() is { Length: > 0 } location)
        {
            http.Response.Headers.Location = HtmlLinks.Location(location, prefix, http.Request.Headers.Host.ToString());
        }

        await using var body = await response.Content.ReadAsStreamAsync(http.RequestAborted);
        var isPage = response.Content.Headers.ContentType?.MediaType == "text/html" && response.Content.Headers.ContentEncoding.Count == 0 && http.Request.Method != "HEAD";
        try
        {
            if (isPage && HtmlLinks.EncodingOf(response.Content.Headers.ContentType?.CharSet) is { } encoding)
            {
                await RewriteAsync(http, body, encoding, prefix);
                return;
            }

            await http.Response.StartAsync(http.RequestAborted);
            await CopyAsync(http, body);
        }
        catch (Exception ended) when (ended is OperationCanceledException or IOException or HttpRequestException)
        {
            http.Abort(); // The reader went, or the backend did: an answer cut short must not look whole.
        }
    }

    private static async Task RewriteAsync(HttpContext http, Stream body, System.Text.Encoding encoding, string prefix)
    {
        using var page = new MemoryStream();
        var buffer = new byte[CopyBytes];
        while (page.Length < PageBytesMax && await body.ReadAsync(buffer, http.RequestAborted) is > 0 and var read)
        {
            page.Write(buffer, 0, read);
        }

        if (page.Length >= PageBytesMax)
        {
            await http.Response.Body.WriteAsync(page.GetBuffer().AsMemory(0, (int)page.Length), http.RequestAborted);
            await CopyAsync(http, body);
            return;
        }

        var rewritten = encoding.GetBytes(HtmlLinks.Rewrite(encoding.GetString(page.GetBuffer(), 0, (int)page.Length), prefix));
        http.Response.ContentLength = rewritten.Length;
        await http.Response.Body.WriteAsync(rewritten, http.RequestAborted);
    }

    private static async Task CopyAsync(HttpContext http, Stream body)
    {
        var buffer = new byte[CopyBytes];
        while (await body.ReadAsync(buffer, http.RequestAborted) is > 0 and var read)
        {
            await http.Response.Body.WriteAsync(buffer.AsMemory(0, read), http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
        }
    }
}
