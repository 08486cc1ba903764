using System.Diagnostics;
using System.Diagnostics.Metrics;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core;
using KubeAspire.Scheduler.Framework;

namespace KubeAspire.Scheduler;

/// <summary>Spans and metrics of scheduling; metric names as upstream's.</summary>
internal static class SchedulerInstruments
{
    /// <summary>Rejected nodes that a span names one by one. 10.</summary>
    private const int NodesInSpan = 10;

    private static readonly ActivitySource s_source = new("KubeAspire.Scheduler");
    private static readonly Meter s_meter = new("KubeAspire.Scheduler");
    private static readonly Counter<long> s_attempts = s_meter.CreateCounter<long>("scheduler_schedule_attempts_total", "{attempt}", "Attempts by how they ended.");
    private static readonly Histogram<double> s_duration = s_meter.CreateHistogram<double>("scheduler_scheduling_attempt_duration_seconds", "s", "From the decision's begin to the binding's end.");
    private static readonly Histogram<double> s_sli = s_meter.CreateHistogram<double>("scheduler_pod_scheduling_sli_duration_seconds", "s", "From the first sight of a pod to its binding.");
    private static readonly Histogram<int> s_podAttempts = s_meter.CreateHistogram<int>("scheduler_pod_scheduling_attempts", "{attempt}", "Attempts it took to bind a pod.");
    private static readonly Gauge<int> s_pending = s_meter.CreateGauge<int>("scheduler_pending_pods", "{pod}", "Pods that wait, by where.");

    /// <summary>The span of one attempt, in the pod's trace.</summary>
    public static Activity? Start(Pod pod)
    {
        var activity = s_source.StartActivity("schedule pod", ActivityKind.Internal, Tracing.ContextOf(pod));
        return activity?.SetTag("k8s.pod.name", pod.Metadata.Name).SetTag("k8s.namespace.name", pod.Metadata.Namespace).SetTag("k8s.pod.uid", pod.Metadata.Uid);
    }

    /// <summary>What was decided, and what each filter said.</summary>
    public static void Decided(Activity? activity, SchedulingDecision decision)
    {
        if (activity is not { IsAllDataRequested: true })
        {
            return;
        }

        activity.SetTag("kubeaspire.scheduler.nodes", decision.AllNodes).SetTag("kubeaspire.scheduler.checked_nodes", decision.CheckedNodes)
            .SetTag("kubeaspire.scheduler.feasible_nodes", decision.FeasibleNodes);
        foreach (var (reason, nodes) in decision.Reasons)
        {
            activity.AddEvent(new ActivityEvent("filtered", tags: new() { { "reason", reason }, { "nodes", nodes } }));
        }

        foreach (var (node, rejection) in decision.Rejections.Take(NodesInSpan))
        {
            activity.AddEvent(new ActivityEvent("node filtered", tags: new()
            {
                { "k8s.node.name", node }, { "plugin", rejection.Plugin }, { "reason", rejection.ToString() },
            }));
        }

        if (decision.Node is null)
        {
            activity.SetStatus(ActivityStatusCode.Error, decision.Message);
        }
        else
        {
            activity.SetTag("k8s.node.name", decision.Node);
            if (decision.Scores is [var best, ..])
            {
                activity.SetTag("kubeaspire.scheduler.score", best.Total);
            }
        }
    }

    public static void Attempted(string result, TimeSpan elapsed)
    {
        s_attempts.Add(1, new KeyValuePair<string, object?>("result", result), new("profile", "default-scheduler"));
        s_duration.Record(elapsed.TotalSeconds, new KeyValuePair<string, object?>("result", result), new("profile", "default-scheduler"));
    }

    public static void Scheduled(int attempts, TimeSpan sinceFirstSeen)
    {
        s_podAttempts.Record(attempts);
        s_sli.Record(sinceFirstSeen.TotalSeconds, new KeyValuePair<string, object?>("attempts", attempts));
    }

    public static void Pending((int Active, int Backoff, int Unschedulable) counts)
    {
        s_pending.Record(counts.Active, new KeyValuePair<string, object?>("queue", "active"));
        s_pending.Record(counts.Backoff, new KeyValuePair<string, object?>("queue", "backoff"));
        s_pending.Record(counts.Unschedulable, new KeyValuePair<string, object?>("queue", "unschedulable"));
    }
}
