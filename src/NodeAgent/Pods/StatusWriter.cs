using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Client;
using KubeAspire.NodeAgent.Hosting;
using KubeAspire.Resources;
using KubeAspire.Resources.Core;
using Microsoft.Extensions.Logging;

namespace KubeAspire.NodeAgent.Pods;

/// <summary>Writes pods' statuses to the API server: only what changed, the latest only, again until it is taken.</summary>
internal sealed class StatusWriter(IApiClient client, TimeProvider clock, ILogger<StatusWriter> logger)
{
    /// <summary>First wait after a refusal. 500 ms, doubling.</summary>
    public static readonly TimeSpan RetryInitial = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest wait after a refusal. 10 s.</summary>
    public static readonly TimeSpan RetryMax = TimeSpan.FromSeconds(10);

    // Fields that vanish from a status must be written as null, or a merge keeps the old value.
    private static readonly string[] s_clearable = ["reason", "message", "podIP"];

    private readonly ConcurrentDictionary<string, Line> _lines = new();

    /// <summary>Says what a pod's status is now. Returns at once.</summary>
    public void Set(Pod pod, PodStatus status, CancellationToken cancellationToken)
    {
        var line = _lines.GetOrAdd(pod.Metadata.Uid!, _ => new Line());
        lock (line)
        {
            var body = Body(pod, status);
            if (line.Wanted is null ? Same(pod.Status, status) : line.Wanted.AsSpan().SequenceEqual(body))
            {
                return;
            }

            line.Wanted = body;
            line.Writing ??= WriteAsync(line, pod, cancellationToken);
        }
    }

    /// <summary>Waits until what was said last is written, or given up.</summary>
    public async Task FlushAsync(string uid, CancellationToken cancellationToken)
    {
        if (_lines.TryGetValue(uid, out var line) && line.Writing is { } writing)
        {
            await writing.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Forgets a pod that is gone.</summary>
    public void Forget(string uid) => _lines.TryRemove(uid, out _);

    private async Task WriteAsync(Line line, Pod pod, CancellationToken cancellationToken)
    {
        await Task.Yield(); // The caller holds the line's lock.
        var delay = RetryInitial;
        while (!cancellationToken.IsCancellationRequested)
        {
            byte[] body;
            lock (line)
            {
                if (ReferenceEquals(line.Written, line.Wanted))
                {
                    line.Writing = null;
                    return;
                }

                body = line.Wanted!;
            }

            if (await TryWriteAsync(pod, body, cancellationToken) is not { } problem)
            {
                line.Written = body;
                delay = RetryInitial;
                continue;
            }

            logger.StatusNotWritten(pod.Metadata.Namespace, pod.Metadata.Name, problem);
            try
            {
                await Task.Delay(delay, clock, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                break;
            }

            delay = delay * 2 < RetryMax ? delay * 2 : RetryMax;
        }
    }

    // Null when there is nothing more to do, written or not.
    private async Task<string?> TryWriteAsync(Pod pod, byte[] body, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await client.PatchStatusAsync<Pod>(pod.Metadata.Namespace, pod.Metadata.Name!, new ApiPatch(PatchKind.StrategicMerge, body), cancellationToken);
            return answer.Error switch
            {
                null => null,
                { Reason: ApiErrorReason.NotFound } => null,
                // Another pod has the name now: the uid in the patch did not match.
                { Reason: ApiErrorReason.Conflict or ApiErrorReason.Invalid } error when error.Message.Contains("uid", StringComparison.OrdinalIgnoreCase) => null,
                { } error => error.Message,
            };
        }
        catch (HttpRequestException exception)
        {
            return exception.Message;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private static byte[] Body(Pod pod, PodStatus status)
    {
        var node = JsonSerializer.SerializeToNode(status, ResourcesJsonContext.Default.Options.GetTypeInfo(typeof(PodStatus)))!.AsObject();
        foreach (var name in s_clearable)
        {
            if (!node.ContainsKey(name))
            {
                node[name] = null;
            }
        }

        // Addresses merge by ip: one that is no longer the pod's would stay.
        if (pod.Status.PodIPs is [{ Ip: { } old }, ..] && old != status.PodIP)
        {
            var ips = node["podIPs"] as JsonArray ?? [];
            ips.Add(new JsonObject { ["$patch"] = "delete", ["ip"] = old });
            node["podIPs"] = ips;
        }

        return JsonSerializer.SerializeToUtf8Bytes(new JsonObject { ["metadata"] = new JsonObject { ["uid"] = pod.Metadata.Uid }, ["status"] = node });
    }

    private static bool Same(PodStatus before, PodStatus after)
    {
        var type = ResourcesJsonContext.Default.Options.GetTypeInfo(typeof(PodStatus));
        return JsonNode.DeepEquals(JsonSerializer.SerializeToNode(before, type), JsonSerializer.SerializeToNode(after, type));
    }

    private sealed class Line
    {
        public byte[]? Wanted { get; set; }

        public byte[]? Written { get; set; }

        public Task? Writing { get; set; }
    }
}
