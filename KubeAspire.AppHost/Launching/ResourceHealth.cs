using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using KubeAspire.AppHost.Graph;

namespace KubeAspire.AppHost.Launching;

/// <summary>Asks a resource's health URL, for whoever runs it.</summary>
internal static class ResourceHealth
{
    /// <summary>Longest one health request may take. 2 s.</summary>
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(2);

    // Loopback only, and nothing is sent or believed beyond "it answers": the certificate is not what is asked about here.
#pragma warning disable CA5359
    private static readonly HttpClient s_client = new(new SocketsHttpHandler
    {
        SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true },
    })
    {
        Timeout = s_timeout,
    };
#pragma warning restore CA5359

    /// <summary>Whether the resource can do its work.</summary>
    public static async Task<bool> AnswersAsync(GraphResource resource, CancellationToken cancellationToken)
    {
        var url = resource.Health;
        if (url.Scheme == "redis")
        {
            return await AnswersPingAsync(url, resource.Password, cancellationToken);
        }

        try
        {
            using var answer = await s_client.GetAsync(url, cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    // Loading its file, or being a stranger's, it answers otherwise.
    private static async Task<bool> AnswersPingAsync(Uri url, string? password, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_timeout);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(url.Host, url.Port, limit.Token);
            var stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"AUTH {password}\r\nPING\r\n"), limit.Token);
            using var lines = new StreamReader(stream, Encoding.ASCII);
            return await lines.ReadLineAsync(limit.Token) == "+OK" && await lines.ReadLineAsync(limit.Token) == "+PONG";
        }
        catch (Exception error) when (error is SocketException or IOException or OperationCanceledException)
        {
            return false;
        }
    }
}
