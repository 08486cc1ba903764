using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace KubeAspire.EndToEnd.Harness;

/// <summary>
/// A cluster of its own: started by the AppHost as a user starts it, on ports, networks and a state folder that do not
/// meet those of a cluster that a developer may have running.
/// </summary>
public sealed class Cluster : IAsyncDisposable
{
    public const string ServiceCidr = "10.112.0.0/12";
    public const string PodCidr = "10.245.0.0/16";
    public const string Network = "kubeaspire-e2e";

    private readonly Dictionary<string, string> _environment;
    private HttpClient? _admin;

    public Cluster(string name, IReadOnlyDictionary<string, string>? environment = null)
    {
        State = Path.Combine(Path.GetTempPath(), $"kubeaspire-e2e-{Environment.ProcessId}-{name}");
        ApiPort = FreePort();
        HttpPort = FreePort();
        HttpsPort = FreePort();
        _environment = new Dictionary<string, string>(environment ?? new Dictionary<string, string>())
        {
            ["KUBEASPIRE_STATE"] = State,
            ["KUBEASPIRE_API_PORT"] = Text(ApiPort),
            ["KUBEASPIRE_HTTP_PORT"] = Text(HttpPort),
            ["KUBEASPIRE_HTTPS_PORT"] = Text(HttpsPort),
            ["KUBEASPIRE_HEALTH_PORT"] = "21260",
            ["KUBEASPIRE_NETWORK"] = Network,
            ["KUBEASPIRE_POD_CIDR"] = PodCidr,
            ["KUBEASPIRE_SERVICE_CIDR"] = ServiceCidr,
        };
    }

    public string State { get; }

    public int ApiPort { get; }

    public int HttpPort { get; }

    public int HttpsPort { get; }

    public string Kubeconfig => Path.Combine(State, "kubeconfig");

    public Uri Ingress => new($"http://127.0.0.1:{HttpPort}");

    /// <summary>A client of the API with the administrator's certificate.</summary>
    public HttpClient Admin => _admin ??= Client(withCertificate: true);

    /// <summary>Why this machine cannot run a cluster, or null.</summary>
    public static string? Obstacle { get; } = FindObstacle();

    /// <summary>Skips the running test, with the reason, where no cluster can be had.</summary>
    public static void RequireMachine()
    {
        if (Obstacle is { } reason)
        {
            Assert.Skip(reason);
        }
    }

    /// <summary>Runs the AppHost.</summary>
    public Task<ShellResult> AppHostAsync(params string[] arguments) =>
        Shell.RunAsync(Repository.Executable("KubeAspire.AppHost"), arguments, environment: _environment, patience: TimeSpan.FromMinutes(3));

    public async Task UpAsync()
    {
        var up = await AppHostAsync("up", "--detach");
        Assert.True(up.Code == 0, $"up failed: {up}\n{Logs()}");
    }

    public async Task DownAsync(bool purge)
    {
        var down = await AppHostAsync(purge ? ["down", "--purge"] : ["down"]);
        Assert.True(down.Code == 0, $"down failed: {down}");
    }

    /// <summary>Runs the machine's kubectl; returns whatever it says.</summary>
    public Task<ShellResult> TryKubectlAsync(string arguments, string? input = null, TimeSpan? patience = null, string program = "kubectl") =>
        Shell.RunAsync(program, ["--kubeconfig", Kubeconfig, .. Words(arguments)], input, new Dictionary<string, string> { ["HOME"] = State }, patience);

    /// <summary>Runs the machine's kubectl, which must succeed; returns its output.</summary>
    public async Task<string> KubectlAsync(string arguments, string? input = null, TimeSpan? patience = null)
    {
        var result = await TryKubectlAsync(arguments, input, patience);
        Assert.True(result.Code == 0, $"kubectl {arguments}: {result}");
        return result.Output;
    }

