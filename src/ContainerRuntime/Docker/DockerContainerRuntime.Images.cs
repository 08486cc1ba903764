using System.Buffers.Text;
using System.Text.Json;

namespace KubeAspire.ContainerRuntime.Docker;

/// <content>Images, networks and figures.</content>
public sealed partial class DockerContainerRuntime
{
    /// <inheritdoc/>
    public async Task<RuntimeResult<ImageInfo>> InspectImageAsync(string reference, CancellationToken cancellationToken)
    {
        var answer = await _engine.CallAsync(
            HttpMethod.Get, $"/images/{EscapeReference(reference)}/json", null, DockerJson.Default.DockerImage, AnswerTimeout, cancellationToken);
        return answer.Succeeded ? DockerBodies.ToInfo(answer.Value) : answer.Error;
    }

    /// <inheritdoc/>
    public async Task<RuntimeResult<IReadOnlyList<ImageInfo>>> ListImagesAsync(CancellationToken cancellationToken)
    {
        var answer = await _engine.CallAsync(HttpMethod.Get, "/images/json", null, DockerJson.Default.DockerImageList, AnswerTimeout, cancellationToken);
        return answer.Succeeded ? answer.Value.Select(DockerBodies.ToInfo).ToList() : answer.Error;
    }

    /// <inheritdoc/>
    public async Task<RuntimeResult<ImageInfo>> PullImageAsync(
        string reference, RegistryCredential? credential, IProgress<PullProgress>? progress, CancellationToken cancellationToken)
    {
        // Without a tag the Engine would fetch every tag of the repository.
        var name = HasTagOrDigest(reference) ? reference : reference + ":latest";
        var auth = credential is null
            ? null
            : Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(new DockerAuth(credential.Username, credential.Password, credential.Server), DockerJson.Default.DockerAuth));
        using var body = auth is null ? null : new RegistryContent(auth);
        var failed = await FollowAsync($"/images/create?fromImage={Uri.EscapeDataString(name)}", body, progress, cancellationToken);
        return failed is null ? await InspectImageAsync(reference, cancellationToken) : failed;
    }

    /// <inheritdoc/>
    public async Task<RuntimeResult<ImageInfo>> ImportImageAsync(string reference, Stream tar, IReadOnlyList<string> changes, CancellationToken cancellationToken)
    {
        var colon = reference.LastIndexOf(':');
        var (repository, tag) = colon > reference.LastIndexOf('/') ? (reference[..colon], reference[(colon + 1)..]) : (reference, "latest");
        var path = $"/images/create?fromSrc=-&repo={Uri.EscapeDataString(repository)}&tag={Uri.EscapeDataString(tag)}"
            + string.Concat(changes.Select(change => $"&changes={Uri.EscapeDataString(change)}"));
        using var body = new StreamContent(tar);
        body.Headers.ContentType = new System.Net.Http.Headers.MediaTypeHeaderValue("application/x-tar");
        var failed = await FollowAsync(path, body, null, cancellationToken);
        return failed is null ? await InspectImageAsync(reference, cancellationToken) : failed;
    }

    /// <inheritdoc/>
    public Task<RuntimeError?> RemoveImageAsync(string reference, CancellationToken cancellationToken) =>
        GoneIsFine(_engine.CallAsync(HttpMethod.Delete, $"/images/{EscapeReference(reference)}", null, WorkTimeout, cancellationToken));

    /// <inheritdoc/>
    public async Task<RuntimeError?> EnsureNetworkAsync(NetworkSpec spec, CancellationToken cancellationToken)
    {
        var found = await CheckNetworkAsync(spec, cancellationToken);
        if (found is not { Kind: RuntimeErrorKind.NotFound })
        {
            return found;
        }

        var body = new DockerNetworkCreate
        {
            Name = spec.Name,
            CheckDuplicate = true,
            Ipam = new DockerIpam([new DockerIpamConfig(spec.Subnet, spec.Gateway)]),
            Options = new Dictionary<string, string> { ["com.docker.network.bridge.name"] = spec.Bridge },
        };
        var created = await _engine.CallAsync(
            HttpMethod.Post, "/networks/create", DockerEngine.Json(body, DockerJson.Default.DockerNetworkCreate), WorkTimeout, cancellationToken);

        // Another agent of this machine may have made it meanwhile; then the refusal does not matter.
        return created is null || await CheckNetworkAsync(spec, cancellationToken) is null ? null : created;
    }

    /// <inheritdoc/>
    public Task<RuntimeError?> RemoveNetworkAsync(string name, CancellationToken cancellationToken) =>
        GoneIsFine(_engine.CallAsync(HttpMethod.Delete, $"/networks/{Uri.EscapeDataString(name)}", null, WorkTimeout, cancellationToken));

    /// <inheritdoc/>
    public async Task<RuntimeResult<ContainerStats>> GetStatsAsync(string id, CancellationToken cancellationToken)
    {
        var answer = await _engine.CallAsync(
            HttpMethod.Get, $"/containers/{Uri.EscapeDataString(id)}/stats?stream=false&one-shot=true", null, DockerJson.Default.DockerStats, AnswerTimeout, cancellationToken);
        if (answer.Value is not { } stats)
        {
            return answer.Error!;
        }

        var usage = stats.Memory?.Usage ?? 0;
        // cgroup v1 calls it total_inactive_file, v2 inactive_file.
        var droppable = stats.Memory?.Detail is { } detail && (detail.TryGetValue("total_inactive_file", out var bytes) || detail.TryGetValue("inactive_file", out bytes)) ? bytes : 0;
        return new ContainerStats(
            stats.Read, stats.Cpu?.Usage?.Total ?? 0, usage, Math.Max(0, usage - droppable),
            stats.Networks?.Values.Sum(network => network.Received) ?? 0, stats.Networks?.Values.Sum(network => network.Sent) ?? 0);
    }

    private async Task<RuntimeError?> CheckNetworkAsync(NetworkSpec spec, CancellationToken cancellationToken)
    {
        var found = await _engine.CallAsync(
            HttpMethod.Get, $"/networks/{Uri.EscapeDataString(spec.Name)}", null, DockerJson.Default.DockerNetworkCreate, AnswerTimeout, cancellationToken);
        if (!found.Succeeded)
        {
            return found.Error;
        }

        return found.Value.Ipam?.Config?.Any(config => config.Subnet == spec.Subnet) == true
            ? null
            : new RuntimeError(RuntimeErrorKind.Conflict, $"network {spec.Name} exists with another subnet than {spec.Subnet}");
    }

    // Progress comes as JSON values one after another; the last may be an error although the answer began with 200.
    private async Task<RuntimeError?> FollowAsync(string path, HttpContent? body, IProgress<PullProgress>? progress, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(PullTimeout, _clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            var opened = await _engine.OpenAsync(HttpMethod.Post, path, body, PullTimeout, both.Token);
            if (!opened.Succeeded)
            {
                return opened.Error;
            }

            using var response = opened.Value;
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(both.Token));
            while (await reader.ReadLineAsync(both.Token) is { } line)
            {
                if (line.Length == 0 || JsonSerializer.Deserialize(line, DockerJson.Default.DockerProgress) is not { } step)
                {
                    continue;
                }

                if (step.Error is { } error)
                {
                    return new RuntimeError(KindOfPull(error), error);
                }

                progress?.Report(new PullProgress(step.Layer ?? "", step.Status ?? "", step.Detail?.Current ?? 0, step.Detail?.Total ?? 0));
            }

            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new RuntimeError(RuntimeErrorKind.Timeout, $"the pull did not end within {PullTimeout.TotalMinutes:0} min");
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException or JsonException)
        {
            return new RuntimeError(RuntimeErrorKind.Unavailable, $"the Docker Engine broke off: {exception.Message}");
        }
    }

    private static RuntimeErrorKind KindOfPull(string message) =>
        message.Contains("not found", StringComparison.OrdinalIgnoreCase) || message.Contains("does not exist", StringComparison.Ordinal) ? RuntimeErrorKind.NotFound
        : message.Contains("unauthorized", StringComparison.OrdinalIgnoreCase) || message.Contains("denied", StringComparison.Ordinal) ? RuntimeErrorKind.Unauthorized
        : RuntimeErrorKind.Internal;

    private static bool HasTagOrDigest(string reference) => reference.Contains('@') || reference.LastIndexOf(':') > reference.LastIndexOf('/');

    // Slashes stay: they are part of an image's path.
    private static string EscapeReference(string reference) => string.Join('/', reference.Split('/').Select(Uri.EscapeDataString));
}
