using System.Globalization;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>The row of a pod in kubectl get pods.</summary>
/// <remarks>Upstream's <c>printPod</c> in pkg/printers/internalversion/printers.go: what STATUS says is decided there, not in the object.</remarks>
internal static class PodTable
{
    public static IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Ready", Description: "Containers that are ready, of all."),
        new("Status", Description: "What the pod is doing or waiting for, in one word."),
        new("Restarts", Description: "Restarts of all containers, and how long ago the last one was."),
        TableColumn.Age,
        new("IP", Priority: 1, Description: "Address of the pod."),
        new("Node", Priority: 1, Description: "Node that runs the pod."),
        new("Nominated Node", Priority: 1, Description: "Node on which room is being made for the pod."),
        new("Readiness Gates", Priority: 1, Description: "Readiness gates that are open, of all."),
    ];

    public static IReadOnlyList<object?> Cells(Pod pod, DateTimeOffset now)
    {
        var summary = Summarize(pod);
        var restarts = summary.Restarts.ToString(CultureInfo.InvariantCulture);
        if (summary.Restarts != 0 && summary.LastRestart is { } last)
        {
            restarts = $"{restarts} ({TableCells.Age(last, now)} ago)";
        }

        var address = pod.Status.PodIPs is [{ } first, ..] ? first.Ip : pod.Status.PodIP;
        return
        [
            pod.Metadata.Name,
            $"{summary.Ready}/{summary.Total}",
            summary.Status,
            restarts,
            TableCells.Age(pod.Metadata.CreationTimestamp, now),
            OrNone(address),
            OrNone(pod.Spec.NodeName),
            OrNone(pod.Status.NominatedNodeName),
            Gates(pod),
        ];
    }

    /// <summary>What the STATUS column says.</summary>
    public static string StatusOf(Pod pod) => Summarize(pod).Status;

    private static string OrNone(string? text) => string.IsNullOrEmpty(text) ? "<none>" : text;

    private static string Gates(Pod pod) => pod.Spec.ReadinessGates is { Count: > 0 } gates
        ? $"{gates.Count(gate => pod.FindCondition(gate.ConditionType)?.Status == "True")}/{gates.Count}"
        : "<none>";

    private sealed record Summary(string Status, int Ready, int Total, int Restarts, DateTimeOffset? LastRestart);

    private static Summary Summarize(Pod pod)
    {
        var sidecars = (pod.Spec.InitContainers ?? []).Where(container => container.RestartPolicy == "Always").Select(container => container.Name).ToHashSet(StringComparer.Ordinal);
        var status = string.IsNullOrEmpty(pod.Status.Reason) ? pod.Status.Phase ?? "" : pod.Status.Reason;
        if (pod.Status.Conditions?.Any(condition => condition is { Type: PodConditionTypes.PodScheduled, Reason: "SchedulingGated" }) == true)
        {
            status = "SchedulingGated";
        }

        var init = Initialization(pod, sidecars);
        status = init.Status ?? status;
        var (ready, restarts, last) = (init.Ready, init.Restarts, init.Last);
        if (init.Status is null || pod.FindCondition(PodConditionTypes.Initialized)?.Status == "True")
        {
            var main = Containers(pod, status);
            (status, ready, restarts, last) = (main.Status, ready + main.Ready, init.SidecarRestarts + main.Restarts, Later(init.SidecarLast, main.Last));
        }

        if (pod.Metadata.DeletionTimestamp is not null && pod.Status.Reason == "NodeLost")
        {
            status = "Unknown";
        }
        else if (pod.Metadata.DeletionTimestamp is not null && !pod.IsTerminal())
        {
            status = "Terminating";
        }

        return new(status, ready, pod.Spec.Containers.Count + sidecars.Count, restarts, last);
    }

    private sealed record Init(string? Status, int Ready, int Restarts, DateTimeOffset? Last, int SidecarRestarts, DateTimeOffset? SidecarLast);

    // Walks the init containers up to the first that is not done; that one names the status.
    private static Init Initialization(Pod pod, HashSet<string> sidecars)
    {
        var result = new Init(null, 0, 0, null, 0, null);
        foreach (var (at, container) in (pod.Status.InitContainerStatuses ?? []).Index())
        {
            var ended = container.LastState?.Terminated?.FinishedAt;
            result = result with { Restarts = result.Restarts + container.RestartCount, Last = Later(result.Last, ended) };
            var isSidecar = sidecars.Contains(container.Name);
            if (isSidecar)
            {
                result = result with { SidecarRestarts = result.SidecarRestarts + container.RestartCount, SidecarLast = Later(result.SidecarLast, ended) };
            }

            if (container.State?.Terminated is { ExitCode: 0 })
            {
                continue;
            }

            if (isSidecar && container.Started == true)
            {
                result = container.Ready ? result with { Ready = result.Ready + 1 } : result;
                continue;
            }

            var status = container.State switch
            {
                { Terminated: { } terminated } => "Init:" + Ending(terminated),
                { Waiting.Reason: { Length: > 0 } waiting } when waiting != "PodInitializing" => "Init:" + waiting,
                _ => $"Init:{at}/{pod.Spec.InitContainers?.Count ?? 0}",
            };
            return result with { Status = status };
        }

        return result;
    }

    private static (string Status, int Ready, int Restarts, DateTimeOffset? Last) Containers(Pod pod, string status)
    {
        var (ready, restarts, running) = (0, 0, false);
        DateTimeOffset? last = null;
        foreach (var container in (pod.Status.ContainerStatuses ?? []).Reverse())
        {
            restarts += container.RestartCount;
            last = Later(last, container.LastState?.Terminated?.FinishedAt);
            switch (container.State)
            {
                case { Waiting.Reason: { Length: > 0 } waiting }:
                    status = waiting;
                    break;
                case { Terminated: { } terminated }:
                    status = Ending(terminated);
                    break;
                case { Running: not null } when container.Ready:
                    (running, ready) = (true, ready + 1);
                    break;
            }
        }

        // One container has completed while another runs: the pod as a whole still runs.
        if (status == "Completed" && running)
        {
            status = pod.IsReady() ? "Running" : "NotReady";
        }

        return (status, ready, restarts, last);
    }

    private static string Ending(ContainerStateTerminated terminated) =>
        !string.IsNullOrEmpty(terminated.Reason) ? terminated.Reason
        : terminated.Signal is { } signal and not 0 ? $"Signal:{signal}"
        : $"ExitCode:{terminated.ExitCode}";

    private static DateTimeOffset? Later(DateTimeOffset? left, DateTimeOffset? right) => left is null || right > left ? right ?? left : left;
}