    /// <summary>An object as JSON.</summary>
    public async Task<JsonElement> GetAsync(string arguments) => JsonDocument.Parse(await KubectlAsync($"get {arguments} -o json")).RootElement;

    /// <summary>The command lines of all that was started for this cluster: it carries the state directory in its environment; a developer's own cluster carries another.</summary>
    public List<string> Processes()
    {
        var found = new List<string>();
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), out _)))
        {
            try
            {
                if (File.ReadAllText(Path.Combine(folder, "environ")).Contains($"KUBEASPIRE_STATE={State}\0", StringComparison.Ordinal))
                {
                    found.Add(File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' '));
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Ended meanwhile, or the kernel's own.
            }
        }

        return found;
    }

    /// <summary>The process of a resource of the graph, or null while it does not run.</summary>
    public int? ProcessOf(string resource)
    {
        var file = Path.Combine(State, "run", $"{resource}.pid");
        return File.Exists(file) && File.ReadAllText(file).Split(' ') is [var pid, ..] && int.TryParse(pid, out var number) ? number : null;
    }

    /// <summary>All that a resource of the graph has logged.</summary>
    public string LogOf(string resource)
    {
        using var file = new StreamReader(new FileStream(Path.Combine(State, "run", "logs", $"{resource}.log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return file.ReadToEnd();
    }

    /// <summary>The last lines of every process' log: what a failure shows.</summary>
    public string Logs()
    {
        var folder = Path.Combine(State, "run", "logs");
        return !Directory.Exists(folder) ? "" : string.Join("\n", Directory.GetFiles(folder, "*.log")
            .SelectMany(file => File.ReadLines(file).TakeLast(40).Select(line => $"{Path.GetFileNameWithoutExtension(file)} | {line}")));
    }

    /// <summary>A client of an API server: of the first one, unless another's port is named.</summary>
    public HttpClient Client(bool withCertificate, int? port = null)
    {
        var (authority, certificate) = Kubeconfigs.Read(Kubeconfig);
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, served, _, _) =>
        {
            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.Add(authority);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            return served is not null && chain.Build(new X509Certificate2(served));
        };
        if (withCertificate)
        {
            handler.SslOptions.ClientCertificates = [certificate];
        }

        return new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{port ?? ApiPort}") };
    }

    /// <summary>A bare connection to the API with the administrator's certificate, for HTTP/1.1 by hand.</summary>
    public async Task<Stream> ConnectAsync()
    {
        var (_, certificate) = Kubeconfigs.Read(Kubeconfig);
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, ApiPort);
        var stream = new SslStream(client.GetStream());
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "127.0.0.1",
            ClientCertificates = [certificate],
            ApplicationProtocols = [SslApplicationProtocol.Http11],
            RemoteCertificateValidationCallback = (_, served, _, _) => served is not null, // What is asked here is no secret.
        });
        return stream;
    }

    public async ValueTask DisposeAsync()
    {
        _admin?.Dispose();
        await DownAsync(purge: true);
    }

    private static string? FindObstacle()
    {
        if (Environment.UserName != "root")
        {
            return "needs root: ClusterIPs are made local by a route";
        }

        if (!Shell.IsInstalled("kubectl"))
        {
            return "needs kubectl on the PATH";
        }

        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint("/var/run/docker.sock"));
            return null;
        }
        catch (SocketException)
        {
            return "needs a Docker Engine at /var/run/docker.sock";
        }
    }

    // Words between blanks; a word in single quotes may hold blanks.
    private static IEnumerable<string> Words(string line)
    {
        var word = "";
        var (quoted, any) = (false, false);
        foreach (var character in line)
        {
            if (character == '\'')
            {
                (quoted, any) = (!quoted, true);
            }
            else if (character == ' ' && !quoted)
            {
                if (any)
                {
                    yield return word;
                }

                (word, any) = ("", false);
            }
            else
            {
                (word, any) = (word + character, true);
            }
        }

        if (any)
        {
            yield return word;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Any, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
