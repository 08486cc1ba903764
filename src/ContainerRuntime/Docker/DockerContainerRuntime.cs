using System.Globalization;

namespace KubeAspire.ContainerRuntime.Docker;

/// <summary>The seam over a Docker Engine.</summary>
public sealed partial class DockerContainerRuntime : IContainerRuntime, IDisposable
{
    /// <summary>Longest wait for an answer that needs no work. 30 s: an Engine under load answers late, a stuck one never.</summary>
    public static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Longest wait for creating, starting or removing. 2 min, upstream's runtime request timeout.</summary>
    public static readonly TimeSpan WorkTimeout = TimeSpan.FromMinutes(2);

    /// <summary>Longest pull. 30 min.</summary>
    public static readonly TimeSpan PullTimeout = TimeSpan.FromMinutes(30);

    /// <summary>Most containers inspected at a time.</summary>
    private const int InspectParallel = 8;

    private readonly DockerEngine _engine;
    private readonly TimeProvider _clock;

    /// <summary>A runtime at an endpoint such as <c>unix:///var/run/docker.sock</c>. Connects when first used.</summary>
    public DockerContainerRuntime(string endpoint, TimeProvider clock)
    {
        _engine = new DockerEngine(endpoint);
        _clock = clock;
    }

    /// <inheritdoc/>
    public void Dispose() => _engine.Dispose();

    /// <inheritdoc/>
    public async Task<RuntimeResult<RuntimeVersion>> GetVersionAsync(CancellationToken cancellationToken)
    {
        var agreed = await _engine.NegotiateAsync(AnswerTimeout, cancellationToken);
        if (!agreed.Succeeded)
        {
            return agreed.Error;
        }

        var answer = await _engine.CallAsync(HttpMethod.Get, "/version", null, DockerJson.Default.DockerVersion, AnswerTimeout, cancellationToken);
        return answer.Succeeded ? new RuntimeVersion("docker", answer.Value.Version ?? "", agreed.Value) : answer.Error;
    }

    /// <inheritdoc/>
    public async Task<RuntimeResult<RuntimeInfo>> GetInfoAsync(CancellationToken cancellationToken)
    {
        var answer = await _engine.CallAsync(HttpMethod.Get, "/info", null, DockerJson.Default.DockerInfo, AnswerTimeout, cancellationToken);
        return answer.Value is { } info
            ? new RuntimeInfo(info.OperatingSystem ?? "", info.OSType ?? "linux", info.Architecture ?? "", info.KernelVersion ?? "", info.Cpus, info.MemTotal, info.DockerRootDir ?? "")
            : answer.Error!;
    }

    /// <inheritdoc/>
    public Task<RuntimeResult<string>> CreateSandboxAsync(SandboxSpec spec, CancellationToken cancellationToken) =>
        CreateAsync(spec.Name, DockerBodies.Of(spec), cancellationToken);

    /// <inheritdoc/>
    public Task<RuntimeResult<string>> CreateContainerAsync(ContainerSpec spec, CancellationToken cancellationToken) =>
        CreateAsync(spec.Name, DockerBodies.Of(spec), cancellationToken);

    /// <inheritdoc/>
    public Task<RuntimeError?> StartAsync(string id, CancellationToken cancellationToken) =>
        _engine.CallAsync(HttpMethod.Post, $"/containers/{Uri.EscapeDataString(id)}/start", null, WorkTimeout, cancellationToken);

    /// <inheritdoc/>
    public Task<RuntimeError?> StopAsync(string id, TimeSpan grace, CancellationToken cancellationToken)
    {
        var seconds = (long)Math.Ceiling(grace.TotalSeconds);
        return GoneIsFine(_engine.CallAsync(HttpMethod.Post, $"/containers/{Uri.EscapeDataString(id)}/stop?t={seconds}", null, grace + WorkTimeout, cancellationToken));
    }

    /// <inheritdoc/>
    public async Task<RuntimeError?> KillAsync(string id, string signal, CancellationToken cancellationToken)
    {
        var error = await _engine.CallAsync(
            HttpMethod.Post, $"/containers/{Uri.EscapeDataString(id)}/kill?signal={Uri.EscapeDataString(signal)}", null, AnswerTimeout, cancellationToken);
        return error is { Kind: RuntimeErrorKind.NotFound or RuntimeErrorKind.Conflict } ? null : error; // 409: it does not run.
    }

    /// <inheritdoc/>
    public Task<RuntimeError?> WaitAsync(string id, CancellationToken cancellationToken) =>
        GoneIsFine(WaitForAnswerAsync(id, cancellationToken));

