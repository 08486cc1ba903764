using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources;

namespace KubeAspire.Client.Rest;

/// <summary>The API over HTTP: HTTP/2 where the server speaks it, JSON, refusals as values.</summary>
/// <remarks>
/// Retried: any request the server refused to begin (429, or 503 with Retry-After), and reads whose connection failed; each a bounded
/// number of times. A write whose answer was lost is not repeated: whoever asked for it reads the world again.
/// Where there are several servers, a request that one of them cannot have got is brought to the next at once, and so is a read that one
/// of them did not answer; a watch that breaks goes on at the next when it is asked for again.
/// The current trace travels along (traceparent), as HttpClient does by itself.
/// </remarks>
public sealed class RestApiClient : IApiClient, IDisposable
{
    /// <summary>Objects a page of a list. 500, kubectl's and client-go's chunk.</summary>
    public const int PageSize = 500;

    /// <summary>Pages of one list: 50 million objects, more than a cluster holds; an endless chain of continue tokens ends here.</summary>
    public const int PagesMax = 100_000;

    /// <summary>Attempts of one request. 5.</summary>
    public const int AttemptsMax = 5;

    /// <summary>Longest time for one answer that is not a watch. 60 s, upstream's server side limit.</summary>
    public static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Longest Retry-After that is waited for; a longer one is the caller's to know. 30 s.</summary>
    public static readonly TimeSpan RetryAfterMax = TimeSpan.FromSeconds(30);

    /// <summary>Largest answer that is not a watch. 256 MiB.</summary>
    public const long AnswerBytesMax = 256L << 20;

    /// <summary>How long a token file's content is used before it is read again. 60 s, client-go's.</summary>
    public static readonly TimeSpan TokenFileMaxAge = TimeSpan.FromSeconds(60);

    private static readonly MediaTypeHeaderValue s_json = new("application/json");
    private readonly HttpClient _http;
    private readonly ApiServerSet _servers;
    private readonly Kubeconfig _config;
    private readonly TimeProvider _clock;
    private readonly Lock _tokenGate = new();
    private string? _token;
    private long _tokenReadAt;

    /// <summary>A client of the server that a kubeconfig names.</summary>
    /// <param name="config">Server and credentials.</param>
    /// <param name="component">Who asks, such as <c>node-agent</c>; part of the user agent.</param>
    /// <param name="clock">The clock of waits.</param>
    public RestApiClient(Kubeconfig config, string component, TimeProvider clock)
        : this(config, component, clock, KubeconfigTls.CreateHandler(config))
    {
    }

    /// <summary>A client of several servers of one cluster: when one cannot be asked, another is.</summary>
    /// <param name="config">Credentials, and how the servers are known.</param>
    /// <param name="component">Who asks, such as <c>node-agent</c>; part of the user agent.</param>
    /// <param name="clock">The clock of waits.</param>
    /// <param name="servers">The servers; they may become others meanwhile.</param>
    public RestApiClient(Kubeconfig config, string component, TimeProvider clock, ApiServerSet servers)
        : this(config, component, clock, KubeconfigTls.CreateHandler(config, several: servers.All.Count > 1), servers)
    {
    }

