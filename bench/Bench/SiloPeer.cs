using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;

namespace KubeAspire.Bench;

/// <summary>The silo alone, and a client of its API with the administrator's certificate.</summary>
internal sealed class SiloPeer : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly string _folder;

    private SiloPeer(ChildProcess process, HttpClient client, string folder) => (_process, Client, _folder) = (process, client, folder);

    public HttpClient Client { get; }

    public static async Task<SiloPeer> StartAsync(string folder)
    {
        var port = ChildProcess.FreePort();
        var configuration = Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/'));
        var kubeconfig = Path.Combine(folder, "kubeconfig");
        var process = ChildProcess.Start(Path.Combine(Report.Root, "artifacts/bin/Silo", configuration, "KubeAspire.Silo"), [], new Dictionary<string, string>
        {
            ["Silo__DataDirectory"] = Path.Combine(folder, "silo"),
            ["Silo__Port"] = port.ToString(CultureInfo.InvariantCulture),
            ["Silo__KubeconfigPath"] = kubeconfig,
            ["Silo__CredentialsDirectory"] = Path.Combine(folder, "credentials"),
            ["Logging__LogLevel__Default"] = "Warning",
        });
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                var client = ClientOf(kubeconfig, port);
                using var answer = await client.GetAsync(new Uri("/api/v1/namespaces/default", UriKind.Relative));
                answer.EnsureSuccessStatusCode();
                return new SiloPeer(process, client, folder);
            }
            catch (Exception error) when (error is HttpRequestException or IOException && attempt < 400)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(25), TimeProvider.System, CancellationToken.None);
            }
        }
    }

    public static HttpClient ClientOf(string kubeconfig, int port)
    {
        var text = File.ReadAllText(kubeconfig);
        var certificate = X509Certificate2.CreateFromPem(Data(text, "client-certificate-data"), Data(text, "client-key-data"));
        var handler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true };
        // Loopback, our own process: what is measured is the API, not the check of a chain.
#pragma warning disable CA5359
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        handler.SslOptions.ClientCertificates = [certificate];
        return new HttpClient(handler)
        {
            BaseAddress = new Uri($"https://127.0.0.1:{port}"),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    public async Task CreateAsync(string path, byte[] json)
    {
        using var content = new ByteArrayContent(json);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var answer = await Client.PostAsync(new Uri(path, UriKind.Relative), content);
        await answer.Content.ReadAsByteArrayAsync();
        answer.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Data(string text, string field) =>
        Encoding.ASCII.GetString(Convert.FromBase64String(Regex.Match(text, $"{field}: *\"?([A-Za-z0-9+/=]+)").Groups[1].Value));
}
