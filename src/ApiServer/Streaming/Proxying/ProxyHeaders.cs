using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace KubeAspire.ApiServer.Streaming.Proxying;

/// <summary>Which headers pass a proxy, and which it adds.</summary>
internal static class ProxyHeaders
{
    // RFC 9110, section 7.6.1: of one connection only.
    private static readonly HashSet<string> s_hop = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
    };

    /// <summary>Copies a request's headers.</summary>
    /// <param name="http">The client's request.</param>
    /// <param name="request">The backend's.</param>
    /// <param name="upgrade">Whether the request asks for an upgrade, which then passes too.</param>
    public static void Copy(HttpContext http, HttpRequestMessage request, bool upgrade)
    {
        var named = Named(http.Request.Headers.Connection);
        foreach (var (name, value) in http.Request.Headers)
        {
            if (name.StartsWith(':') || s_hop.Contains(name) || named.Contains(name) || IsOfTheApi(name))
            {
                continue;
            }

            if (!request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)value))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)value);
            }
        }

        request.Headers.Host = http.Request.Headers.Host.ToString();
        var client = http.Connection.RemoteIpAddress?.ToString();
        if (client is not null)
        {
            var before = http.Request.Headers["X-Forwarded-For"].ToString();
            Set(request.Headers, "X-Forwarded-For", before.Length == 0 ? client : $"{before}, {client}");
        }

        if (upgrade)
        {
            request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
            request.Headers.TryAddWithoutValidation("Upgrade", http.Request.Headers.Upgrade.ToString());
        }
    }

    /// <summary>Says under which address the client knows what it asks for.</summary>
    public static void Forwarded(HttpContext http, HttpRequestMessage request, string prefix, string path)
    {
        Set(request.Headers, "X-Forwarded-Uri", prefix + path);
        Set(request.Headers, "X-Forwarded-Host", http.Request.Headers.Host.ToString());
        Set(request.Headers, "X-Forwarded-Proto", http.Request.Scheme);
    }

    /// <summary>Copies an answer's headers.</summary>
    public static void Copy(HttpResponseMessage response, HttpContext http, bool upgrade)
    {
        var named = Named(new StringValues([.. response.Headers.Connection]));
        foreach (var (name, values) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated))
        {
            if ((!s_hop.Contains(name) && !named.Contains(name)) || (upgrade && string.Equals(name, "Upgrade", StringComparison.OrdinalIgnoreCase)))
            {
                http.Response.Headers[name] = new StringValues([.. values]);
            }
        }
    }

    // Credentials for the API are not the backend's to see.
    private static bool IsOfTheApi(string name) =>
        name.Equals("Authorization", StringComparison.OrdinalIgnoreCase) || name.Equals("Host", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("Impersonate-", StringComparison.OrdinalIgnoreCase) || name.StartsWith("X-Remote-", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase);

    private static HashSet<string> Named(StringValues connection) =>
        new(connection.SelectMany(line => (line ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)), StringComparer.OrdinalIgnoreCase);

    private static void Set(HttpRequestHeaders headers, string name, string value)
    {
        headers.Remove(name);
        headers.TryAddWithoutValidation(name, value);
    }
}
