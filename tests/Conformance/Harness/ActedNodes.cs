using System.Text.Json.Nodes;

namespace KubeAspire.Conformance.Harness;

/// <summary>
/// Two nodes that are acted: what is bound to them runs at once and is ready, what is to be deleted is gone at once, and no container ever ran.
/// What the control plane makes of running pods can be asked so without any.
/// </summary>
/// <remarks>
/// A pod's annotation <see cref="Acts"/> says otherwise: <c>waits</c> stays pending, <c>unready</c> runs but never is ready,
/// <c>exits:0</c> ends with that code, <c>exits:1,0</c> with the code at the place of its completion index. With restartPolicy OnFailure
/// a container that fails does so once, and ends well when it was restarted. On <see cref="Names"/>[2] only pods that tolerate its taint run.
/// </remarks>
public sealed class ActedNodes(ControlPlane api) : IAsyncDisposable
{
    /// <summary>The annotation that says how a pod acts.</summary>
    public const string Acts = "conformance.kubeaspire.dev/acts";

    /// <summary>The nodes. The last has a taint <c>only=guests:NoSchedule</c>, and stands for tests that do harm to a node.</summary>
    public static readonly string[] Names = ["acted-1", "acted-2", "acted-3"];

    private const string Strategic = "application/strategic-merge-patch+json";
    private readonly CancellationTokenSource _stopping = new();
    private Task _acting = Task.CompletedTask;
    private int _address;

    /// <summary>Makes the nodes known and begins to act.</summary>
    public async Task StartAsync()
    {
        foreach (var name in Names)
        {
            var taints = name == Names[2] ? ""","taints":[{"key":"only","value":"guests","effect":"NoSchedule"}]""" : "";
            (await api.SendAsync("POST", "/api/v1/nodes", $$$"""{"metadata":{"name":"{{{name}}}","labels":{"kubernetes.io/hostname":"{{{name}}}","kubernetes.io/os":"linux","kubernetes.io/arch":"amd64"}},"spec":{"podCIDR":""{{{taints}}}}}""")).Expect(201);
            const string Room = """{"cpu":"16","memory":"64Gi","ephemeral-storage":"100Gi","pods":"1000"}""";
            (await api.SendAsync(
                "PATCH", $"/api/v1/nodes/{name}/status",
                "{\"status\":{\"capacity\":" + Room + ",\"allocatable\":" + Room + ",\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"192.0.2.1\"}],\"conditions\":[" + Condition("Ready") + "]}}",
                Strategic)).Expect(200);
        }

        _acting = Task.Run(ActAsync);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        try
        {
            await _acting;
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or IOException or HttpRequestException)
        {
            // The watch was cut: that is how it ends.
        }

        _stopping.Dispose();
    }

    private async Task ActAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            using var lines = await api.OpenLinesAsync("/api/v1/pods?watch=1&resourceVersion=0&timeoutSeconds=600", _stopping.Token);
            while (await lines.ReadLineAsync(_stopping.Token) is { } line)
            {
                if (JsonNode.Parse(line)!.AsObject() is { } seen && seen.At("type") is "ADDED" or "MODIFIED")
                {
                    await OnPodAsync(seen["object"]!.AsObject());
                }
            }
        }
    }

    // What has changed meanwhile comes again, so a refusal (gone, changed) needs no answer.
    private async Task OnPodAsync(JsonObject pod)
    {
        if (!Names.Contains(pod.At("spec.nodeName")))
        {
            return;
        }

        var path = $"/api/v1/namespaces/{pod.At("metadata.namespace")}/pods/{pod.At("metadata.name")}";
        var acts = pod.At($"metadata.annotations.[{Acts}]");
        if (pod.At("metadata.deletionTimestamp").Length > 0)
        {
            if (pod.At("status.phase") is not ("Succeeded" or "Failed") && pod.At("spec.restartPolicy") != "Always")
            {
                // Stopped before its end, and not to be started again.
                await api.SendQuietlyAsync("PATCH", path + "/status", $$$"""{"metadata":{"uid":"{{{pod.At("metadata.uid")}}}"},"status":{"phase":"Failed"} }""", Strategic, _stopping.Token);
            }

            await api.SendQuietlyAsync("DELETE", path, $$$"""{"gracePeriodSeconds":0,"preconditions":{"uid":"{{{pod.At("metadata.uid")}}}"} }""", null, _stopping.Token);
        }
        else if (pod.At("status.phase") is "Pending" or "" && acts != "waits")
        {
            await api.SendQuietlyAsync("PATCH", path + "/status", StatusOf(pod, acts), Strategic, _stopping.Token);
        }
    }

    private string StatusOf(JsonObject pod, string acts)
    {
        var code = acts.StartsWith("exits:", StringComparison.Ordinal) ? CodeOf(pod, acts["exits:".Length..].Split(',')) : (int?)null;
        var restarts = 0;
        if (code > 0 && pod.At("spec.restartPolicy") == "OnFailure")
        {
            (code, restarts) = (0, 1);
        }

        var ready = code is null && acts != "unready";
        var now = Now();
        var state = code is null ? new JsonObject { ["running"] = new JsonObject { ["startedAt"] = now } }
            : new JsonObject { ["terminated"] = new JsonObject { ["exitCode"] = code, ["reason"] = code == 0 ? "Completed" : "Error", ["startedAt"] = now, ["finishedAt"] = now } };
        var containers = new JsonArray([.. (pod["spec"]!["containers"] as JsonArray)!.OfType<JsonObject>().Select(container => (JsonNode)new JsonObject
        {
            ["name"] = container.At("name"), ["image"] = container.At("image"), ["imageID"] = "", ["ready"] = ready, ["started"] = code is null, ["restartCount"] = restarts, ["state"] = state.DeepClone(),
        })]);
        var number = Interlocked.Increment(ref _address);
        var ip = $"10.244.{pod.At("spec.nodeName")[^1]}.{1 + (number % 250)}";
        var phase = code switch { null => "Running", 0 => "Succeeded", _ => "Failed" };
        var conditions = string.Join(',', Condition("PodReadyToStartContainers"), Condition("Initialized"), Condition("Ready", ready), Condition("ContainersReady", ready));
        return $$$"""
            {"metadata":{"uid":"{{{pod.At("metadata.uid")}}}"},
             "status":{"phase":"{{{phase}}}","observedGeneration":{{{Generation(pod)}}},"startTime":"{{{now}}}","hostIP":"192.0.2.1","hostIPs":[{"ip":"192.0.2.1"}],"podIP":"{{{ip}}}","podIPs":[{"ip":"{{{ip}}}"}],
              "conditions":[{{{conditions}}}],"containerStatuses":{{{containers.ToJsonString()}}}}}
            """;
    }

    private static int CodeOf(JsonObject pod, string[] codes)
    {
        var index = int.TryParse(pod.At("metadata.annotations.[batch.kubernetes.io/job-completion-index]"), out var found) ? found : 0;
        return int.Parse(codes[index % codes.Length], null);
    }

    private static string Generation(JsonObject pod) => pod.At("metadata.generation") is { Length: > 0 } generation ? generation : "0";

    private static string Condition(string type, bool holds = true) =>
        $$$"""{"type":"{{{type}}}","status":"{{{holds}}}","reason":"Acted","lastTransitionTime":"{{{Now()}}}"}""";

    private static string Now() => TimeProvider.System.GetUtcNow().UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture);
}
