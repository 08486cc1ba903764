using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using KubeAspire.EndToEnd.Harness;

namespace KubeAspire.EndToEnd;

/// <summary>The restore drill: a cluster is backed up while it is written to, lost, restored, and goes on.</summary>
public sealed class BackupTests
{
    private const int Writers = 4;
    private const long RevisionJump = 1_000_000_000;

    [Fact]
    public async Task ABackupAmidWrites_RestoredAfterALoss_BringsEverythingBack_AndTellsWatchersToListAnew()
    {
        Cluster.RequireMachine();
        var images = await Shell.RunAsync("/bin/bash", [Path.Combine(Repository.Root, "examples/guestbook/images.sh")], patience: TimeSpan.FromMinutes(5));
        Assert.True(images.Code == 0, $"images.sh: {images}");
        await using var cluster = new Cluster("backup");
        var file = Path.Combine(Path.GetTempPath(), $"kubeaspire-e2e-{Environment.ProcessId}.backup");
        try
        {
            await cluster.UpAsync();
            await cluster.KubectlAsync("create namespace kept");
            await cluster.KubectlAsync("apply -n kept -f -", Manifests.Pod("runner", "Always", Manifests.Container("main", "echo runs; exec busybox sleep 100000")));
            await cluster.KubectlAsync("wait -n kept --for=condition=Ready pod/runner --timeout=60s");
            var token = (await cluster.KubectlAsync("create token default -n kept")).Trim();
            var kubeconfig = await File.ReadAllTextAsync(cluster.Kubeconfig, CancellationToken.None);

            using var stop = new CancellationTokenSource();
            var acknowledged = new List<string>[Writers];
            var writers = Enumerable.Range(0, Writers).Select(writer => WriteAsync(cluster, writer, acknowledged[writer] = [], stop.Token)).ToArray();
            await Eventually.IsAsync("writes", TimeSpan.FromSeconds(30), () => Task.FromResult(Count(acknowledged)), count => count > 100);
            var promised = Names(acknowledged);
            var backup = await cluster.AppHostAsync("backup", file);
            Assert.True(backup.Code == 0 && backup.Output.Contains($"wrote {file}", StringComparison.Ordinal), $"backup: {backup}");
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            }

            await stop.CancelAsync();
            await Task.WhenAll(writers);
            var revision = await RevisionAsync(cluster);
            await AssertRefusesAsync(cluster, file, "The cluster is up");

            await cluster.DownAsync(purge: true);
            await AssertDamagedIsRefusedAsync(cluster, file);
            var restore = await cluster.AppHostAsync("restore", file);
            Assert.True(restore.Code == 0, $"restore: {restore}");
            await AssertRefusesAsync(cluster, file, "is not empty");
            await cluster.UpAsync();

            var stored = Stored(await cluster.GetAsync("configmaps -n kept"));
            Assert.Empty(promised.Except(stored));
            Assert.Empty(stored.Except(Names(acknowledged)));
            Assert.True(await RevisionAsync(cluster) > RevisionJump, "the revision was not moved on");
            await AssertExpiredAsync(cluster, revision);

            // What was handed out before the loss is good still: the same CA, the same signing key.
            Assert.Equal(Authority(kubeconfig), Authority(await File.ReadAllTextAsync(cluster.Kubeconfig, CancellationToken.None)));
            await AssertTokenIsGoodAsync(cluster, token);

            // The pod that the store believed to run runs again, and the cluster takes work.
            await Eventually.IsAsync("the pod", TimeSpan.FromSeconds(60), async () => (await PodReading.AllAsync(cluster, "kept")).ToString(), text => text.Contains("runner@", StringComparison.Ordinal) && text.Contains(" Running ready", StringComparison.Ordinal));
            await Eventually.IsAsync("its container", TimeSpan.FromSeconds(60), async () => (await cluster.TryKubectlAsync("logs -n kept runner")).Output.Trim(), text => text == "runs");
            await cluster.KubectlAsync("apply -n kept -f -", Manifests.Pod("another", "Always", Manifests.Container("main", "exec busybox sleep 100000")));
            await cluster.KubectlAsync("wait -n kept --for=condition=Ready pod/another --timeout=60s");

            // A cluster that is down is backed up from its directory.
            await cluster.DownAsync(purge: false);
            var offline = await cluster.AppHostAsync("backup", file);
            Assert.True(offline.Code == 0, $"backup of a cluster that is down: {offline}");
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static int Count(List<string>[] lists) => lists.Sum(list =>
    {
        lock (list)
        {
            return list.Count;
        }
    });

    private static HashSet<string> Names(List<string>[] lists) => [.. lists.SelectMany(list =>
    {
        lock (list)
        {
            return list.ToArray();
        }
    })];

    private static HashSet<string> Stored(JsonElement list) =>
        [.. list.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("metadata").GetProperty("name").GetString()!).Where(name => name.StartsWith("written-", StringComparison.Ordinal))];

