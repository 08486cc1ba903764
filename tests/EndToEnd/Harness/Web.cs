using System.Net;
using System.Net.Sockets;

namespace KubeAspire.EndToEnd.Harness;

/// <summary>What a browser would be told.</summary>
public static class Web
{
    /// <summary>A TCP connection.</summary>
    public static async ValueTask<Stream> ConnectAsync(IPAddress address, int port, CancellationToken cancelled)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(address, port, cancelled);
        return new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>Asks over a connection of its own. Status 0: there was no answer, and the text says why.</summary>
    public static async Task<(int Status, string Text)> AskAsync(Uri url, string? host = null)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.Host = host;
        try
        {
            using var answer = await client.SendAsync(request);
            return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }
        // A connection that is reset while HttpClient still looks at it comes out as the socket's own error.
        catch (Exception error) when (error is HttpRequestException or SocketException)
        {
            return (0, error.Message);
        }
    }
}
