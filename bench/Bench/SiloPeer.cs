using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace KubeAspire.Bench;

/// <summary>The silo alone, and clients of its API: the administrator, and a user whose every request is judged by the rules of RBAC.</summary>
internal sealed class SiloPeer : IAsyncDisposable
{
    /// <summary>In an environment for <see cref="StartAsync"/>, another build's program.</summary>
    public const string ProgramVariable = "BENCH_SILO";

    private const string User = "bench";

    // 25 ms each: 10 s.
    private const int Attempts = 400;

    // Loopback, our own process: what is measured is the API, not the check of a chain.
#pragma warning disable CA5359
    private static readonly RemoteCertificateValidationCallback s_anyCertificate = (_, _, _, _) => true;
#pragma warning restore CA5359

    private readonly ChildProcess _process;
    private readonly string _folder;
    private readonly int _port;

    private readonly X509Certificate2 _user;

    private SiloPeer(ChildProcess process, int port, string folder, X509Certificate2 user) => (_process, _port, _folder, _user) = (process, port, folder, user);

    public int ProcessId => _process.Id;

    public static async Task<SiloPeer> StartAsync(string folder, IReadOnlyDictionary<string, string>? environment = null)
    {
        var port = ChildProcess.FreePort();
        var configuration = Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/'));
        var program = environment?.GetValueOrDefault(ProgramVariable) ?? Path.Combine(Report.Root, "artifacts/bin/Silo", configuration, "KubeAspire.Silo");
        var process = ChildProcess.Start(program, [], new Dictionary<string, string>(environment ?? new Dictionary<string, string>())
        {
            ["Silo__DataDirectory"] = Path.Combine(folder, "silo"),
            ["Silo__Port"] = port.ToString(CultureInfo.InvariantCulture),
            ["Silo__KubeconfigPath"] = KubeconfigOf(folder),
            ["Logging__LogLevel__Default"] = "Warning",
        });
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var client = ClientOf(KubeconfigOf(folder), port);
                using var answer = await client.GetAsync(new Uri("/api/v1/namespaces/default", UriKind.Relative));
                answer.EnsureSuccessStatusCode();
                await AllowAsync(client);
                return new SiloPeer(process, port, folder, await CertificateAsync(client));
            }
            catch (Exception error) when (error is HttpRequestException or IOException && attempt < Attempts)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(25), TimeProvider.System, CancellationToken.None);
            }
        }
    }

    /// <summary>A client with all comforts, for what is not measured.</summary>
    public static HttpClient ClientOf(string kubeconfig, int port)
    {
        var handler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true };
        handler.SslOptions.RemoteCertificateValidationCallback = s_anyCertificate;
        handler.SslOptions.ClientCertificates = [CertificateOf(kubeconfig)];
        return new HttpClient(handler)
        {
            BaseAddress = new Uri($"https://127.0.0.1:{port}"),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    /// <summary>As <see cref="ClientOf"/>, the administrator's.</summary>
    public HttpClient Client() => ClientOf(KubeconfigOf(_folder), _port);

    /// <summary>A TLS connection of the user.</summary>
    public Stream Connect() => Connect(_port, _user);

    /// <summary>A TLS connection that speaks HTTP/2.</summary>
    public static Stream Connect(int port, X509Certificate2? certificate)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(new IPEndPoint(IPAddress.Loopback, port));
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        stream.AuthenticateAsClient(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            ApplicationProtocols = [SslApplicationProtocol.Http2],
            RemoteCertificateValidationCallback = s_anyCertificate,
            ClientCertificates = certificate is null ? null : [certificate],
        });
        return stream;
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _user.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // The user's certificate, asked for and signed as any user's: no node, whose writes pass more checks than a user's.
    private static async Task<X509Certificate2> CertificateAsync(HttpClient client)
    {
        const string Requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var wanted = new CertificateRequest($"CN={User}", key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
        var request = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = User },
            ["spec"] = new JsonObject
            {
                ["request"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(wanted)), ["signerName"] = "kubernetes.io/kube-apiserver-client", ["usages"] = new JsonArray("client auth"),
            },
        };
        using var made = await client.PostAsJsonAsync(Requests, request);
        made.EnsureSuccessStatusCode();
        var approved = (await made.Content.ReadFromJsonAsync<JsonObject>())!;
        approved["status"] = new JsonObject { ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Approved", ["status"] = "True", ["reason"] = "Benchmark" }) };
        using var answer = await client.PutAsJsonAsync($"{Requests}/{User}/approval", approved);
        answer.EnsureSuccessStatusCode();
        for (var attempt = 0; ; attempt++)
        {
            var signed = await client.GetFromJsonAsync<JsonObject>($"{Requests}/{User}");
            if (signed?["status"]?["certificate"]?.ToString() is { } certificate)
            {
                return X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(Convert.FromBase64String(certificate)), key.ExportPkcs8PrivateKeyPem());
            }

            if (attempt == Attempts)
            {
                throw new InvalidOperationException($"no certificate was signed: {signed}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(25), TimeProvider.System, CancellationToken.None);
        }
    }

    // The user may do what the role "edit" gathers, in the whole cluster.
    private static async Task AllowAsync(HttpClient client)
    {
        using var binding = new StringContent(
            $$$"""
            {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"{{{User}}}"},
             "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"edit"},
             "subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"{{{User}}}"}]}
            """,
            Encoding.UTF8,
            "application/json");
        using var answer = await client.PostAsync(new Uri("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", UriKind.Relative), binding);
        answer.EnsureSuccessStatusCode();
    }

    private static string KubeconfigOf(string folder) => Path.Combine(folder, "kubeconfig");

    private static X509Certificate2 CertificateOf(string kubeconfig)
    {
        var text = File.ReadAllText(kubeconfig);
        return X509Certificate2.CreateFromPem(Data(text, "client-certificate-data"), Data(text, "client-key-data"));
    }

    private static string Data(string text, string field) =>
        Encoding.ASCII.GetString(Convert.FromBase64String(Regex.Match(text, $"{field}: *\"?([A-Za-z0-9+/=]+)").Groups[1].Value));
}