    private static async Task<long> RevisionAsync(Cluster cluster) =>
        long.Parse((await Json(cluster, "/api/v1/namespaces/kept/configmaps?limit=1")).GetProperty("metadata").GetProperty("resourceVersion").GetString()!, CultureInfo.InvariantCulture);

    private static async Task<JsonElement> Json(Cluster cluster, string path) =>
        JsonDocument.Parse(await cluster.KubectlAsync($"get --raw {path}")).RootElement;

    private static async Task AssertRefusesAsync(Cluster cluster, string file, string because)
    {
        var refused = await cluster.AppHostAsync("restore", file);
        Assert.NotEqual(0, refused.Code);
        Assert.Contains(because, refused.Errors, StringComparison.Ordinal);
    }

    private static async Task AssertDamagedIsRefusedAsync(Cluster cluster, string file)
    {
        var damaged = file + ".damaged";
        try
        {
            var bytes = await File.ReadAllBytesAsync(file, CancellationToken.None);
            bytes[bytes.Length / 2] ^= 1;
            await File.WriteAllBytesAsync(damaged, bytes, CancellationToken.None);
            await AssertRefusesAsync(cluster, damaged, "cannot be used: at offset");
            Assert.False(Directory.Exists(Path.Combine(cluster.State, "silo")));
        }
        finally
        {
            File.Delete(damaged);
        }
    }

    // A watcher from before the loss: 410, at once, whether its revision is old or lies beyond the backup.
    private static async Task AssertExpiredAsync(Cluster cluster, long revision)
    {
        using var admin = cluster.Client(withCertificate: true);
        foreach (var seen in new[] { revision - 10, revision, revision + 1_000 })
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            using var answer = await admin.GetAsync(
                new Uri($"/api/v1/namespaces/kept/configmaps?watch=true&resourceVersion={seen}&timeoutSeconds=15", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, patience.Token);
            using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(patience.Token));
            var status = JsonDocument.Parse(await reader.ReadLineAsync(patience.Token) ?? "{}").RootElement;
            status = status.TryGetProperty("object", out var inner) ? inner : status;
            Assert.Equal((410, "Expired"), (status.GetProperty("code").GetInt32(), status.GetProperty("reason").GetString()));
        }
    }

    private static async Task AssertTokenIsGoodAsync(Cluster cluster, string token)
    {
        using var client = cluster.Client(withCertificate: false);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/api/v1/namespaces/kept/pods", UriKind.Relative));
        request.Headers.Authorization = new System.Net.Http.Headers.AuthenticationHeaderValue("Bearer", token);
        using var answer = await client.SendAsync(request);

        // Known, and without rights: not 401.
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Contains("system:serviceaccount:kept:default", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static string Authority(string kubeconfig) => kubeconfig.Split('\n').Single(line => line.Contains("certificate-authority-data", StringComparison.Ordinal)).Trim();

    private static async Task WriteAsync(Cluster cluster, int writer, List<string> acknowledged, CancellationToken stop)
    {
        for (var number = 0; !stop.IsCancellationRequested; number++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"written-{writer}-{number}");
            using var body = new StringContent($$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{name}}"} }""", Encoding.UTF8, "application/json");
            using var answer = await cluster.Admin.PostAsync(new Uri("/api/v1/namespaces/kept/configmaps", UriKind.Relative), body, CancellationToken.None);
            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
            lock (acknowledged)
            {
                acknowledged.Add(name);
            }
        }
    }
}
