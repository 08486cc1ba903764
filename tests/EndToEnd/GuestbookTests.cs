using System.Text.Json;
using KubeAspire.EndToEnd.Harness;

namespace KubeAspire.EndToEnd;

/// <summary>The example as its README describes it: applied, written to, read back, scaled, broken, updated under load.</summary>
[Collection(SharedCluster.Name)]
public sealed class GuestbookTests(ClusterFixture fixture) : IAsyncLifetime
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly HttpClient _browser = new() { Timeout = TimeSpan.FromSeconds(10) };

    private Cluster Cluster => fixture.Cluster;

    private static string Example => Path.Combine(Repository.Root, "examples/guestbook");

    public async ValueTask InitializeAsync()
    {
        Cluster.RequireMachine();
        await Cluster.KubectlAsync($"apply -k {Example}");
        await Cluster.KubectlAsync("rollout status deployment/redis --timeout=60s");
        await Cluster.KubectlAsync("rollout status deployment/guestbook --timeout=60s");
    }

    public async ValueTask DisposeAsync()
    {
        _browser.Dispose();
        if (Cluster.Obstacle is null)
        {
            await Cluster.KubectlAsync($"delete -k {Example} --wait=true --timeout=60s");
            await Cluster.KubectlAsync("wait --for=delete pod -l app=guestbook --timeout=60s");
        }
    }

    [Fact]
    public async Task ThePage_ShowsWhatItsRedisStored_AndEveryFrontEndIsReached()
    {
        var text = $"hello {Guid.NewGuid():N}";
        await Eventually.IsAsync("the ingress", s_patience, () => StatusOfAsync("/readyz"), status => status == 200);
        using var form = new FormUrlEncodedContent([new("text", text)]);
        using var posted = await _browser.PostAsync(new Uri(Cluster.Ingress, "/entries"), form);
        Assert.True(posted.IsSuccessStatusCode, $"{posted.StatusCode}: {await posted.Content.ReadAsStringAsync()}");
        Assert.Contains(text, await _browser.GetStringAsync(Cluster.Ingress), StringComparison.Ordinal);
        var entries = JsonSerializer.Deserialize<string[]>(await _browser.GetStringAsync(new Uri(Cluster.Ingress, "/api/entries")));
        Assert.Contains(text, entries!);

        var pods = (await Cluster.KubectlAsync("get pods -l app=guestbook,tier=frontend -o jsonpath='{.items[*].metadata.name}'")).Trim().Split(' ');
        var reached = new HashSet<string>();
        for (var request = 0; request < 30; request++)
        {
            reached.Add(await _browser.GetStringAsync(new Uri(Cluster.Ingress, "/host")));
        }

        Assert.Equal(pods.Order(), reached.Order());
    }

    [Fact]
    public async Task Scale_GoesUpAndDown_AndADeletedPodIsReplaced()
    {
        await Cluster.KubectlAsync("scale deployment/guestbook --replicas=5");
        await Cluster.KubectlAsync("rollout status deployment/guestbook --timeout=60s");
        Assert.Equal(5, (await FrontEndsAsync()).Count);
        await Cluster.KubectlAsync("scale deployment/guestbook --replicas=1");
        var left = await Eventually.IsAsync("one front end", s_patience, FrontEndsAsync, pods => pods.Count == 1);
        await Cluster.KubectlAsync($"delete pod {left[0]} --timeout=60s");
        await Cluster.KubectlAsync("rollout status deployment/guestbook --timeout=60s");
        var replaced = await Eventually.IsAsync("another front end", s_patience, FrontEndsAsync, pods => pods.Count == 1);
        Assert.NotEqual(left[0], replaced[0]);
    }

    [Fact]
    public async Task AKilledContainer_IsRestarted_AndItsLogIsKept()
    {
        var pod = (await FrontEndsAsync())[0];
        var before = await Cluster.GetAsync($"pod {pod}");
        var status = before.GetProperty("status").GetProperty("containerStatuses")[0];
        var restarts = status.GetProperty("restartCount").GetInt32();
        var container = status.GetProperty("containerID").GetString()!["docker://".Length..];
        await Eventually.IsAsync("a log", s_patience, () => Cluster.KubectlAsync($"logs {pod}"), log => log.Contains("Now listening", StringComparison.Ordinal));

        var killed = await Shell.RunAsync("docker", ["kill", container]);
        Assert.True(killed.Code == 0, killed.ToString());
        await Eventually.IsAsync("a restart", s_patience, async () => await RestartsAsync(pod), count => count == restarts + 1);
        await Cluster.KubectlAsync($"wait --for=condition=Ready pod/{pod} --timeout=60s");
        Assert.Contains("Now listening", await Cluster.KubectlAsync($"logs {pod} --previous"), StringComparison.Ordinal);
        Assert.Single((await Cluster.KubectlAsync($"logs {pod} --tail=1")).TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public async Task ARollingUpdate_UnderSteadyLoad_LosesNoRequest()
    {
        await Cluster.KubectlAsync("scale deployment/guestbook --replicas=3");
        await Cluster.KubectlAsync("rollout status deployment/guestbook --timeout=60s");
        await Eventually.IsAsync("the ingress", s_patience, () => StatusOfAsync("/host"), status => status == 200);
        using var stop = new CancellationTokenSource();
        var load = Enumerable.Range(0, 4).Select(_ => LoadAsync(stop.Token)).ToArray();

        await Cluster.KubectlAsync("set image deployment/guestbook web=guestbook-web:2");
        await Cluster.KubectlAsync("rollout status deployment/guestbook --timeout=120s");
        await Cluster.KubectlAsync("rollout undo deployment/guestbook");
        await Cluster.KubectlAsync("rollout status deployment/guestbook --timeout=120s");
        await stop.CancelAsync();

        var results = await Task.WhenAll(load);
        Assert.Empty(results.SelectMany(result => result.Failures));
        // A load that was not there proves nothing.
        Assert.True(results.Sum(result => result.Requests) > 200, $"only {results.Sum(result => result.Requests)} requests were made");
    }

    private async Task<(int Requests, List<string> Failures)> LoadAsync(CancellationToken stop)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        var failures = new List<string>();
        var requests = 0;
        while (!stop.IsCancellationRequested)
        {
            requests++;
            try
            {
                using var answer = await client.GetAsync(new Uri(Cluster.Ingress, "/host"), CancellationToken.None);
                if (!answer.IsSuccessStatusCode)
                {
                    failures.Add($"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync(CancellationToken.None)}");
                }
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
            {
                failures.Add(error.ToString());
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None);
        }

        return (requests, failures);
    }

    private async Task<List<string>> FrontEndsAsync() =>
        [.. (await Cluster.KubectlAsync("get pods -l app=guestbook,tier=frontend -o jsonpath='{.items[*].metadata.name}'")).Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];

    private async Task<int> RestartsAsync(string pod) =>
        (await Cluster.GetAsync($"pod {pod}")).GetProperty("status").GetProperty("containerStatuses")[0].GetProperty("restartCount").GetInt32();

    private async Task<int> StatusOfAsync(string path)
    {
        try
        {
            using var answer = await _browser.GetAsync(new Uri(Cluster.Ingress, path));
            return (int)answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            return 0;
        }
    }
}
