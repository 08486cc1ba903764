using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using KubeAspire.EndToEnd.Harness;

namespace KubeAspire.EndToEnd;

/// <summary>The control plane is killed by SIGKILL in the middle of writes.</summary>
[Collection(SharedCluster.Name)]
public sealed class ControlPlaneCrashTests(ClusterFixture fixture) : IDisposable
{
    private const int Writers = 4;

    private readonly HttpClient _browser = new() { Timeout = TimeSpan.FromSeconds(10) };

    private Cluster Cluster => fixture.Cluster;

    public void Dispose() => _browser.Dispose();

    [Fact]
    public async Task EveryAcknowledgedObjectIsThere_WatchesResume_AndTrafficNeverStops()
    {
        Cluster.RequireMachine();
        await Cluster.KubectlAsync("create namespace crash");
        await Cluster.KubectlAsync("apply -f -", Manifests.WebBehindIngress("steady", "crash", 2));
        await Cluster.KubectlAsync("rollout status -n crash deployment/steady --timeout=60s");
        await Eventually.IsAsync("the ingress", TimeSpan.FromSeconds(30), AskAsync, answer => answer is null);
        var started = await StartedAsync();
        var revision = (await Cluster.GetAsync("configmaps -n crash")).GetProperty("metadata").GetProperty("resourceVersion").GetString()!;

        using var stop = new CancellationTokenSource();
        var acknowledged = new List<string>[Writers];
        var writers = Enumerable.Range(0, Writers).Select(writer => WriteAsync(writer, acknowledged[writer] = [], stop.Token)).ToArray();
        var traffic = TrafficAsync(stop.Token);
        for (var kill = 0; kill < 3; kill++)
        {
            var count = Count(acknowledged);
            await Eventually.IsAsync("writes", TimeSpan.FromSeconds(30), () => Task.FromResult(Count(acknowledged)), now => now > count + 50);
            var silo = Cluster.ProcessOf("silo")!.Value;
            Assert.Equal(0, (await Shell.RunAsync("kill", ["-KILL", $"{silo}"])).Code);
            await Eventually.IsAsync("another silo", TimeSpan.FromSeconds(30), () => Task.FromResult(Cluster.ProcessOf("silo")), pid => pid is not null && pid != silo);
        }

        await Eventually.IsAsync("a ready API", TimeSpan.FromSeconds(30), async () => (await Cluster.TryKubectlAsync("get --raw /readyz")).Code, code => code == 0);
        await stop.CancelAsync();
        await Task.WhenAll(writers);
        Assert.Empty(await traffic);

        var stored = (await Cluster.GetAsync("configmaps -n crash")).GetProperty("items").EnumerateArray()
            .Select(item => item.GetProperty("metadata").GetProperty("name").GetString()!).ToHashSet();
        Assert.Empty(acknowledged.SelectMany(names => names).Except(stored));
        await AssertWatchResumesOrSaysExpiredAsync(revision, acknowledged.SelectMany(names => names).ToHashSet());
        Assert.Equal(started, await StartedAsync());
        await Cluster.KubectlAsync("delete namespace crash --timeout=60s");
    }

    private static int Count(List<string>[] lists) => lists.Sum(list => list.Count);

    // Follows from before the crashes: either every acknowledged object comes by, or the server says 410; never silence.
    private async Task AssertWatchResumesOrSaysExpiredAsync(string revision, HashSet<string> wanted)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var answer = await Cluster.Admin.GetAsync(
            new Uri($"/api/v1/namespaces/crash/configmaps?watch=true&resourceVersion={revision}&timeoutSeconds=20", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, patience.Token);
        if (answer.StatusCode == HttpStatusCode.Gone)
        {
            return;
        }

        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(patience.Token));
        while (wanted.Count > 0 && await reader.ReadLineAsync(patience.Token) is { } line)
        {
            var change = JsonDocument.Parse(line).RootElement;
            if (change.GetProperty("type").GetString() == "ERROR")
            {
                Assert.Equal(410, change.GetProperty("object").GetProperty("code").GetInt32());
                return;
            }

            wanted.Remove(change.GetProperty("object").GetProperty("metadata").GetProperty("name").GetString() ?? "");
        }

        Assert.Empty(wanted);
    }

    private async Task WriteAsync(int writer, List<string> acknowledged, CancellationToken stop)
    {
        for (var number = 0; !stop.IsCancellationRequested; number++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"written-{writer}-{number}");
            using var body = new StringContent($$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{name}}"} }""", Encoding.UTF8, "application/json");
            try
            {
                using var answer = await Cluster.Admin.PostAsync(new Uri("/api/v1/namespaces/crash/configmaps", UriKind.Relative), body, CancellationToken.None);
                if (answer.StatusCode == HttpStatusCode.Created)
                {
                    acknowledged.Add(name);
                }
            }
            catch (HttpRequestException)
            {
                // Not acknowledged: it may or may not be there. Gives the next silo a moment.
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
            }
        }
    }

    private async Task<List<string>> TrafficAsync(CancellationToken stop)
    {
        var failures = new List<string>();
        while (!stop.IsCancellationRequested)
        {
            if (await AskAsync() is { } failure)
            {
                failures.Add(failure);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, CancellationToken.None);
        }

        return failures;
    }

    private async Task<string?> AskAsync()
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Cluster.Ingress, "/host"));
            request.Headers.Host = "steady.test";
            using var answer = await _browser.SendAsync(request);
            return answer.IsSuccessStatusCode ? null : $"{answer.StatusCode}";
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            return error.Message;
        }
    }

    private static async Task<string> StartedAsync()
    {
        var containers = (await Shell.RunAsync("docker", ["ps", "-q", "--no-trunc", "--filter", "label=io.kubernetes.pod.namespace=crash"])).Output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Order().ToArray();
        Assert.NotEmpty(containers);
        return (await Shell.RunAsync("docker", ["inspect", "-f", "{{.Id}} {{.State.StartedAt}} {{.RestartCount}}", .. containers])).Output;
    }
}
