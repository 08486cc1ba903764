using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace KubeAspire.Gateway.Http;

/// <summary>The gateway's own answers: plain text that says which status and why.</summary>
internal static class Pages
{
    public static Task WriteAsync(HttpContext context, int status, string why)
    {
        context.Response.Clear();
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return HttpMethods.IsHead(context.Request.Method)
            ? Task.CompletedTask
            : context.Response.WriteAsync($"{status} {ReasonPhrases.GetReasonPhrase(status)}: {why}\n", context.RequestAborted);
    }
}
