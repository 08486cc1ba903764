using System.Globalization;

namespace KubeAspire.Bench;

/// <summary>A cluster of <c>up --detach</c>, beside whatever else runs on the machine: ports, network and addresses of its own.</summary>
internal sealed class BenchCluster(string purpose, int nodes)
{
    private readonly string _state = Path.Combine(Path.GetTempPath(), $"kubeaspire-bench-{Environment.ProcessId}-{purpose}");

    public int ApiPort { get; } = ChildProcess.FreePort();

    public string Kubeconfig => Path.Combine(_state, "kubeconfig");

    public static string AppHost { get; } = Path.Combine(
        Report.Root, "artifacts/bin/KubeAspire.AppHost", Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/')), "KubeAspire.AppHost");

    private Dictionary<string, string> Settings => new()
    {
        ["KUBEASPIRE_STATE"] = _state,
        ["KUBEASPIRE_API_PORT"] = Text(ApiPort),
        ["KUBEASPIRE_HTTP_PORT"] = Text(_httpPort),
        ["KUBEASPIRE_HTTPS_PORT"] = Text(_httpsPort),
        ["KUBEASPIRE_HEALTH_PORT"] = "21360",
        ["KUBEASPIRE_NODES"] = Text(nodes),
        ["KUBEASPIRE_SILOS"] = "1",
        ["KUBEASPIRE_NETWORK"] = "kubeaspire-bench",
        ["KUBEASPIRE_POD_CIDR"] = "10.246.0.0/16",
        ["KUBEASPIRE_SERVICE_CIDR"] = "10.128.0.0/12",
        ["Logging__LogLevel__Default"] = "Warning",
    };

    private readonly int _httpPort = ChildProcess.FreePort();
    private readonly int _httpsPort = ChildProcess.FreePort();

    /// <summary>Makes the images that the pods of benchmarks run. Null when done.</summary>
    public static async Task<string?> MakeImagesAsync()
    {
        var (code, output) = await ChildProcess.RunAsync("/bin/bash", [Path.Combine(Report.Root, "examples/guestbook/images.sh")]);
        return code == 0 ? null : output;
    }

    /// <summary>Starts it from an empty state.</summary>
    public Task<(int Code, string Output)> UpAsync() => ChildProcess.RunAsync(AppHost, ["up", "--detach"], Settings);

    /// <summary>Ends it and removes its state.</summary>
    public Task DownAsync() => ChildProcess.RunAsync(AppHost, ["down", "--purge"], Settings);

    /// <summary>Its processes, by the names of the graph; the launcher is one of them.</summary>
    public IReadOnlyDictionary<string, int> Processes() => Directory.GetFiles(Path.Combine(_state, "run"), "*.pid").ToDictionary(
        file => Path.GetFileNameWithoutExtension(file), file => int.Parse(File.ReadAllText(file).Split(' ')[0], CultureInfo.InvariantCulture));

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
