using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using KubeAspire.Client.Rest;
using KubeAspire.Conformance.Harness;
using KubeAspire.Silo.Hosting;

[assembly: AssemblyFixture(typeof(ControlPlane))]

namespace KubeAspire.Conformance.Harness;

/// <summary>A control plane on a free port of this machine, with nodes that are acted: what answers is the API, reached over TLS like any other client reaches it.</summary>
public sealed class ControlPlane : IAsyncLifetime
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);
    private readonly string[] _settings;
    private SiloHost? _silo;
    private HttpClient? _http;
    private ActedNodes? _nodes;

    /// <summary>The one that the tests share.</summary>
    public ControlPlane()
        : this([])
    {
    }

    private ControlPlane(string[] settings) => _settings = settings;

    /// <summary>Where its files are.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("kubeaspire-conformance-").FullName;

    /// <summary>The administrator's kubeconfig.</summary>
    public string Kubeconfig => Path.Combine(Folder, "kubeconfig");

    /// <summary>Where the API answers.</summary>
    public Uri Server => new($"https://127.0.0.1:{_silo!.Port}");

    /// <summary>One of a test's own, with settings of its own.</summary>
    public static async Task<ControlPlane> StartAsync(params string[] settings)
    {
        var api = new ControlPlane(settings);
        await api.InitializeAsync();
        return api;
    }

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        _silo = await SiloHost.StartAsync(
            [
                $"--Silo:DataDirectory={Folder}/data", "--Silo:Port=0", $"--Silo:KubeconfigPath={Kubeconfig}", "--Logging:LogLevel:Default=Error",
                "--Controllers:NodeLifecycle:GracePeriod=01:00:00", "--Controllers:NodeLifecycle:StartupGracePeriod=01:00:00", .. _settings,
            ],
            CancellationToken.None);
        _http = new HttpClient(KubeconfigTls.CreateHandler(KubeconfigLoader.Load(Kubeconfig))) { BaseAddress = Server, DefaultRequestVersion = HttpVersion.Version20, Timeout = Timeout.InfiniteTimeSpan };
        _nodes = new ActedNodes(this);
        await _nodes.StartAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_nodes is not null)
        {
            await _nodes.DisposeAsync();
        }

        _http?.Dispose();
        if (_silo is not null)
        {
            await _silo.DisposeAsync();
        }

        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>Sends a request as the administrator.</summary>
    public async Task<Answer> SendAsync(string method, string path, string? body = null, string? contentType = null, string accept = "application/json", params (string Name, string Value)[] headers)
    {
        using var request = Request(method, path, body, contentType, accept, headers);
        using var response = await _http!.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return new Answer((int)response.StatusCode, text, response.Content.Headers.ContentType?.ToString() ?? "", [.. response.Headers.SelectMany(pair => pair.Value.Select(value => (pair.Key, value)))]);
    }

    /// <summary>Reads, changes and writes back, anew while others write in between; as clients do.</summary>
    /// <param name="path">Path of the object.</param>
    /// <param name="change">Changes what was read.</param>
    /// <param name="subresource">What is written of it: empty for the whole, or with its slash, as <c>/status</c>.</param>
    public async Task<Answer> UpdateAsync(string path, Action<JsonObject> change, string subresource = "")
    {
        const int TriesMax = 20;
        for (var attempt = 1; ; attempt++)
        {
            var value = (await SendAsync("GET", path)).Expect(200).Json;
            change(value);
            var answer = await SendAsync("PUT", path + subresource, value.ToJsonString());
            if (answer.Code != 409 || attempt == TriesMax)
            {
                return answer.Expect(200);
            }
        }
    }

    /// <summary>Creates an object.</summary>
    public async Task<Answer> CreateAsync(string path, string body) => (await SendAsync("POST", path, body)).Expect(201);

    /// <summary>Reads an object or a list.</summary>
    public async Task<Answer> GetAsync(string path) => (await SendAsync("GET", path)).Expect(200);

    /// <summary>Changes an object by merge patch.</summary>
    public async Task<Answer> PatchAsync(string path, string body) => (await SendAsync("PATCH", path, body)).Expect(200);

    /// <summary>Deletes an object or a collection.</summary>
    public async Task<Answer> DeleteAsync(string path, string? options = null) => (await SendAsync("DELETE", path, options)).Expect(200);

    /// <summary>Reads until what was read is as it should be.</summary>
    /// <param name="path">What is read.</param>
    /// <param name="holds">Whether it is so.</param>
    /// <param name="what">What never came, for the failure.</param>
    public async Task<Answer> EventuallyAsync(string path, Func<Answer, bool> holds, string what)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var answer = await SendAsync("GET", path);
            if (holds(answer))
            {
                return answer;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(started) < s_patience, $"never: {what}; {answer.Text[..Math.Min(answer.Text.Length, 4000)]}");
            await Task.Delay(s_pause, TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Reads until it is gone.</summary>
    public Task<Answer> GoneAsync(string path) => EventuallyAsync(path, answer => answer.Code == 404, path + " is gone");

    /// <summary>Opens a watch; the caller disposes it.</summary>
    public async Task<WatchReader> WatchAsync(string path)
    {
        var request = Request("GET", path, null, null, "application/json", []);
        var response = await _http!.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        return new WatchReader(response, await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>A namespace of its own, ready for pods.</summary>
    public async Task<string> NamespaceAsync()
    {
        var name = "c-" + Guid.NewGuid().ToString("N")[..12];
        (await SendAsync("POST", "/api/v1/namespaces", $$$"""{"metadata":{"name":"{{{name}}}"}}""")).Expect(201);
        await using var accounts = await WatchAsync($"/api/v1/namespaces/{name}/serviceaccounts?watch=1&fieldSelector=metadata.name%3Ddefault&resourceVersion=0");
        await accounts.NextAsync("ADDED");
        return name;
    }

    /// <summary>Runs a program with the administrator's kubeconfig.</summary>
    public Task<(int Code, string Output, string Errors)> RunAsync(string program, params string[] arguments) =>
        Programs.RunAsync(program, arguments, Folder, new Dictionary<string, string> { ["KUBECONFIG"] = Kubeconfig, ["HOME"] = Folder });

    /// <summary>Sends a request whose refusal is no matter.</summary>
    internal async Task SendQuietlyAsync(string method, string path, string? body, string? contentType, CancellationToken cancellationToken)
    {
        using var request = Request(method, path, body, contentType, "application/json", []);
        using var response = await _http!.SendAsync(request, cancellationToken);
    }

    /// <summary>Reads an answer line by line, for as long as it goes on.</summary>
    internal async Task<StreamReader> OpenLinesAsync(string path, CancellationToken cancellationToken)
    {
        using var request = Request("GET", path, null, null, "application/json", []);
        var response = await _http!.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        return new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
    }

    private HttpRequestMessage Request(string method, string path, string? body, string? contentType, string accept, (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), new Uri(Server, path)) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower };
        request.Headers.TryAddWithoutValidation("Accept", accept);
        request.Headers.TryAddWithoutValidation("User-Agent", "conformance/1");
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType ?? (method == "PATCH" ? "application/merge-patch+json" : "application/json"));
        }

        return request;
    }
}