    /// <inheritdoc/>
    public async Task<RuntimeError?> RemoveAsync(string id, CancellationToken cancellationToken)
    {
        var error = await _engine.CallAsync(HttpMethod.Delete, $"/containers/{Uri.EscapeDataString(id)}?force=true&v=true", null, WorkTimeout, cancellationToken);
        // 409 "removal of container … is already in progress": somebody else's removal is as good as ours.
        return error is { Kind: RuntimeErrorKind.NotFound or RuntimeErrorKind.Conflict } ? null : error;
    }

    /// <inheritdoc/>
    public async Task<RuntimeResult<ContainerInfo>> InspectAsync(string idOrName, CancellationToken cancellationToken)
    {
        var answer = await _engine.CallAsync(
            HttpMethod.Get, $"/containers/{Uri.EscapeDataString(idOrName)}/json", null, DockerJson.Default.DockerContainer, AnswerTimeout, cancellationToken);
        return answer.Succeeded ? DockerBodies.ToInfo(answer.Value) : answer.Error;
    }

    /// <inheritdoc/>
    public async Task<RuntimeResult<IReadOnlyList<ContainerInfo>>> ListAsync(IReadOnlyDictionary<string, string> labels, CancellationToken cancellationToken)
    {
        var answer = await _engine.CallAsync(
            HttpMethod.Get, $"/containers/json?all=true&filters={Filters(labels)}", null, DockerJson.Default.DockerListedList, AnswerTimeout, cancellationToken);
        if (!answer.Succeeded)
        {
            return answer.Error;
        }

        // The list says neither exit codes nor start times, so each one is read.
        var found = new ContainerInfo?[answer.Value.Count];
        RuntimeError? failed = null;
        await Parallel.ForEachAsync(
            Enumerable.Range(0, found.Length),
            new ParallelOptions { MaxDegreeOfParallelism = InspectParallel, CancellationToken = cancellationToken },
            async (index, token) =>
            {
                var one = await InspectAsync(answer.Value[index].Id, token);
                found[index] = one.Value;
                failed = one.Error is { Kind: not RuntimeErrorKind.NotFound } error ? error : failed;
            });
        return failed is null ? found.OfType<ContainerInfo>().ToList() : failed;
    }

    private async Task<RuntimeError?> WaitForAnswerAsync(string id, CancellationToken cancellationToken)
    {
        // The headers come at once, the body when the container ends.
        var opened = await _engine.OpenAsync(HttpMethod.Post, $"/containers/{Uri.EscapeDataString(id)}/wait?condition=not-running", null, AnswerTimeout, cancellationToken);
        if (!opened.Succeeded)
        {
            return opened.Error;
        }

        using var response = opened.Value;
        try
        {
            await response.Content.ReadAsByteArrayAsync(cancellationToken);
            return null;
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return new RuntimeError(RuntimeErrorKind.Unavailable, $"the Docker Engine went away while container {id} was waited for: {exception.Message}");
        }
    }

    private async Task<RuntimeResult<string>> CreateAsync(string name, DockerContainerConfig body, CancellationToken cancellationToken)
    {
        var answer = await _engine.CallAsync(
            HttpMethod.Post, $"/containers/create?name={Uri.EscapeDataString(name)}", DockerEngine.Json(body, DockerJson.Default.DockerContainerConfig),
            DockerJson.Default.DockerCreated, WorkTimeout, cancellationToken);
        return answer.Succeeded ? answer.Value.Id : answer.Error;
    }

    private static async Task<RuntimeError?> GoneIsFine(Task<RuntimeError?> call) =>
        await call is { Kind: not RuntimeErrorKind.NotFound } error ? error : null;

    private static string Filters(IReadOnlyDictionary<string, string> labels, params (string Name, string Value)[] others)
    {
        var filters = new Dictionary<string, IReadOnlyList<string>>();
        if (labels.Count > 0)
        {
            filters["label"] = [.. labels.Select(label => $"{label.Key}={label.Value}")];
        }

        foreach (var group in others.GroupBy(other => other.Name))
        {
            filters[group.Key] = [.. group.Select(other => other.Value)];
        }

        return Uri.EscapeDataString(System.Text.Json.JsonSerializer.Serialize(filters, DockerJson.Default.DockerFilters));
    }

    // Seconds with nanoseconds, as the Engine's "since" takes them.
    private static string Timestamp(DateTimeOffset time)
    {
        var ticks = time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks;
        return string.Create(CultureInfo.InvariantCulture, $"{ticks / TimeSpan.TicksPerSecond}.{ticks % TimeSpan.TicksPerSecond * 100:000000000}");
    }
}
