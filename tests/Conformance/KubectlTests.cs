using KubeAspire.Conformance.Harness;

namespace KubeAspire.Conformance;

/// <summary>What an unmodified kubectl prints.</summary>
public sealed class KubectlTests(ControlPlane api)
{
    [Conformance("[sig-cli] Kubectl client Kubectl api-versions should check if v1 is in available api versions")]
    public async Task ApiVersions() => Assert.Contains("v1", (await KubectlAsync("api-versions")).Split('\n'));

    [Conformance("[sig-cli] Kubectl client Kubectl cluster-info should check if Kubernetes control plane services is included in cluster-info")]
    public async Task ClusterInfo() => Assert.Matches("Kubernetes control plane.*is running at.*https://", await KubectlAsync("cluster-info"));

    [Conformance("[sig-cli] Kubectl client Kubectl version should check is all data is printed")]
    public async Task Version()
    {
        var text = await KubectlAsync("version");
        Assert.Contains("Client Version:", text, StringComparison.Ordinal);
        Assert.Contains("Server Version: v1.36", text, StringComparison.Ordinal);
    }

    [Conformance("[sig-cli] Kubectl client Proxy server should support proxy with --port 0")]
    public async Task ProxyAnyPort()
    {
        using var proxy = StartProxy("--port=0", "--disable-filter");
        try
        {
            var line = await proxy.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
            var port = line!.Split(':')[^1].Trim();
            using var http = new HttpClient();
            Assert.Contains("APIVersions", await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/api/"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
        finally
        {
            proxy.Kill();
        }
    }

    [Conformance("[sig-cli] Kubectl client Proxy server should support --unix-socket=/path")]
    public async Task ProxySocket()
    {
        var socket = Path.Combine(api.Folder, "proxy.sock");
        using var proxy = StartProxy("--unix-socket=" + socket);
        try
        {
            await proxy.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
            using var handler = new SocketsHttpHandler
            {
                ConnectCallback = async (_, cancellationToken) =>
                {
                    var connection = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
                    await connection.ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint(socket), cancellationToken);
                    return new System.Net.Sockets.NetworkStream(connection, ownsSocket: true);
                },
            };
            using var http = new HttpClient(handler);
            Assert.Contains("APIVersions", await http.GetStringAsync(new Uri("http://localhost/api/"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
        finally
        {
            proxy.Kill();
        }
    }

    private System.Diagnostics.Process StartProxy(params string[] arguments)
    {
        RequireKubectl();
        var start = new System.Diagnostics.ProcessStartInfo("kubectl", ["proxy", .. arguments]) { RedirectStandardOutput = true, WorkingDirectory = api.Folder };
        start.Environment["KUBECONFIG"] = api.Kubeconfig;
        return System.Diagnostics.Process.Start(start)!;
    }

    private async Task<string> KubectlAsync(params string[] arguments)
    {
        RequireKubectl();
        var (code, output, errors) = await api.RunAsync("kubectl", arguments);
        Assert.True(code == 0, errors);
        return output;
    }

    private static void RequireKubectl() => Assert.SkipUnless(
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "kubectl"))), "kubectl is not on the PATH");
}
