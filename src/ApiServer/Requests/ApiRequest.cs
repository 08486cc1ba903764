using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Authentication;
using Microsoft.AspNetCore.Http;

namespace KubeAspire.ApiServer.Requests;

/// <summary>A request on its way through the chain; the same object whether it came by a socket or from this process.</summary>
public sealed class ApiRequest
{
    private RequestInfo? _info;

    /// <summary>What it is about.</summary>
    public required RequestInfo Info { get => _info!; init => _info = value; }

    /// <summary>Its query parameters.</summary>
    public required RequestQuery Query { get; init; }

    /// <summary>Who asks. Set by authentication, replaced by impersonation.</summary>
    public ApiUser User { get; set; } = ApiUser.Anonymous;

    /// <summary>The User-Agent header: the default field manager is its first word.</summary>
    public string UserAgent { get; init; } = "";

    /// <summary>Reads the body, at most <see cref="ApiLimits.BodyBytes"/>.</summary>
    public required Func<CancellationToken, ValueTask<ApiResult<RequestBody>>> ReadBody { get; init; }

    /// <summary>The exchange, for what must take the connection over (the node tunnel); null in process.</summary>
    public HttpContext? Http { get; init; }

    /// <summary>Texts for <c>Warning:</c> headers.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>The W3C traceparent of the request, stamped on traced objects.</summary>
    public string? TraceParent { get; init; }

    /// <summary>The same request about something else: a path that only leads to another.</summary>
    public ApiRequest About(RequestInfo info)
    {
        var other = (ApiRequest)MemberwiseClone();
        other._info = info;
        return other;
    }

    /// <summary>Whether nothing may be stored.</summary>
    public bool DryRun => Query.Has("dryRun");

    /// <summary>Who manages the fields that this request sets.</summary>
    public string FieldManager
    {
        get
        {
            var named = Query["fieldManager"];
            if (named.Length > 0)
            {
                return named;
            }

            var end = UserAgent.AsSpan().IndexOfAny('/', ' ');
            return UserAgent.Length == 0 ? "unknown" : end < 0 ? UserAgent : UserAgent[..end];
        }
    }
}

/// <summary>A body as it came.</summary>
/// <param name="Bytes">The bytes; empty for none.</param>
/// <param name="MediaType">The Content-Type without parameters, in lower case; empty for none.</param>
public sealed record RequestBody(ReadOnlyMemory<byte> Bytes, string MediaType);
