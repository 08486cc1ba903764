using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Batch;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.Jobs;

/// <summary>What one pass over a Job should do. A value: building it touches nothing.</summary>
/// <param name="Status">The status to be written; <c>active</c> as the pass found it.</param>
/// <param name="ToCreate">An index for each pod to be made, null for each of a job without indexes; with how often that index failed.</param>
/// <param name="ToDelete">Pods to be deleted.</param>
/// <param name="ToFree">Ended pods whose finalizer may go once the status is written.</param>
/// <param name="Wait">When to look again though nothing changes; null for not.</param>
/// <param name="Events">What to tell: type, reason, message.</param>
/// <param name="NewlyFailed">Pods that this pass saw failed for the first time.</param>
/// <param name="NewlySucceeded">Pods that this pass saw succeeded for the first time.</param>
internal sealed record JobPlan(
    JobStatus Status,
    IReadOnlyList<(int? Index, int? Failures)> ToCreate,
    IReadOnlyList<Pod> ToDelete,
    IReadOnlyList<Pod> ToFree,
    TimeSpan? Wait,
    IReadOnlyList<(string Type, string Reason, string Message)> Events,
    int NewlyFailed,
    int NewlySucceeded);

/// <summary>Decides about a Job; never acts.</summary>
/// <remarks>
/// Each end of a pod is counted once though a pass may be cut off anywhere: its uid is written into <c>uncountedTerminatedPods</c>,
/// then its finalizer goes, then the uid becomes a number. Upstream's pkg/controller/job.
/// </remarks>
internal static class JobPlanner
{
    /// <summary>Most pods one pass creates. 500, upstream's MaxPodCreateDeletePerSync.</summary>
    public const int BurstMax = 500;

    /// <summary>Plans a pass.</summary>
    /// <param name="job">The job, not finished.</param>
    /// <param name="pods">Its pods.</param>
    /// <param name="now">The time.</param>
    /// <param name="backoff">How long no pods are made because others failed; zero for not.</param>
    public static JobPlan Plan(Job job, IReadOnlyList<Pod> pods, DateTimeOffset now, TimeSpan backoff)
    {
        var count = JobCount.Of(job, pods);
        var conditions = (job.Status.Conditions ?? []).ToList();
        var events = new List<(string, string, string)>();
        var suspended = job.Spec.Suspend == true;
        var start = job.Status.StartTime ?? (suspended ? null : now);
        var verdict = Standing(conditions) ?? Judge(job, pods, count, start, now);
        TimeSpan? wait = null;
        List<(int?, int?)> create = [];
        List<Pod> delete = [];
        if (verdict is not null)
        {
            Set(conditions, verdict.Succeeded ? "SuccessCriteriaMet" : "FailureTarget", "True", verdict.Reason, verdict.Message, now);
            delete.AddRange(count.Active);
            if (count.Active.Count == 0 && count.Terminating == 0 && !pods.Any(JobPods.IsTracked) && count.IsSettled)
            {
                Set(conditions, verdict.Succeeded ? "Complete" : "Failed", "True", verdict.Reason, verdict.Message, now);
                events.Add(verdict.Succeeded ? ("Normal", "Completed", "Job completed") : ("Warning", verdict.Reason, verdict.Message));
            }
        }
        else if (suspended)
        {
            delete.AddRange(count.Active);
            if (Set(conditions, "Suspended", "True", "JobSuspended", "Job suspended", now))
            {
                events.Add(("Normal", "Suspended", "Job suspended"));
            }

            start = null;
        }
        else
        {
            if (conditions.Any(condition => condition is { Type: "Suspended", Status: "True" }))
            {
                Set(conditions, "Suspended", "False", "JobResumed", "Job resumed", now);
                events.Add(("Normal", "Resumed", "Job resumed"));
                start = now;
            }

            (create, delete) = Scale(job, pods, count);
            wait = Deadline(job, start, now);
            if (create.Count > 0 && backoff > TimeSpan.Zero)
            {
                create = [];
                wait = wait is null || backoff < wait ? backoff : wait;
            }
        }

        var finished = conditions.Any(condition => condition is { Type: "Complete", Status: "True" });
        var status = count.Apply(job.Status with
        {
            Conditions = conditions.Count == 0 ? job.Status.Conditions : conditions,
            StartTime = start,
            CompletionTime = finished ? job.Status.CompletionTime ?? now : null,
            Active = Some(count.Active.Count),
            Ready = count.Active.Count(PodFacts.IsReady),
            Terminating = count.Terminating,
        });
        return new JobPlan(status, create, delete, count.ToFree, wait, events, count.NewlyFailed, count.NewlySucceeded);
    }

