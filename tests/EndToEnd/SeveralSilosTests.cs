using System.Globalization;
using System.Net.Sockets;
using KubeAspire.EndToEnd.Harness;

namespace KubeAspire.EndToEnd;

/// <summary>Three silos and their Redis, by one variable: they are one cluster, and it lives through the death of each of them.</summary>
public sealed class SeveralSilosTests : IDisposable
{
    private const int Silos = 3;

    /// <summary>How soon others may write after a silo's death. 10 s: the silos miss it after 3 s, and a call that it had is brought again 3 s later.</summary>
    private static readonly TimeSpan s_takeover = TimeSpan.FromSeconds(10);

    /// <summary>How soon others may write once a silo hangs. 30 s: nothing breaks, so both others must miss its probes, and each waits longer for them the busier it finds itself.</summary>
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly HttpClient _browser = new() { Timeout = TimeSpan.FromSeconds(10) };

    public void Dispose() => _browser.Dispose();

    [Fact]
    public async Task ThreeSilos_AreOneCluster_ThatLivesThroughTheDeathOfEach_AndThroughOneThatHangs()
    {
        RequireSeveral();
        await using var cluster = await StartAsync("silos");
        await DeployAsync(cluster);
        await EverySiloReachesTheNodesAsync(cluster);
        await TheServiceNamesEverySiloAsync(cluster);
        var (ready, processes) = (await ReadySinceAsync(cluster), OthersOf(cluster));

        using var stop = new CancellationTokenSource();
        var traffic = TrafficAsync(cluster, stop.Token);
        for (var victim = 0; victim < Silos; victim++)
        {
            var killed = cluster.ProcessOf(NameOf(victim))!.Value;
            Assert.Equal(0, (await Shell.RunAsync("kill", ["-KILL", $"{killed}"])).Code);
            for (var other = 0; other < Silos; other++)
            {
                if (other != victim)
                {
                    await Eventually.IsAsync($"a write at {NameOf(other)} after the death of {NameOf(victim)}", s_takeover,
                        () => AtAsync(cluster, other, $"create configmap -n silos after-{victim}-at-{other} --request-timeout=3s"), IsWritten);
                }
            }

            await Eventually.IsAsync($"another {NameOf(victim)}", s_patience, () => Task.FromResult(cluster.ProcessOf(NameOf(victim))), pid => pid is not null && pid != killed);
            await EverySiloReachesTheNodesAsync(cluster);
            await TheServiceNamesEverySiloAsync(cluster);
        }

        await HangAsync(cluster, cluster.ProcessOf(NameOf(0))!.Value);
        await EverySiloReachesTheNodesAsync(cluster);
        await stop.CancelAsync();
        Assert.Empty(await traffic);
        Assert.Equal(ready, await ReadySinceAsync(cluster));
        Assert.Equal(processes, OthersOf(cluster));
        var written = (await cluster.KubectlAsync("get configmaps -n silos -o name")).Split('\n').Count(line => line.StartsWith("configmap/after-", StringComparison.Ordinal));
        Assert.Equal(Silos * (Silos - 1), written);
    }

