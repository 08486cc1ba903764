using System.Globalization;
using System.Text.Json;
using KubeAspire.AppHost.Graph;
using KubeAspire.Client;
using KubeAspire.Client.Rest;
using KubeAspire.StateStore.Backups;

namespace KubeAspire.AppHost.Commands;

/// <summary><c>backup FILE</c>: the whole cluster in one file. Of a running cluster through its API server, of one that is down from where its state is.</summary>
internal sealed class BackupCommand(ClusterOptions options, TimeProvider clock)
{
    /// <summary>How long a running cluster may take to send its backup. 10 minutes.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(10);

    private static readonly Uri s_path = new("kubeaspire.dev/backup", UriKind.Relative);

    public async Task<int> RunAsync(string file)
    {
        file = Path.GetFullPath(file);
        if (ClusterLock.Holder(options) is null)
        {
            using var clusterLock = ClusterLock.TryTake(options, out _);
            var missing = options.StartsRedis && !Directory.Exists(options.RedisDirectory);
            if ((missing ? $"{options.StateDirectory} holds no state of several silos" : ClusterCheck.Prepare(options)) is { } obstacle)
            {
                await Console.Error.WriteLineAsync($"No backup was written: {obstacle}");
                return 1;
            }

            return await new SiloProgram(options, clock).RunAsync(["backup", file], CancellationToken.None);
        }

        using var patience = new CancellationTokenSource(s_patience, clock);
        try
        {
            var backup = await StateBackup.SaveAsync(file, stream => DownloadAsync(stream, patience.Token), patience.Token);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"wrote {file}: revision {backup.Header.Revision} of {backup.Header.TakenAt:u}, {backup.Entries} objects, {backup.Files.Count} key files, {backup.Bytes} bytes"));
            Console.WriteLine("it holds the cluster's keys: whoever has the file is its administrator");
            return 0;
        }
        catch (Exception failed) when (failed is IOException or HttpRequestException or KubeconfigException or UnauthorizedAccessException or OperationCanceledException)
        {
            await Console.Error.WriteLineAsync($"No backup was written: {failed.Message}");
            return 1;
        }
    }

    private async Task DownloadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var config = KubeconfigLoader.Load(options.Kubeconfig);
        using var client = new HttpClient(KubeconfigTls.CreateHandler(config)) { Timeout = Timeout.InfiniteTimeSpan };
        using var answer = await AskAsync(client, cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            throw new IOException($"the API server answered {(int)answer.StatusCode}: {MessageOf(await answer.Content.ReadAsStringAsync(cancellationToken))}");
        }

        await answer.Content.CopyToAsync(stream, cancellationToken);
    }

    // Any silo copies the whole; the next one is asked where one does not answer.
    private async Task<HttpResponseMessage> AskAsync(HttpClient client, CancellationToken cancellationToken)
    {
        var silos = ClusterGraph.Describe(options).Where(resource => resource.Program == "src/Silo").Select(silo => silo.Endpoints["https"]).ToList();
        foreach (var silo in silos.SkipLast(1))
        {
            try
            {
                return await client.GetAsync(new Uri(silo, s_path), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            }
            catch (HttpRequestException)
            {
                // The next silo may answer; what the last one says is the answer.
            }
        }

        return await client.GetAsync(new Uri(silos[^1], s_path), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    // The message of a Status, or what else was answered.
    private static string MessageOf(string body)
    {
        try
        {
            using var status = JsonDocument.Parse(body);
            return status.RootElement.GetProperty("message").GetString() ?? body;
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return body;
        }
    }
}
