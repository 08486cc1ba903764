using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;

namespace KubeAspire.Gateway.Http;

/// <summary>Requests to a service port: as the client sent them, Host included, with the client's address appended to X-Forwarded-For.</summary>
/// <remarks>The client could have reached the pod itself: nothing it sends gains trust by passing here, so nothing is taken away.</remarks>
internal sealed class ServiceTransformer : HttpTransformer
{
    public static readonly ServiceTransformer Instance = new();

    public override async ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        if (httpContext.Connection.RemoteIpAddress is { } client)
        {
            proxyRequest.Headers.TryAddWithoutValidation("X-Forwarded-For", client.ToString());
        }

        if (!httpContext.Request.Headers.ContainsKey("X-Forwarded-Proto"))
        {
            proxyRequest.Headers.TryAddWithoutValidation("X-Forwarded-Proto", httpContext.Request.Scheme);
        }

        if (!httpContext.Request.Headers.ContainsKey("X-Forwarded-Host"))
        {
            proxyRequest.Headers.TryAddWithoutValidation("X-Forwarded-Host", httpContext.Request.Host.Value);
        }
    }
}

/// <summary>Requests through an Ingress: what a client says about itself or about other proxies is replaced by what is known here.</summary>
internal sealed class IngressTransformer : HttpTransformer
{
    public static readonly IngressTransformer Instance = new();

    private static readonly string[] s_removed =
    [
        "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Server", "X-Real-IP",
        "X-Remote-User", "X-Remote-Group", "X-Remote-Uid", "X-Client-Cert", "X-Forwarded-Client-Cert", "X-SSL-Client-Cert", "X-ARR-ClientCert",
    ];

    public override async ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        foreach (var header in s_removed)
        {
            proxyRequest.Headers.Remove(header);
        }

        foreach (var extra in proxyRequest.Headers.Where(header => header.Key.StartsWith("X-Remote-Extra-", StringComparison.OrdinalIgnoreCase)).Select(header => header.Key).ToList())
        {
            proxyRequest.Headers.Remove(extra);
        }

        var client = httpContext.Connection.RemoteIpAddress is { } address ? (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString() : "";
        proxyRequest.Headers.TryAddWithoutValidation("X-Forwarded-For", client);
        proxyRequest.Headers.TryAddWithoutValidation("X-Real-IP", client);
        proxyRequest.Headers.TryAddWithoutValidation("X-Forwarded-Host", httpContext.Request.Host.Value);
        proxyRequest.Headers.TryAddWithoutValidation("X-Forwarded-Proto", httpContext.Request.Scheme);
        proxyRequest.Headers.TryAddWithoutValidation("X-Forwarded-Port", httpContext.Connection.LocalPort.ToString());
    }
}