    [Fact]
    public async Task UpTwice_Down_UpAgain_KeepsTheState_ABackupIsOneSilos_AndDownLeavesNothingBehind()
    {
        RequireSeveral();
        var file = Path.Combine(Path.GetTempPath(), $"kubeaspire-e2e-{Environment.ProcessId}-silos.backup");
        await using var cluster = await StartAsync("silos-lifecycle");
        var redis = cluster.ProcessOf("redis");
        Assert.NotNull(redis);
        await cluster.UpAsync();
        Assert.Equal(redis, cluster.ProcessOf("redis"));
        await cluster.KubectlAsync("create configmap kept --from-literal=a=b");

        await cluster.DownAsync(purge: false);
        Assert.Empty(cluster.Processes());
        await AssertSaysAsync(cluster, ["backup", file], "the cluster must be up");
        await using (var single = new Cluster("silos-lifecycle"))
        {
            await AssertSaysAsync(single, ["up", "--detach"], "holds the state of several silos");
            await AssertSaysAsync(single, ["restore", file], "holds the state of several silos");
            await cluster.UpAsync();
            for (var silo = 0; silo < Silos; silo++)
            {
                Assert.Equal("b", (await AtAsync(cluster, silo, "get configmap kept -o jsonpath='{.data.a}'")).Output.Trim());
            }

            var backup = await cluster.AppHostAsync("backup", file);
            Assert.True(backup.Code == 0, $"backup: {backup}");

            // Its launcher is gone, and could end nothing: what it started is still found, and ended.
            Assert.Equal(0, (await Shell.RunAsync("kill", ["-KILL", $"{cluster.ProcessOf("launcher")}"])).Code);
            await cluster.DownAsync(purge: true);
            Assert.Empty(cluster.Processes());
            Assert.False(Directory.Exists(cluster.State));

            await AssertSaysAsync(cluster, ["restore", file], "KUBEASPIRE_SILOS=1");
            var restore = await single.AppHostAsync("restore", file);
            Assert.True(restore.Code == 0, $"restore: {restore}");
            await AssertSaysAsync(cluster, ["up", "--detach"], "holds the state of one silo");
            await single.UpAsync();
            Assert.Equal("b", (await single.KubectlAsync("get configmap kept -o jsonpath='{.data.a}'")).Trim());
        }

        File.Delete(file);
        Assert.Empty(cluster.Processes());
    }

    // SIGSTOP: its connections stay, and nothing comes. Awake again it serves, as the process that it was or, where the others held it dead, as another.
    private static async Task HangAsync(Cluster cluster, int stopped)
    {
        Assert.Equal(0, (await Shell.RunAsync("kill", ["-STOP", $"{stopped}"])).Code);
        try
        {
            await Eventually.IsAsync("a write at silo-2", s_silence, () => AtAsync(cluster, 1, "create configmap -n silos hung --request-timeout=3s"), IsWritten);
            var later = await AtAsync(cluster, 2, "apply -n silos -f -", Manifests.Pod("later", "Always", Manifests.Container("main", "echo runs; exec busybox sleep 100000")));
            Assert.True(later.Code == 0, $"a pod at silo-3: {later}");
            var waited = await AtAsync(cluster, 1, "wait -n silos --for=condition=Ready pod/later --timeout=60s");
            Assert.True(waited.Code == 0, $"the pod that was made meanwhile: {waited}\n{cluster.Logs()}");
        }
        finally
        {
            await Shell.RunAsync("kill", ["-CONT", $"{stopped}"]);
        }

        await Eventually.IsAsync("a write at silo-1", s_patience, () => AtAsync(cluster, 0, "create configmap -n silos awake --request-timeout=3s"), IsWritten);
    }

    private static async Task AssertSaysAsync(Cluster cluster, string[] arguments, string said)
    {
        var result = await cluster.AppHostAsync(arguments);
        Assert.True(result.Code != 0 && result.ToString().Contains(said, StringComparison.Ordinal), $"{string.Join(' ', arguments)}: {result}");
    }

    private static bool IsWritten(ShellResult answer) => answer.Code == 0 || answer.Errors.Contains("already exists", StringComparison.Ordinal);

    private async Task DeployAsync(Cluster cluster)
    {
        await cluster.KubectlAsync("create namespace silos");
        await cluster.KubectlAsync("wait -n silos --for=create serviceaccount/default --timeout=20s");
        await cluster.KubectlAsync("apply -f -", Manifests.WebBehindIngress("steady", "silos", 2));
        await cluster.KubectlAsync("apply -n silos -f -", Manifests.Pod("runner", "Always", Manifests.Container("main", "echo runs; exec busybox sleep 100000")));
        await cluster.KubectlAsync("rollout status -n silos deployment/steady --timeout=60s");
        await cluster.KubectlAsync("wait -n silos --for=condition=Ready pod/runner --timeout=60s");
        await Eventually.IsAsync("the ingress", s_patience, () => AskAsync(cluster), answer => answer is null);
    }

