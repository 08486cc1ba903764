using System.Globalization;
using System.Net.Sockets;
using KubeAspire.EndToEnd.Harness;
using KubeAspire.Testing;

namespace KubeAspire.EndToEnd;

/// <summary>Three silos and their Redis, by one variable: they are one cluster, and it lives through the death of each of them.</summary>
public sealed class SeveralSilosTests(ITestOutputHelper output) : IDisposable
{
    private const int Silos = 3;

    /// <summary>How soon others may write after a silo's death. 10 s: the silos miss it after 3 s, and a call that it had is brought again 3 s later.</summary>
    private static readonly TimeSpan s_takeover = TimeSpan.FromSeconds(10);

    /// <summary>How soon others may write once a silo hangs. 30 s: nothing breaks, so both others must miss its probes, on a machine that is busy with this.</summary>
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(30);

    /// <summary>Of the calls while all silos are restarted, one after the other. Percent.</summary>
    private const double LeastAvailability = 99.5;

    private const int LeastCalls = 2_000;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly HttpClient _browser = new() { Timeout = TimeSpan.FromSeconds(10) };

    public void Dispose() => _browser.Dispose();

    [Fact]
    public async Task ThreeSilos_AreOneCluster_ThatLivesThroughDeath_Hanging_AndRestart_OfItsSilos()
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
            await ReachesTheNodesAsync(cluster, victim);
            await TheServiceNamesEverySiloAsync(cluster);
        }

        await HangAsync(cluster, cluster.ProcessOf(NameOf(0))!.Value);
        await ReachesTheNodesAsync(cluster, 0);
        await RollingRestartAsync(cluster);
        await EverySiloReachesTheNodesAsync(cluster);
        await stop.CancelAsync();
        Assert.Empty(await traffic);
        Assert.Equal(ready, await ReadySinceAsync(cluster));
        Assert.Equal(processes, OthersOf(cluster));
        var written = (await cluster.KubectlAsync("get configmaps -n silos -o name")).Split('\n').Count(line => line.StartsWith("configmap/after-", StringComparison.Ordinal));
        Assert.Equal(Silos * (Silos - 1), written);
    }

    [Fact]
    public async Task UpTwice_Down_UpAgain_KeepsTheState_BackupsGoBothWays_AndDownLeavesNothingBehind()
    {
        RequireSeveral();
        var file = Path.Combine(Path.GetTempPath(), $"kubeaspire-e2e-{Environment.ProcessId}-silos.backup");
        await using var cluster = await StartAsync("silos-lifecycle");
        await using var single = new Cluster("silos-lifecycle");
        var redis = cluster.ProcessOf("redis");
        Assert.NotNull(redis);
        await cluster.UpAsync();
        Assert.Equal(redis, cluster.ProcessOf("redis"));
        await cluster.KubectlAsync("create configmap kept --from-literal=a=b");
        await MustAsync(cluster, "backup", file);

        await cluster.DownAsync(purge: false);
        Assert.Empty(cluster.Processes());
        await AssertSaysAsync(single, ["up", "--detach"], "holds the state of several silos");
        await AssertSaysAsync(single, ["backup", file], "holds the state of several silos");
        await AssertSaysAsync(single, ["restore", file], "holds the state of several silos");
        await AssertSaysAsync(cluster, ["restore", file], "holds the state of several silos");
        await cluster.UpAsync();
        await EverySiloHasAsync(cluster);

        // Its launcher is gone, and could end nothing: what it started is still found, and ended.
        Assert.Equal(0, (await Shell.RunAsync("kill", ["-KILL", $"{cluster.ProcessOf("launcher")}"])).Code);
        await cluster.DownAsync(purge: true);
        Assert.Empty(cluster.Processes());
        Assert.False(Directory.Exists(cluster.State));

        await File.WriteAllBytesAsync(file + ".cut", (await File.ReadAllBytesAsync(file))[..^1]);
        await AssertSaysAsync(cluster, ["restore", file + ".cut"], "cannot be used");
        await MustAsync(cluster, "restore", file);
        await cluster.UpAsync();
        await EverySiloHasAsync(cluster);
        await cluster.KubectlAsync("create configmap later --from-literal=a=c");
        await cluster.DownAsync(purge: false);
        await MustAsync(cluster, "backup", file);
        Assert.Empty(cluster.Processes());
        await cluster.DownAsync(purge: true);

        await AssertSaysAsync(cluster, ["backup", file], "holds no state of several silos");
        await MustAsync(single, "restore", file);
        await AssertSaysAsync(cluster, ["up", "--detach"], "holds the state of one silo");
        await single.UpAsync();
        Assert.Equal("b c", (await single.KubectlAsync("get configmap kept later -o jsonpath='{.items[*].data.a}'")).Trim());
        await single.DownAsync(purge: true);
        Assert.Empty(cluster.Processes());
        File.Delete(file);
        File.Delete(file + ".cut");
    }

    private static async Task EverySiloHasAsync(Cluster cluster)
    {
        for (var silo = 0; silo < Silos; silo++)
        {
            Assert.Equal("b", (await AtAsync(cluster, silo, "get configmap kept -o jsonpath='{.data.a}'")).Output.Trim());
        }
    }

    private static async Task MustAsync(Cluster cluster, params string[] arguments)
    {
        var result = await cluster.AppHostAsync(arguments);
        Assert.True(result.Code == 0, $"{string.Join(' ', arguments)}: {result}");
    }

    // SIGSTOP: its connections stay, and nothing comes, until the others hold it dead. Awake again it finds that out, and ends; another takes its place.
    private async Task HangAsync(Cluster cluster, int stopped)
    {
        var clock = TimeProvider.System;
        var known = TimesHeldDead(cluster);
        var began = clock.GetTimestamp();
        Assert.Equal(0, (await Shell.RunAsync("kill", ["-STOP", $"{stopped}"])).Code);
        TimeSpan took;
        try
        {
            await Eventually.IsAsync("a write at silo-2", s_silence, () => AtAsync(cluster, 1, "create configmap -n silos hung --request-timeout=3s"), IsWritten);
            took = clock.GetElapsedTime(began);
            var later = await AtAsync(cluster, 2, "apply -n silos -f -", Manifests.Pod("later", "Always", Manifests.Container("main", "echo runs; exec busybox sleep 100000")));
            Assert.True(later.Code == 0, $"a pod at silo-3: {later}");
            var waited = await AtAsync(cluster, 1, "wait -n silos --for=condition=Ready pod/later --timeout=60s");
            Assert.True(waited.Code == 0, $"the pod that was made meanwhile: {waited}\n{cluster.Logs()}");

            // Perhaps it owned nothing, and the others wrote on at once.
            await Eventually.IsAsync("that silo-1 is held dead", s_silence, () => Task.FromResult(TimesHeldDead(cluster)), times => times > known);
        }
        finally
        {
            await Shell.RunAsync("kill", ["-CONT", $"{stopped}"]);
        }

        began = clock.GetTimestamp();
        await Eventually.IsAsync("the end of the silo that is held dead", s_patience, () => Task.FromResult(cluster.ProcessOf(NameOf(0))), pid => pid is not null && pid != stopped);
        output.Tell($"a silo that hung: {took.TotalSeconds:0.0} s to a write at another; awake, it ended and started again after {clock.GetElapsedTime(began).TotalSeconds:0.0} s");
        await Eventually.IsAsync("a write at silo-1", s_patience, () => AtAsync(cluster, 0, "create configmap -n silos awake --request-timeout=3s"), IsWritten);
    }

    // SIGTERM to one after the other, as an update does it, under clients that write all the time.
    private async Task RollingRestartAsync(Cluster cluster)
    {
        using var writes = new SteadyWrites([.. Enumerable.Range(cluster.ApiPort, Silos).Select(port => cluster.Client(withCertificate: true, port))], "silos");
        for (var silo = 0; silo < Silos; silo++)
        {
            var leaving = cluster.ProcessOf(NameOf(silo))!.Value;
            Assert.Equal(0, (await Shell.RunAsync("kill", ["-TERM", $"{leaving}"])).Code);
            await Eventually.IsAsync($"another {NameOf(silo)}", s_patience, () => Task.FromResult(cluster.ProcessOf(NameOf(silo))), pid => pid is not null && pid != leaving);
            await Eventually.IsAsync($"{NameOf(silo)} to be ready", s_patience, () => AtAsync(cluster, silo, "get --raw /readyz --request-timeout=3s"), answer => answer.Code == 0);
        }

        await Eventually.IsAsync("enough calls", s_patience, () => Task.FromResult(writes.Calls), calls => calls >= LeastCalls);
        await writes.StopAsync();
        output.Tell(string.Create(
            CultureInfo.InvariantCulture,
            $"a rolling restart of three control planes under load: {writes.Acknowledged.Count:N0} of {writes.Calls:N0} creates answered 201 ({writes.Availability:0.00} %), longest {writes.Longest.TotalSeconds:0.00} s"));
        Assert.True(writes.Availability >= LeastAvailability, $"{writes.Failures.Count} of {writes.Calls} calls failed\n{string.Join('\n', writes.Failures.Take(10))}");
        var stored = (await cluster.KubectlAsync("get configmaps -n silos -o name")).Split('\n').ToHashSet();
        Assert.DoesNotContain(writes.Acknowledged, name => !stored.Contains($"configmap/{name}"));
    }

    // As the other silos say it.
    private static int TimesHeldDead(Cluster cluster) => new[] { 1, 2 }.Sum(silo => cluster.LogOf(NameOf(silo)).Split('\n').Count(line =>
        line.Contains($"Silo {NameOf(0)} ", StringComparison.Ordinal) && line.Contains("is held dead", StringComparison.Ordinal)));

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

    private static async Task EverySiloReachesTheNodesAsync(Cluster cluster)
    {
        for (var silo = 0; silo < Silos; silo++)
        {
            await ReachesTheNodesAsync(cluster, silo);
        }
    }

    // Through the tunnels, which every agent keeps to every silo.
    private static async Task ReachesTheNodesAsync(Cluster cluster, int silo)
    {
        await Eventually.IsAsync($"exec through {NameOf(silo)}", s_patience, () => AtAsync(cluster, silo, "exec -n silos runner -- busybox hostname"), answer => answer.Output.Trim() == "runner");
        foreach (var pod in (await cluster.KubectlAsync("get pods -n silos -l app=steady -o name")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // On either node, since there is a pod on each.
            await Eventually.IsAsync($"logs of {pod} through {NameOf(silo)}", s_patience, () => AtAsync(cluster, silo, $"logs -n silos {pod}"), answer => answer.Code == 0);
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
