using System.Net;
using System.Net.Sockets;

namespace KubeAspire.ContainerRuntime.Docker;

/// <summary>A connection that the Engine turned over to raw bytes. Each direction ends on its own.</summary>
internal sealed class DockerConnection(string path) : IAsyncDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private HttpMessageInvoker? _http;
    private HttpResponseMessage? _response;
    private Stream? _stream;
    private int _inputClosed;

    /// <summary>Bytes of the process, and to it.</summary>
    public Stream Stream => _stream ?? throw new InvalidOperationException("the connection is not open");

    /// <summary>Asks for the upgrade. Null when the connection is open; otherwise the Engine's answer.</summary>
    public async Task<(HttpStatusCode Code, string Body)?> OpenAsync(string target, HttpContent? body, CancellationToken cancellationToken)
    {
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectCallback = async (_, token) =>
            {
                await _socket.ConnectAsync(new UnixDomainSocketEndPoint(path), token);
                return new NetworkStream(_socket, ownsSocket: true);
            },
            UseProxy = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
        });
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://docker" + target) { Content = body };
        request.Headers.Connection.Add("Upgrade");
        request.Headers.Upgrade.Add(new("tcp"));
        _response = await _http.SendAsync(request, cancellationToken);
        if (_response.StatusCode == HttpStatusCode.SwitchingProtocols)
        {
            _stream = await _response.Content.ReadAsStreamAsync(cancellationToken);
            return null;
        }

        return (_response.StatusCode, await _response.Content.ReadAsStringAsync(cancellationToken));
    }

    /// <summary>Says that nothing more will be written.</summary>
    public void CloseInput()
    {
        if (Interlocked.Exchange(ref _inputClosed, 1) != 0)
        {
            return;
        }

        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The other side was first.
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_stream is not null)
        {
            await _stream.DisposeAsync();
        }

        _response?.Dispose();
        _http?.Dispose();
        _socket.Dispose();
    }
}
