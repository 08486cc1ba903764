using System.Diagnostics;
using KubeAspire.Silo.Hosting;

namespace KubeAspire.Silo.Tests.Hosting;

/// <summary>An unmodified kubectl against a started control plane.</summary>
public sealed class KubectlTests(SiloFixture silo) : IClassFixture<SiloFixture>
{
    private const string Manifest = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, labels: {app: web}}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
              - {name: c, image: busybox, ports: [{containerPort: 80}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{port: 80}]}
        """;

    [Fact]
    public async Task Drives_TheApi()
    {
        await silo.RequireKubectlAsync();
        var file = Path.Combine(silo.Folder, "web.yaml");
        await File.WriteAllTextAsync(file, Manifest);
        await OkAsync("create ns k1", "namespace/k1 created");
        await OkAsync($"apply -n k1 -f {file}", "deployment.apps/web created\nservice/web created");
        await OkAsync($"apply -n k1 -f {file}", "deployment.apps/web unchanged\nservice/web unchanged");
        await File.WriteAllTextAsync(file, Manifest.Replace("replicas: 2", "replicas: 3", StringComparison.Ordinal));
        Assert.Contains("+  replicas: 3", (await silo.RunAsync($"diff -n k1 -f {file}")).Text, StringComparison.Ordinal);
        await OkAsync($"apply -n k1 -f {file}", "deployment.apps/web configured\nservice/web unchanged");
        await OkAsync($"apply -n k1 --server-side -f {file}", "deployment.apps/web serverside-applied\nservice/web serverside-applied");
        await OkAsync("scale -n k1 deployment web --replicas=5", "deployment.apps/web scaled");
        await OkAsync("set -n k1 image deployment/web c=busybox:2", "deployment.apps/web image updated");
        await OkAsync("label -n k1 deployment web tier=front", "deployment.apps/web labeled");
        await OkAsync("get -n k1 deployment web -o jsonpath={.spec.replicas}/{.spec.template.spec.containers[0].image}/{.metadata.labels.tier}", "5/busybox:2/front");
        Assert.Matches(@"^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +0/5 ", await OkAsync("get -n k1 deployments", null));
        Assert.Contains("rollingUpdate", await OkAsync("explain deployment.spec.strategy", null), StringComparison.Ordinal);
        await OkAsync("create -n k1 configmap c --from-literal=a=b", "configmap/c created");
        await OkAsync("wait -n k1 --for=jsonpath={.data.a}=b configmap/c --timeout=5s", "configmap/c condition met");
        await OkAsync("delete -n k1 configmap c --timeout=10s", "configmap \"c\" deleted");
        Assert.Contains("deploy", await OkAsync("api-resources", null), StringComparison.Ordinal);
        Assert.Contains("kubernetes-admin", await OkAsync("auth whoami", null), StringComparison.Ordinal);
        await OkAsync("auth can-i delete nodes", "yes");
        Assert.Equal(3, (await OkAsync("create token default -n kube-system --duration=10m", null, prepare: "create sa default -n kube-system")).Trim().Split('.').Length);
    }

    [Fact]
    public async Task Hears_TheRefusalsItKnows()
    {
        await silo.RequireKubectlAsync();
        await FailsAsync("get pods --field-selector foo=bar", "field label not supported: foo");
        await FailsAsync("get gizmos", "the server doesn't have a resource type \"gizmos\"");
        await FailsAsync("get configmap none", "Error from server (NotFound): configmaps \"none\" not found");
        await FailsAsync("create ns Bad_Name", "a lowercase RFC 1123 label must consist of");
        await FailsAsync("get pods -l a,,=b", "Error from server (BadRequest)");
    }

    private async Task<string> OkAsync(string arguments, string? expected, string? prepare = null)
    {
        if (prepare is not null)
        {
            await silo.RunAsync(prepare);
        }

        var (code, text) = await silo.RunAsync(arguments);
        Assert.True(code == 0, $"kubectl {arguments}: {text}");
        if (expected is not null)
        {
            Assert.StartsWith(expected, text, StringComparison.Ordinal);
        }

        return text;
    }

    private async Task FailsAsync(string arguments, string expected)
    {
        var (code, text) = await silo.RunAsync(arguments);
        Assert.NotEqual(0, code);
        Assert.Contains(expected, text, StringComparison.Ordinal);
    }
}

/// <summary>A control plane on a free port.</summary>
public sealed class SiloFixture : IAsyncLifetime
{
    private SiloHost? _silo;

    public string Folder { get; } = Directory.CreateTempSubdirectory("kubeaspire-silo-").FullName;

    public KubeAspire.ApiServer.KubeApiServer Server => _silo!.Server;

    public int Port => _silo!.Port;

    public async ValueTask InitializeAsync() => _silo = await SiloHost.StartAsync(
        [
            $"--Silo:DataDirectory={Folder}/data", "--Silo:Port=0", "--Silo:AdvertiseAddress=127.0.0.1", $"--Silo:KubeconfigPath={Folder}/kubeconfig",
            $"--Silo:CredentialsDirectory={Folder}/credentials", "--Silo:Credentials=node:node-1,gateway:gateway-1", "--Logging:LogLevel:Default=Warning",
        ],
        CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _silo!.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    public async Task RequireKubectlAsync()
    {
        try
        {
            await RunAsync("version --client");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("kubectl is not on the PATH");
        }
    }

    public async Task<(int Code, string Text)> RunAsync(string arguments, string kubeconfig = "kubeconfig")
    {
        var start = new ProcessStartInfo("kubectl", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Folder };
        start.Environment["KUBECONFIG"] = Path.Combine(Folder, kubeconfig);
        start.Environment["HOME"] = Folder;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await errors);
    }
}
