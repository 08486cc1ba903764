using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace KubeAspire.ApiServer.Streaming.Proxying;

/// <summary>An answer of a node's agent, passed on.</summary>
internal static class NodeAnswer
{
    /// <summary>Piece in which a body is handed on. 32 KiB.</summary>
    private const int CopyBytes = 32 << 10;

    public static async Task WriteAsync(HttpContext http, HttpClient node, string target)
    {
        HttpResponseMessage response;
        try
        {
            response = await node.GetAsync(target, HttpCompletionOption.ResponseHeadersRead, http.RequestAborted);
        }
        catch (HttpRequestException broken)
        {
            await AnswerWriter.WriteErrorAsync(http, ApiErrors.ServiceUnavailable($"error trying to reach service: {broken.Message}"));
            return;
        }

        using (response)
        {
            http.Features.Get<IHttpMinResponseDataRateFeature>()?.MinDataRate = null;
            http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            http.Response.StatusCode = (int)response.StatusCode;
            http.Response.ContentType = response.Content.Headers.ContentType?.ToString() ?? "text/plain";
            if (http.Request.Method == "HEAD")
            {
                return;
            }

            try
            {
                await http.Response.StartAsync(http.RequestAborted);
                await using var body = await response.Content.ReadAsStreamAsync(http.RequestAborted);
                var buffer = new byte[CopyBytes];
                while (await body.ReadAsync(buffer, http.RequestAborted) is > 0 and var read)
                {
                    await http.Response.Body.WriteAsync(buffer.AsMemory(0, read), http.RequestAborted);
                    await http.Response.Body.FlushAsync(http.RequestAborted);
                }
            }
            catch (Exception ended) when (ended is OperationCanceledException or IOException or HttpRequestException)
            {
                http.Abort();
            }
        }
    }
}
