using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace KubeAspire.Bench;

/// <summary>From the POST of a pod to its Running, beside the same pod made by hand through the Engine API: pause container on the bridge, then one container in its namespace.</summary>
internal static class PodStartBenchmark
{
    /// <summary>Pods of each kind, in turn. 15.</summary>
    private const int PodsOfAKind = 15;

    private const string Image = "guestbook-redis:1";

    public static async Task RunAsync()
    {
        if (await BenchCluster.MakeImagesAsync() is { } problem)
        {
            Console.Error.WriteLine($"pods: skipped, the images could not be made: {problem}");
            return;
        }

        var cluster = new BenchCluster("pods", nodes: 1);
        var up = await cluster.UpAsync();
        try
        {
            if (up.Code != 0)
            {
                Console.Error.WriteLine($"pods: skipped, no cluster: {up.Output}");
                return;
            }

            await MeasureAsync(cluster);
        }
        finally
        {
            await cluster.DownAsync();
        }
    }

    /// <summary>Where pods of the default namespace are.</summary>
    public static readonly Uri Pods = new("/api/v1/namespaces/default/pods", UriKind.Relative);

    /// <summary>A pod of one container, whose image is there.</summary>
    public static string BodyOf(string name) =>
        $$"""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{name}}"},"spec":{"terminationGracePeriodSeconds":0,"automountServiceAccountToken":false,"containers":[{"name":"c","image":"{{Image}}"}]} }""";

    /// <summary>Whether a watch event shows a running pod.</summary>
    public static bool IsRunning(JsonElement change) => change.GetProperty("object").GetProperty("status").TryGetProperty("phase", out var phase) && phase.GetString() == "Running";

    /// <summary>The resourceVersion of an object that was answered.</summary>
    public static async Task<string> VersionOf(HttpResponseMessage answer)
    {
        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return document.RootElement.GetProperty("metadata").GetProperty("resourceVersion").GetString()!;
    }

    private static async Task MeasureAsync(BenchCluster cluster)
    {
        var report = new Report("pods", "Pod start. Ours: POST of a pod to status.phase Running as a watch sees it. By hand: create and start of a pause container on a bridge and of one container in its network namespace through the Engine API. In turn, image present.");
        using var api = SiloPeer.ClientOf(cluster.Kubeconfig, cluster.ApiPort);
        using var engine = EngineClient();
        var pause = (await ChildProcess.RunAsync("docker", ["images", "-q", "kubeaspire/pause"])).Output.Split('\n')[0];
        await ChildProcess.RunAsync("docker", ["network", "create", "kubeaspire-bench-hand"]);
        var (ours, byHand) = (new List<double>(), new List<double>());
        try
        {
            for (var number = 0; number <= PodsOfAKind; number++)
            {
                var mine = await StartPodAsync(api, string.Create(CultureInfo.InvariantCulture, $"pod-{number}"));
                var hand = await StartByHandAsync(engine, pause, number);
                if (number > 0)
                {
                    // The first of each warms up.
                    ours.Add(mine);
                    byHand.Add(hand);
                }
            }
        }
        finally
        {
            await ChildProcess.RunAsync("docker", ["network", "rm", "kubeaspire-bench-hand"]);
        }

        report.Add("| | median ms | minimum | maximum |");
        report.Add("| --- | --- | --- | --- |");
        report.Add(Row("apply to Running", ours));
        report.Add(Row("by hand", byHand));
        report.Add(string.Create(CultureInfo.InvariantCulture, $"\nRatio of the medians: {Report.Median(ours) / Report.Median(byHand):0.00}."));
        report.Save();
    }

    private static string Row(string name, List<double> values) =>
        string.Create(CultureInfo.InvariantCulture, $"| {name} | {Report.Median(values):0} | {values.Min():0} | {values.Max():0} |");

    private static async Task<double> StartPodAsync(HttpClient api, string name)
    {
        var watch = Stopwatch.StartNew();
        using var content = new StringContent(BodyOf(name), Encoding.UTF8, "application/json");
        using var created = await api.PostAsync(Pods, content);
        created.EnsureSuccessStatusCode();
        var version = await VersionOf(created);
        await FollowAsync(api, name, version, IsRunning);
        var elapsed = watch.Elapsed.TotalMilliseconds;
        using var deleted = await api.DeleteAsync(new Uri($"/api/v1/namespaces/default/pods/{name}", UriKind.Relative));
        deleted.EnsureSuccessStatusCode();
        await FollowAsync(api, name, version, change => change.GetProperty("type").GetString() == "DELETED");
        return elapsed;
    }

    /// <summary>Watches a pod from a version on until something is so.</summary>
    public static async Task FollowAsync(HttpClient api, string name, string version, Func<JsonElement, bool> isDone)
    {
        using var answer = await api.GetAsync(
            new Uri($"/api/v1/namespaces/default/pods?watch=true&resourceVersion={version}&fieldSelector=metadata.name%3D{name}&timeoutSeconds=60", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        while (await reader.ReadLineAsync() is { } line)
        {
            if (isDone(JsonDocument.Parse(line).RootElement))
            {
                return;
            }
        }

        throw new InvalidOperationException($"pod {name} did not get there");
    }

    private static async Task<double> StartByHandAsync(HttpClient engine, string pause, int number)
    {
        var watch = Stopwatch.StartNew();
        var sandbox = await RunContainerAsync(engine, $"bench-hand-pause-{number}", new { Image = pause, HostConfig = new { NetworkMode = "kubeaspire-bench-hand" } });
        var container = await RunContainerAsync(engine, $"bench-hand-{number}", new { Image, HostConfig = new { NetworkMode = $"container:{sandbox}" } });
        var elapsed = watch.Elapsed.TotalMilliseconds;
        foreach (var id in new[] { container, sandbox })
        {
            using var removed = await engine.DeleteAsync(new Uri($"/containers/{id}?force=true&v=true", UriKind.Relative));
            removed.EnsureSuccessStatusCode();
        }

        return elapsed;
    }

    private static async Task<string> RunContainerAsync(HttpClient engine, string name, object definition)
    {
        using var created = await engine.PostAsJsonAsync(new Uri($"/containers/create?name={name}", UriKind.Relative), definition, new JsonSerializerOptions());
        created.EnsureSuccessStatusCode();
        var id = JsonDocument.Parse(await created.Content.ReadAsStringAsync()).RootElement.GetProperty("Id").GetString()!;
        using var started = await engine.PostAsync(new Uri($"/containers/{id}/start", UriKind.Relative), null);
        started.EnsureSuccessStatusCode();
        return id;
    }

    private static HttpClient EngineClient() => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancelled) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint("/var/run/docker.sock"), cancelled);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    {
        BaseAddress = new Uri("http://docker"),
    };
}
