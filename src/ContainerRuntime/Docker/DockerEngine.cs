using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace KubeAspire.ContainerRuntime.Docker;

/// <summary>Speaks HTTP to the Docker Engine over its unix socket, in the newest API version both sides know.</summary>
internal sealed class DockerEngine : IDisposable
{
    /// <summary>Oldest API version spoken: 1.40, Docker 19.03.</summary>
    public static readonly Version OldestApi = new(1, 40);

    /// <summary>Newest API version spoken: 1.47. A newer Engine answers it as that version.</summary>
    public static readonly Version NewestApi = new(1, 47);

    /// <summary>Longest wait for the socket. 10 s.</summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http;
    private readonly string _socket;
    private string? _prefix;

    public DockerEngine(string endpoint)
    {
        _socket = SocketOf(endpoint);
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = ConnectAsync,
            ConnectTimeout = ConnectTimeout,
            // The Engine closes idle connections at its own pace; a short life here avoids writing to one that it just closed.
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
        })
        {
            BaseAddress = new Uri("http://docker"),
            Timeout = System.Threading.Timeout.InfiniteTimeSpan,
        };
    }

    public void Dispose() => _http.Dispose();

    /// <summary>The version agreed on, such as <c>1.41</c>; asks the Engine the first time.</summary>
    public async Task<RuntimeResult<string>> NegotiateAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _prefix) is { } known)
        {
            return known[2..];
        }

        var answer = await CallAsync(HttpMethod.Get, "/version", null, DockerJson.Default.DockerVersion, timeout, cancellationToken, versioned: false);
        if (!answer.Succeeded)
        {
            return answer.Error;
        }

        if (!Version.TryParse(answer.Value.ApiVersion, out var theirs) || theirs < OldestApi)
        {
            return new RuntimeError(RuntimeErrorKind.Invalid, $"the Docker Engine speaks API {answer.Value.ApiVersion}; at least {OldestApi} is needed");
        }

        var agreed = theirs < NewestApi ? theirs : NewestApi;
        Volatile.Write(ref _prefix, $"/v{agreed}");
        return agreed.ToString();
    }

    /// <summary>A request whose answer is JSON.</summary>
    public async Task<RuntimeResult<T>> CallAsync<T>(
        HttpMethod method, string path, HttpContent? body, JsonTypeInfo<T> type, TimeSpan timeout, CancellationToken cancellationToken, bool versioned = true)
        where T : class
    {
        using var limit = Limit(timeout, cancellationToken);
        var sent = await SendAsync(method, path, body, timeout, limit.Token, cancellationToken, versioned);
        if (!sent.Succeeded)
        {
            return sent.Error;
        }

        using var response = sent.Value;
        try
        {
            await using var content = await response.Content.ReadAsStreamAsync(limit.Token);
            var value = await JsonSerializer.DeserializeAsync(content, type, limit.Token);
            return value is null ? new RuntimeError(RuntimeErrorKind.Internal, $"empty answer to {method} {path}") : value;
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            return Describe(exception, method, path, timeout);
        }
    }

    /// <summary>A request whose answer does not matter.</summary>
    public async Task<RuntimeError?> CallAsync(HttpMethod method, string path, HttpContent? body, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = Limit(timeout, cancellationToken);
        var sent = await SendAsync(method, path, body, timeout, limit.Token, cancellationToken);
        sent.Value?.Dispose();
        return sent.Error;
    }

    /// <summary>A request whose answer is a stream; only its beginning is bounded in time.</summary>
    public async Task<RuntimeResult<HttpResponseMessage>> OpenAsync(HttpMethod method, string path, HttpContent? body, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = Limit(timeout, cancellationToken);
        return await SendAsync(method, path, body, timeout, limit.Token, cancellationToken);
    }

    /// <summary>A request after which the connection belongs to the caller: raw bytes both ways.</summary>
    /// <remarks>It has a connection of its own, never one of the pool: half of it can be closed, which the pool's cannot.</remarks>
    public async Task<RuntimeResult<DockerConnection>> HijackAsync(string path, HttpContent? body, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var agreed = await NegotiateAsync(timeout, cancellationToken);
        if (!agreed.Succeeded)
        {
            return agreed.Error;
        }

        using var limit = Limit(timeout, cancellationToken);
        var connection = new DockerConnection(_socket);
        try
        {
            var error = await connection.OpenAsync(_prefix + path, body, limit.Token);
            if (error is null)
            {
                return connection;
            }

            await connection.DisposeAsync();
            return new RuntimeError(KindOf(error.Value.Code), MessageOf(error.Value.Body, error.Value.Code));
        }
        catch (Exception exception)
        {
            await connection.DisposeAsync();
            if (exception is OperationCanceledException && cancellationToken.IsCancellationRequested)
            {
                throw;
            }

            return Describe(exception, HttpMethod.Post, path, timeout);
        }
    }

    /// <summary>A JSON body.</summary>
    public static ByteArrayContent Json<T>(T value, JsonTypeInfo<T> type) =>
        new(JsonSerializer.SerializeToUtf8Bytes(value, type)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };

    private static CancellationTokenSource Limit(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (timeout != System.Threading.Timeout.InfiniteTimeSpan)
        {
            // The Engine lives in real time, whatever clock a test gives to the code above.
            source.CancelAfter(timeout);
        }

        return source;
    }

    private async Task<RuntimeResult<HttpResponseMessage>> SendAsync(
        HttpMethod method, string path, HttpContent? body, TimeSpan timeout, CancellationToken limit, CancellationToken caller, bool versioned = true)
    {
        if (versioned && Volatile.Read(ref _prefix) is null)
        {
            var agreed = await NegotiateAsync(timeout, caller);
            if (!agreed.Succeeded)
            {
                return agreed.Error;
            }
        }

        try
        {
            using var request = new HttpRequestMessage(method, (versioned ? _prefix : "") + path) { Content = body };
            if (body is RegistryContent registry)
            {
                request.Headers.TryAddWithoutValidation("X-Registry-Auth", registry.Credential);
                request.Content = null;
            }

            var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit);
            if (response.StatusCode is >= HttpStatusCode.OK and < HttpStatusCode.BadRequest)
            {
                return response;
            }

            using (response)
            {
                var text = await response.Content.ReadAsStringAsync(limit);
                return new RuntimeError(KindOf(response.StatusCode), MessageOf(text, response.StatusCode));
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !caller.IsCancellationRequested)
        {
            return Describe(exception, method, path, timeout);
        }
    }

    private RuntimeError Describe(Exception exception, HttpMethod method, string path, TimeSpan timeout) => exception switch
    {
        OperationCanceledException => new RuntimeError(RuntimeErrorKind.Timeout, $"the Docker Engine did not answer {method} {path} within {timeout.TotalSeconds:0} s"),
        HttpRequestException { InnerException: SocketException socket } =>
            new RuntimeError(RuntimeErrorKind.Unavailable, $"Cannot connect to the Docker daemon at unix://{_socket}. Is the docker daemon running? ({socket.SocketErrorCode})"),
        HttpRequestException or IOException => new RuntimeError(RuntimeErrorKind.Unavailable, $"the connection to the Docker Engine broke at {method} {path}: {exception.Message}"),
        _ => new RuntimeError(RuntimeErrorKind.Internal, $"{method} {path}: {exception.Message}"),
    };

    private static RuntimeErrorKind KindOf(HttpStatusCode code) => code switch
    {
        HttpStatusCode.BadRequest => RuntimeErrorKind.Invalid,
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => RuntimeErrorKind.Unauthorized,
        HttpStatusCode.NotFound => RuntimeErrorKind.NotFound,
        HttpStatusCode.Conflict => RuntimeErrorKind.Conflict,
        HttpStatusCode.ServiceUnavailable => RuntimeErrorKind.Unavailable,
        _ => RuntimeErrorKind.Internal,
    };

    private static string MessageOf(string body, HttpStatusCode code)
    {
        try
        {
            return JsonSerializer.Deserialize(body, DockerJson.Default.DockerError)?.Message ?? $"the Docker Engine answered {(int)code}";
        }
        catch (JsonException)
        {
            return body.Length == 0 ? $"the Docker Engine answered {(int)code}" : body;
        }
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_socket), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static string SocketOf(string endpoint) =>
        endpoint.StartsWith("unix://", StringComparison.Ordinal)
            ? endpoint["unix://".Length..]
            : throw new ArgumentException($"\"{endpoint}\" is no Docker endpoint: only unix:// is supported", nameof(endpoint));
}

/// <summary>No body, but a credential for the registry in the Engine's own header.</summary>
internal sealed class RegistryContent(string credential) : ByteArrayContent([])
{
    /// <summary>Base64url of the Engine's JSON.</summary>
    public string Credential { get; } = credential;
}
