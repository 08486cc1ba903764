using System.Net.Security;

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

    /// <summary>Whether the URL answers 2xx.</summary>
    public static async Task<bool> AnswersAsync(Uri url, CancellationToken cancellationToken)
    {
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
}