    /// <summary>The condition that says the job is over, or null.</summary>
    public static JobCondition? Finished(Job job) => job.Status.Conditions?.FirstOrDefault(condition => condition is { Type: "Complete" or "Failed", Status: "True" });

    /// <summary>How long until a finished job may be deleted; null where it stays.</summary>
    public static TimeSpan? TimeToLive(Job job, DateTimeOffset now)
    {
        if (job.Spec.TtlSecondsAfterFinished is not { } seconds || Finished(job) is not { } finished)
        {
            return null;
        }

        var left = (finished.LastTransitionTime ?? now) + TimeSpan.FromSeconds(seconds) - now;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private sealed record Verdict(bool Succeeded, string Reason, string Message);

    // What an earlier pass decided stands.
    private static Verdict? Standing(List<JobCondition> conditions) =>
        conditions.FirstOrDefault(condition => condition is { Type: "SuccessCriteriaMet" or "FailureTarget", Status: "True" }) is { } found
            ? new Verdict(found.Type == "SuccessCriteriaMet", found.Reason ?? "", found.Message ?? "") : null;

    private static Verdict? Judge(Job job, IReadOnlyList<Pod> pods, JobCount count, DateTimeOffset? start, DateTimeOffset now)
    {
        var spec = job.Spec;
        if (count.PolicyFailure is { } message)
        {
            return new(false, "PodFailurePolicy", message);
        }

        if (count.Failed > (spec.BackoffLimit ?? int.MaxValue) || RestartedTooOften(job, pods))
        {
            return new(false, "BackoffLimitExceeded", "Job has reached the specified backoff limit");
        }

        if (spec.Suspend != true && spec.ActiveDeadlineSeconds is { } seconds && start is { } since && now >= since + TimeSpan.FromSeconds(seconds))
        {
            return new(false, "DeadlineExceeded", "Job was active longer than specified deadline");
        }

        if (count.FailedIndexes is { } failed && spec.Completions is { } completions)
        {
            if (spec.MaxFailedIndexes is { } most && failed.Count > most)
            {
                return new(false, "MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes");
            }

            if (failed.Count > 0 && failed.Count + count.CompletedIndexes!.Count >= completions)
            {
                return new(false, "FailedIndexes", "Job has failed indexes");
            }
        }

        return Succeeded(job, count);
    }

    private static Verdict? Succeeded(Job job, JobCount count)
    {
        foreach (var (at, rule) in (job.Spec.SuccessPolicy?.Rules ?? []).Index())
        {
            var completions = job.Spec.Completions ?? 0;
            var (met, wanted) = (count.CompletedIndexes!.Count, rule.SucceededCount ?? completions);
            if (rule.SucceededIndexes is { } text)
            {
                var named = IndexSet.Parse(text, completions);
                met = named.Indexes.Count(count.CompletedIndexes.Contains);
                wanted = rule.SucceededCount ?? named.Count;
            }

            if (met >= wanted)
            {
                return new(true, "SuccessPolicy", $"Matched rules at index {at}");
            }
        }

        // Without a number of completions the first success is the job's, once no pod works any more.
        var complete = job.Spec.Completions is { } all ? count.Succeeded >= all : count.Succeeded > 0 && count.Active.Count == 0;
        return complete ? new(true, "CompletionsReached", "Reached expected number of succeeded pods") : null;
    }

    private static bool RestartedTooOften(Job job, IReadOnlyList<Pod> pods)
    {
        if (job.Spec.Template.Spec?.RestartPolicy != "OnFailure" || job.Spec.BackoffLimit is not { } limit)
        {
            return false;
        }

        var restarts = pods.Where(pod => pod.Status.Phase is "Running" or "Pending")
            .SelectMany(pod => (pod.Status.ContainerStatuses ?? []).Concat(pod.Status.InitContainerStatuses ?? [])).Sum(status => status.RestartCount);
        return limit == 0 ? restarts > 0 : restarts >= limit;
    }

    private static TimeSpan? Deadline(Job job, DateTimeOffset? start, DateTimeOffset now) =>
        job.Spec.ActiveDeadlineSeconds is { } seconds && start is { } since ? since + TimeSpan.FromSeconds(seconds) - now : null;

    private static (List<(int?, int?)> Create, List<Pod> Delete) Scale(Job job, IReadOnlyList<Pod> pods, JobCount count)
    {
        var parallelism = job.Spec.Parallelism ?? 1;
        var indexed = job.Spec.CompletionMode == "Indexed";
        var completions = job.Spec.Completions;
        var superfluous = indexed ? Superfluous(count.Active, completions ?? 0) : [];
        var active = count.Active.Except(superfluous).ToList();
        var done = count.Succeeded + (count.FailedIndexes?.Count ?? 0);
        var wanted = completions is { } all ? Math.Max(0, Math.Min(parallelism, all - done)) : count.Succeeded > 0 ? Math.Min(active.Count, parallelism) : parallelism;
        if (active.Count > wanted)
        {
            // Those that have done least go first.
            superfluous.AddRange(active.OrderBy(pod => !string.IsNullOrEmpty(pod.Spec.NodeName)).ThenBy(PodFacts.IsReady).ThenByDescending(pod => pod.Metadata.CreationTimestamp).Take(active.Count - wanted));
            return ([], superfluous);
        }

        var waitsForEnd = job.Spec.PodReplacementPolicy == "Failed" ? count.Terminating : 0;
        var missing = Math.Clamp(wanted - active.Count - waitsForEnd, 0, BurstMax);
        if (!indexed)
        {
            return ([.. Enumerable.Repeat<(int?, int?)>((null, null), missing)], superfluous);
        }

        var busy = active.Concat(waitsForEnd > 0 ? pods.Where(pod => pod.Metadata.DeletionTimestamp is not null && !PodFacts.IsTerminal(pod)) : []).Select(JobPods.IndexOf).ToHashSet();
        var free = Enumerable.Range(0, completions ?? 0)
            .Where(index => !busy.Contains(index) && !count.CompletedIndexes!.Contains(index) && count.FailedIndexes?.Contains(index) != true).Take(missing);
        return ([.. free.Select(index => ((int?)index, job.Spec.BackoffLimitPerIndex is null ? null : (int?)count.FailuresOf(index)))], superfluous);
    }

    // An indexed job has one pod an index, the oldest, and none beyond its completions.
    private static List<Pod> Superfluous(IReadOnlyList<Pod> active, int completions)
    {
        var seen = new HashSet<int>();
        return [.. active.OrderBy(pod => pod.Metadata.CreationTimestamp).Where(pod => JobPods.IndexOf(pod) is not { } index || index >= completions || !seen.Add(index))];
    }

    private static bool Set(List<JobCondition> conditions, string type, string status, string reason, string message, DateTimeOffset now)
    {
        var at = conditions.FindIndex(condition => condition.Type == type);
        if (at >= 0 && conditions[at].Status == status)
        {
            return false;
        }

        var made = new JobCondition { Type = type, Status = status, Reason = reason, Message = message, LastProbeTime = now, LastTransitionTime = now };
        if (at >= 0)
        {
            conditions[at] = made;
        }
        else
        {
            conditions.Add(made);
        }

        return true;
    }

    /// <summary>A count as it is stored: upstream leaves zero out.</summary>
    internal static int? Some(int count) => count == 0 ? null : count;
}