    private static void RequireSeveral()
    {
        Cluster.RequireMachine();
        Assert.SkipUnless(File.Exists(Path.Combine(Path.GetDirectoryName(Repository.Executable("Silo"))!, "Orleans.Runtime.dll")), "needs Orleans, whose packages did not restore when this was built");
        Assert.SkipUnless(Shell.IsInstalled("redis-server"), "needs redis-server on the PATH");
    }

    private static async Task<Cluster> StartAsync(string name)
    {
        var images = await Shell.RunAsync("/bin/bash", [Path.Combine(Repository.Root, "examples/guestbook/images.sh")], patience: TimeSpan.FromMinutes(5));
        Assert.True(images.Code == 0, $"images.sh: {images}");
        var cluster = new Cluster(name, new Dictionary<string, string>
        {
            ["KUBEASPIRE_SILOS"] = Silos.ToString(CultureInfo.InvariantCulture),
            ["KUBEASPIRE_REDIS_PORT"] = FreePort().ToString(CultureInfo.InvariantCulture),
        });
        try
        {
            await cluster.UpAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    private static string NameOf(int silo) => $"silo-{silo + 1}";

    private static Task<ShellResult> AtAsync(Cluster cluster, int silo, string arguments, string? input = null) =>
        cluster.TryKubectlAsync($"--server=https://127.0.0.1:{cluster.ApiPort + silo} {arguments}", input);

    // Through the tunnels, which every agent keeps to every silo.
    private static async Task EverySiloReachesTheNodesAsync(Cluster cluster)
    {
        for (var silo = 0; silo < Silos; silo++)
        {
            await Eventually.IsAsync($"logs through {NameOf(silo)}", s_patience, () => AtAsync(cluster, silo, "logs -n silos runner"), answer => answer.Output.Trim() == "runs");
            await Eventually.IsAsync($"exec through {NameOf(silo)}", s_patience, () => AtAsync(cluster, silo, "exec -n silos runner -- busybox hostname"), answer => answer.Output.Trim() == "runner");
            foreach (var pod in (await cluster.KubectlAsync("get pods -n silos -l app=steady -o name")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                // On either node, since there is a pod on each.
                await Eventually.IsAsync($"logs of {pod} through {NameOf(silo)}", s_patience, () => AtAsync(cluster, silo, $"logs -n silos {pod}"), answer => answer.Code == 0);
            }
        }
    }

    private static async Task TheServiceNamesEverySiloAsync(Cluster cluster)
    {
        var wanted = string.Join(' ', Enumerable.Range(cluster.ApiPort, Silos));
        await Eventually.IsAsync("the endpoints of the API's Service", s_patience, async () => (await AtAsync(
            cluster, 0, "get endpointslices -n default -l kubernetes.io/service-name=kubernetes -o jsonpath='{range .items[*]}{.ports[0].port} {end}'")).Output.Trim(),
            ports => string.Join(' ', ports.Split(' ').Order(StringComparer.Ordinal)) == wanted);
    }

    private static Task<string> ReadySinceAsync(Cluster cluster) =>
        cluster.KubectlAsync("get nodes -o jsonpath='{range .items[*]}{.metadata.name}{range .status.conditions[?(@.type==\"Ready\")]} {.status} {.lastTransitionTime};{end}{end}'");

    private static List<int?> OthersOf(Cluster cluster) => [.. new[] { "redis", "gateway-1", "node-1", "node-2" }.Select(cluster.ProcessOf)];

    private async Task<List<string>> TrafficAsync(Cluster cluster, CancellationToken stop)
    {
        var failures = new List<string>();
        while (!stop.IsCancellationRequested)
        {
            if (await AskAsync(cluster) is { } failure)
            {
                failures.Add(failure);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, CancellationToken.None);
        }

        return failures;
    }

    private async Task<string?> AskAsync(Cluster cluster)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(cluster.Ingress, "/host"));
            request.Headers.Host = "steady.test";
            using var answer = await _browser.SendAsync(request);
            return answer.IsSuccessStatusCode ? null : $"{answer.StatusCode}";
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            return error.Message;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}
