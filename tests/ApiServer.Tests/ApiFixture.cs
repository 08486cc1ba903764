using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.Client;
using KubeAspire.Resources;
using KubeAspire.StateStore;
using KubeAspire.Testing.StorageContract;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.ApiServer.Tests;

/// <summary>A whole API server over a store in a temporary folder; requests enter where the socket would bring them.</summary>
public sealed class ApiFixture : IAsyncLifetime, IApiOverEngine
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kubeaspire-apiserver-").FullName;
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly Dictionary<string, X509Certificate2> _certificates = [];
    private readonly CancellationTokenSource _stop = new();
    private Task _following = Task.CompletedTask;

    /// <summary>Where the server logs to.</summary>
    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;

    public IStateEngine Engine { get; private set; } = null!;

    public KubeApiServer Server { get; private set; } = null!;

    public IApiClient Admin => Server.ClientFor(ApiUser.Named("admin", ApiUser.MastersGroup));

    public async ValueTask InitializeAsync()
    {
        var clock = TimeProvider.System;
        Engine = await EmbeddedStateEngine.OpenAsync(new StateStoreOptions { Directory = _folder }, NullLoggerFactory.Instance, clock, CancellationToken.None);
        var options = new ApiServerOptions { Kinds = BuiltInKinds.All, AdvertiseAddress = "127.0.0.1", Port = 6443, Seed = 1, BackupFiles = () => [new("pki/ca.key", new byte[] { 1 })] };
        Server = new KubeApiServer(options, Engine, _key, clock, Loggers);
        _following = await Server.StartAsync(_stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _following;
        Server.Dispose();
        await Engine.DisposeAsync();
        _key.Dispose();
        _stop.Dispose();
        foreach (var certificate in _certificates.Values)
        {
            certificate.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Sends a request as a user; null for one without credentials, the administrator by default.</summary>
    public async Task<ApiResponse> SendAsync(
        string method, string target, string? body = null, string contentType = "application/json", string accept = "", string? user = "admin", byte[]? bytes = null, string? bearer = null,
        (string Name, string Value)[]? headers = null)
    {
        var http = new DefaultHttpContext();
        var parts = target.Split('?', 2);
        http.Request.Method = method;
        http.Request.Path = parts[0];
        http.Request.QueryString = new QueryString(parts.Length > 1 ? "?" + parts[1] : "");
        http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = target;
        http.Request.Body = new MemoryStream(bytes ?? Encoding.UTF8.GetBytes(body ?? ""));
        http.Request.ContentType = body is null && bytes is null ? null : contentType;
        http.Request.Headers.Accept = accept;
        http.Request.Headers.UserAgent = "test/1.0";
        foreach (var (name, value) in headers ?? [])
        {
            http.Request.Headers.Append(name, value);
        }

        if (bearer is not null)
        {
            http.Request.Headers.Authorization = "Bearer " + bearer;
        }
        else if (user is not null)
        {
            http.Connection.ClientCertificate = CertificateOf(user);
        }

        using var answer = new MemoryStream();
        http.Response.Body = answer;
        await Server.Frontend.HandleAsync(http);
        await http.Response.BodyWriter.FlushAsync();
        return new ApiResponse(http.Response.StatusCode, Encoding.UTF8.GetString(answer.ToArray()), http.Response.Headers) { Bytes = answer.ToArray() };
    }

    /// <inheritdoc/>
    public async Task<(int Code, JsonObject Body)> CallAsync(string method, string target, string? body = null)
    {
        var answer = await SendAsync(method, target, body, method == "PATCH" ? "application/merge-patch+json" : "application/json");
        return (answer.Code, answer.Json);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<JsonObject> WatchAsync(string target, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pipe = new Pipe();
        var http = new DefaultHttpContext { RequestAborted = gone.Token };
        var parts = target.Split('?', 2);
        http.Request.Method = "GET";
        http.Request.Path = parts[0];
        http.Request.QueryString = new QueryString("?" + parts[1]);
        http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = target;
        http.Request.Body = Stream.Null;
        http.Connection.ClientCertificate = CertificateOf("admin");
        http.Response.Body = pipe.Writer.AsStream(leaveOpen: true);
        var serving = ServeAsync();
        using var lines = new StreamReader(pipe.Reader.AsStream());
        try
        {
            while (await lines.ReadLineAsync(cancellationToken) is { } line)
            {
                if (line.Length > 0)
                {
                    yield return (JsonObject)JsonNode.Parse(line)!;
                }
            }
        }
        finally
        {
            await gone.CancelAsync();
            await serving;
        }

        async Task ServeAsync()
        {
            try
            {
                await Server.Frontend.HandleAsync(http);
                await http.Response.BodyWriter.FlushAsync(gone.Token);
            }
            catch (OperationCanceledException) when (gone.IsCancellationRequested)
            {
                // The client has left.
            }
            finally
            {
                await pipe.Writer.CompleteAsync();
            }
        }
    }

    /// <summary>Makes a namespace of its own for a test, with the account that pods need.</summary>
    public async Task<string> NamespaceAsync()
    {
        var ns = "t-" + Guid.NewGuid().ToString("N")[..12];
        Assert.Equal(201, (await SendAsync("POST", "/api/v1/namespaces", $$$"""{"metadata":{"name":"{{{ns}}}"}}""")).Code);
        Assert.Equal(201, (await SendAsync("POST", $"/api/v1/namespaces/{ns}/serviceaccounts", """{"metadata":{"name":"default"}}""")).Code);
        return ns;
    }

    private X509Certificate2 CertificateOf(string user)
    {
        lock (_certificates)
        {
            if (!_certificates.TryGetValue(user, out var certificate))
            {
                using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
                var name = new X500DistinguishedNameBuilder();
                if (user == "admin")
                {
                    name.AddOrganizationName(ApiUser.MastersGroup);
                }

                if (user.StartsWith(ApiUser.NodePrefix, StringComparison.Ordinal))
                {
                    name.AddOrganizationName(ApiUser.NodesGroup);
                }

                name.AddCommonName(user);
                var request = new CertificateRequest(name.Build(), key, HashAlgorithmName.SHA256);
                var from = new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
                _certificates[user] = certificate = request.CreateSelfSigned(from, from.AddYears(30));
            }

            return certificate;
        }
    }
}

/// <summary>What came back.</summary>
public sealed record ApiResponse(int Code, string Text, IHeaderDictionary Headers)
{
    public byte[] Bytes { get; init; } = [];

    public JsonObject Json => JsonNode.Parse(Text) as JsonObject ?? throw new InvalidOperationException(Text);

    public string Reason => Json["reason"]?.ToString() ?? "";

    public string Message => Json["message"]?.ToString() ?? "";

    public string At(string path) => path.Split('.').Aggregate((JsonNode?)Json, (node, part) => int.TryParse(part, out var index) ? (node as JsonArray)?[index] : (node as JsonObject)?[part])?.ToString() ?? "";
}
