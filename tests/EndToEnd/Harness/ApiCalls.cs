using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace KubeAspire.EndToEnd.Harness;

/// <summary>What the API answered.</summary>
public sealed record ApiAnswer(int Status, JsonElement Body);

/// <summary>Calls of the API as the administrator, by hand.</summary>
public static class ApiCalls
{
    /// <summary>Sends a request, over HTTP/2; the answer is JSON.</summary>
    public static async Task<ApiAnswer> SendAsync(this Cluster cluster, string method, string path, string? type = null, string? body = null, string accept = "application/json")
    {
        ArgumentNullException.ThrowIfNull(cluster);
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative)) { Version = HttpVersion.Version20 };
        request.Headers.TryAddWithoutValidation("Accept", accept);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(type!);
        }

        using var answer = await cluster.Admin.SendAsync(request);
        return new ApiAnswer((int)answer.StatusCode, JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement);
    }

    public static string NameOf(JsonElement item) => item.GetProperty("metadata").GetProperty("name").GetString()!;

    public static string RevisionOf(JsonElement item) => item.GetProperty("metadata").GetProperty("resourceVersion").GetString()!;

    public static string ConfigMap(string name, params (string Key, string Value)[] data) => JsonSerializer.Serialize(new
    {
        apiVersion = "v1",
        kind = "ConfigMap",
        metadata = new { name },
        data = data.ToDictionary(pair => pair.Key, pair => pair.Value),
    });
}