    /// <summary>A client over a handler of the caller's.</summary>
    public RestApiClient(Kubeconfig config, string component, TimeProvider clock, HttpMessageHandler handler, ApiServerSet? servers = null)
    {
        _config = config;
        _clock = clock;
        _servers = servers ?? new ApiServerSet(config.Server);
        _http = new HttpClient(handler)
        {
            Timeout = Timeout.InfiniteTimeSpan, // Per request: a watch has no end.
            MaxResponseContentBufferSize = AnswerBytesMax,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd($"kubeaspire-{component}/0.1.0");
    }

    /// <inheritdoc/>
    public async Task<ApiResult<T>> GetAsync<T>(ResourceType type, string? ns, string name, CancellationToken cancellationToken)
        where T : class, IKubernetesObject =>
        Decode<T>(await SendAsync(HttpMethod.Get, type.PathOf(ns, name), null, AcceptOf<T>(list: false), cancellationToken));

    /// <inheritdoc/>
    public async Task<ApiResult<ObjectList<T>>> ListAsync<T>(ResourceType type, string? ns, ListQuery query, CancellationToken cancellationToken)
        where T : class, IKubernetesObject
    {
        var items = new List<T>();
        var path = type.PathOf(ns);
        string? next = null;
        for (var page = 0; page < PagesMax; page++)
        {
            var answer = await SendAsync(HttpMethod.Get, path + RestQuery.OfList(query, PageSize, next), null, AcceptOf<T>(list: true), cancellationToken);
            if (answer.Error is { } error)
            {
                if (error.Code != 410 || next is null)
                {
                    return error;
                }

                // The token outlived its revision: begin again, whole, rather than show two revisions in one list.
                items.Clear();
                answer = await SendAsync(HttpMethod.Get, path + RestQuery.OfList(query, null, null), null, AcceptOf<T>(list: true), cancellationToken);
                if (answer.Error is { } again)
                {
                    return again;
                }
            }

            var (revision, token) = Page(answer.Body!, items);
            if (token is null)
            {
                return new ObjectList<T>(items, revision);
            }

            next = token;
        }

        return new ApiError(ApiErrorReason.InternalError, $"listing {type.GroupResource} took more than {PagesMax} pages");
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(
        ResourceType type, string? ns, ListQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class, IKubernetesObject
    {
        var (response, server) = await HeadersAsync(type.PathOf(ns) + RestQuery.OfWatch(query), AcceptOf<T>(list: false), cancellationToken);
        using var answered = response;
        if (!response.IsSuccessStatusCode)
        {
            var body = await ReadAsync(response, cancellationToken);
            yield return new WatchEvent<T>(WatchEventType.Error, null, RestErrors.From((int)response.StatusCode, body, RetryAfterOf(response)));
            yield break;
        }

        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        await using var changes = WatchLines.ReadAsync<T>(stream, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await MovesAsync(changes, server))
        {
            var change = changes.Current;
            yield return change;
            if (change.Type == WatchEventType.Error)
            {
                yield break;
            }
        }
    }

    /// <inheritdoc/>
    public async Task<ApiResult<T>> CreateAsync<T>(ResourceType type, T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject => Decode<T>(
            await SendAsync(HttpMethod.Post, type.PathOf(value.Metadata.Namespace), new Body(RestBodies.Write(type, value), s_json), AcceptOf<T>(list: false), cancellationToken));

    /// <inheritdoc/>
    public async Task<ApiResult<TAnswer>> CreateSubresourceAsync<TBody, TAnswer>(
        ResourceType type, string? ns, string name, string subresource, TBody body, CancellationToken cancellationToken)
        where TBody : class
        where TAnswer : class => Decode<TAnswer>(
            await SendAsync(HttpMethod.Post, type.PathOf(ns, name, subresource), new Body(KubernetesJson.Write(body), s_json), "application/json", cancellationToken));

    /// <inheritdoc/>
    public async Task<ApiResult<T>> UpdateAsync<T>(ResourceType type, T value, string? subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject
    {
        var path = type.PathOf(value.Metadata.Namespace, value.Metadata.Name ?? "", subresource);
        return Decode<T>(await SendAsync(HttpMethod.Put, path, new Body(RestBodies.Write(type, value), s_json), AcceptOf<T>(list: false), cancellationToken));
    }

    /// <inheritdoc/>
    public async Task<ApiResult<T>> PatchAsync<T>(ResourceType type, string? ns, string name, ApiPatch patch, string? subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject
    {
        var path = type.PathOf(ns, name, subresource) + RestQuery.OfPatch(patch);
        return Decode<T>(await SendAsync(HttpMethod.Patch, path, new Body(patch.Body, RestQuery.MediaTypeOf(patch.Kind)), AcceptOf<T>(list: false), cancellationToken));
    }

    /// <inheritdoc/>
    public async Task<ApiError?> DeleteAsync(ResourceType type, string? ns, string name, DeleteOptions options, CancellationToken cancellationToken) =>
        (await SendAsync(HttpMethod.Delete, type.PathOf(ns, name), DeleteBody(options), "application/json", cancellationToken)).Error;

    /// <inheritdoc/>
    public async Task<ApiError?> DeleteCollectionAsync(ResourceType type, string? ns, ListQuery query, DeleteOptions options, CancellationToken cancellationToken) =>
        (await SendAsync(HttpMethod.Delete, type.PathOf(ns) + RestQuery.OfList(query, null, null), DeleteBody(options), "application/json", cancellationToken)).Error;

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static Body DeleteBody(DeleteOptions options) =>
        new(KubernetesJson.Write(options with { ApiVersion = options.ApiVersion ?? "v1", Kind = options.Kind ?? "DeleteOptions" }), s_json);

    private static string AcceptOf<T>(bool list) => typeof(T) == typeof(PartialObjectMetadata)
        ? $"application/json;as=PartialObjectMetadata{(list ? "List" : "")};g=meta.k8s.io;v=v1,application/json" : "application/json";

    private static ApiResult<T> Decode<T>((byte[]? Body, ApiError? Error) answer)
        where T : class
    {
        if (answer.Error is { } error)
        {
            return error;
        }

        try
        {
            return KubernetesJson.Read<T>(answer.Body);
        }
        catch (JsonException exception)
        {
            throw new HttpRequestException($"the answer is no {typeof(T).Name}: {exception.Message}", exception);
        }
    }

    private static (string Revision, string? Next) Page<T>(byte[] body, List<T> items)
        where T : class
    {
        try
        {
            return RestBodies.ReadPage(body, items);
        }
        catch (JsonException exception)
        {
            throw new HttpRequestException($"the answer is no list of {typeof(T).Name}: {exception.Message}", exception);
        }
    }

    private static TimeSpan? RetryAfterOf(HttpResponseMessage response) => response.Headers.RetryAfter?.Delta;

    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            return await response.Content.ReadAsByteArrayAsync(cancellationToken);
        }
        catch (IOException exception)
        {
            throw new HttpRequestException($"the answer broke off: {exception.Message}", exception);
        }
    }

    private async Task<(byte[]? Body, ApiError? Error)> SendAsync(
        HttpMethod method, string path, Body? body, string accept, CancellationToken cancellationToken)
    {
        var tried = 1;
        for (var attempt = 1; ; attempt++)
        {
            TimeSpan wait;
            var server = _servers.Current;
            try
            {
                using var request = Request(server, method, path, body, accept);
                using var limit = new CancellationTokenSource(AnswerTimeout, _clock);
                using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
                try
                {
                    using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, both.Token);
                    var bytes = await ReadAsync(response, both.Token);
                    if (response.IsSuccessStatusCode)
                    {
                        return (bytes, null);
                    }

                    var asked = RetryAfterOf(response);
                    if (!IsRefusedUnbegun(response, asked) || attempt == AttemptsMax || asked > RetryAfterMax)
                    {
                        return (null, RestErrors.From((int)response.StatusCode, bytes, asked));
                    }

                    wait = asked ?? TimeSpan.FromSeconds(1);
                }
                catch (OperationCanceledException exception) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
                {
                    throw new HttpRequestException($"no answer to {method} {path} within {AnswerTimeout.TotalSeconds} s", exception);
                }
            }
            catch (HttpRequestException failure) when (IsAnothers(server, method, failure, ref tried))
            {
                attempt--;
                continue;
            }
            catch (HttpRequestException) when (method == HttpMethod.Get && attempt < AttemptsMax)
            {
                tried = 1;
                wait = TimeSpan.FromMilliseconds(100 * (1 << attempt)); // 200 ms, 400 ms, 800 ms, 1.6 s.
            }

            await Task.Delay(wait, _clock, cancellationToken);
        }
    }

    private async Task<(HttpResponseMessage Response, Uri Server)> HeadersAsync(string path, string accept, CancellationToken cancellationToken)
    {
        var tried = 1;
        while (true)
        {
            var server = _servers.Current;
            using var request = Request(server, HttpMethod.Get, path, null, accept);
            using var limit = new CancellationTokenSource(AnswerTimeout, _clock);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
            try
            {
                return (await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token), server);
            }
            catch (HttpRequestException failure) when (IsAnothers(server, HttpMethod.Get, failure, ref tried))
            {
            }
            catch (OperationCanceledException exception) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                _servers.Failed(server);
                throw new HttpRequestException($"no answer to {request.RequestUri} within {AnswerTimeout.TotalSeconds} s", exception);
            }
        }
    }

    // A watch that breaks is gone on with elsewhere, by whoever asked for it; one that the server ends is no failure.
    private async ValueTask<bool> MovesAsync<T>(IAsyncEnumerator<WatchEvent<T>> changes, Uri server)
        where T : class, IKubernetesObject
    {
        try
        {
            return await changes.MoveNextAsync();
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException)
        {
            _servers.Failed(server);
            throw;
        }
    }

    /// <summary>Moves on from a server that failed, and says whether the request may be brought to the next at once: each is tried once, then the caller waits.</summary>
    private bool IsAnothers(Uri server, HttpMethod method, HttpRequestException failure, ref int tried)
    {
        _servers.Failed(server);
        return (method == HttpMethod.Get || NeverArrived(failure)) && tried++ < _servers.All.Count;
    }

    // There was no connection to send it on. Whatever goes wrong on a connection leaves open what the server got.
    private static bool NeverArrived(HttpRequestException failure) =>
        failure.HttpRequestError is HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError;

    // 429 always says that nothing was done; 503 only where the server asks to come back.
    private static bool IsRefusedUnbegun(HttpResponseMessage response, TimeSpan? retryAfter) =>
        response.StatusCode == HttpStatusCode.TooManyRequests || (response.StatusCode == HttpStatusCode.ServiceUnavailable && retryAfter is not null);

    private HttpRequestMessage Request(Uri server, HttpMethod method, string path, Body? body, string accept)
    {
        var request = new HttpRequestMessage(method, server.AbsoluteUri.TrimEnd('/') + path)
        {
            Version = _http.DefaultRequestVersion,
            VersionPolicy = _http.DefaultVersionPolicy,
        };
        request.Headers.TryAddWithoutValidation("Accept", accept);
        if (Token() is { } token)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (body is not null)
        {
            request.Content = new ReadOnlyMemoryContent(body.Bytes);
            request.Content.Headers.ContentType = body.MediaType;
        }

        return request;
    }

    private string? Token()
    {
        if (_config.TokenFile is not { } file)
        {
            return _config.Token;
        }

        lock (_tokenGate)
        {
            if (_token is null || _clock.GetElapsedTime(_tokenReadAt) > TokenFileMaxAge)
            {
                _token = File.ReadAllText(file, Encoding.ASCII).Trim();
                _tokenReadAt = _clock.GetTimestamp();
            }

            return _token;
        }
    }

    private sealed record Body(ReadOnlyMemory<byte> Bytes, MediaTypeHeaderValue MediaType);
}
