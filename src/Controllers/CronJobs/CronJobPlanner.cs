using System.Globalization;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Controllers.Common;
using KubeAspire.Controllers.Jobs;
using KubeAspire.Resources.Batch;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.CronJobs;

/// <summary>What one pass over a CronJob should do. A value: building it touches nothing.</summary>
/// <param name="Status">The status to be written, before a job is made.</param>
/// <param name="Create">The job to be made, with the time it is for; null for none.</param>
/// <param name="Delete">Jobs to be deleted: superfluous history, or replaced.</param>
/// <param name="Wait">How long until the schedule comes round; null for never.</param>
/// <param name="Events">What to tell: type, reason, message.</param>
internal sealed record CronJobPlan(
    CronJobStatus Status, (Job Job, DateTimeOffset Time)? Create, IReadOnlyList<Job> Delete, TimeSpan? Wait, IReadOnlyList<(string Type, string Reason, string Message)> Events);

/// <summary>Decides about a CronJob; never acts.</summary>
/// <remarks>Upstream's pkg/controller/cronjob.</remarks>
internal static class CronJobPlanner
{
    /// <summary>Annotation of a job: the time it was made for.</summary>
    public const string ScheduledAnnotation = "batch.kubernetes.io/cronjob-scheduled-timestamp";

    private const int MostMissed = 100; // More than these are worth a warning, as upstream.
    private static readonly TimeSpan s_slack = TimeSpan.FromMilliseconds(100); // Wakes a little after the minute, never before.

    // How far back the last time is looked for, nearest first: a schedule of minutes is found in the first, one of years in the last.
    private static readonly TimeSpan[] s_looksBack = [TimeSpan.FromHours(1), TimeSpan.FromDays(1), TimeSpan.FromDays(32), TimeSpan.FromDays(367 * 5)];

    public static CronJobPlan Plan(CronJob cron, IReadOnlyList<Job> owned, DateTimeOffset now)
    {
        var events = new List<(string, string, string)>();
        var status = Review(cron, owned, events);
        var delete = History(cron, owned);
        var zone = TimeZoneInfo.TryFindSystemTimeZoneById(cron.Spec.TimeZone ?? "UTC", out var found) ? found : TimeZoneInfo.Utc;
        if (cron.Metadata.DeletionTimestamp is not null || cron.Spec.Suspend == true)
        {
            return new(status, null, delete, null, events);
        }

        if (!CronSchedule.TryParse(cron.Spec.Schedule, out var schedule, out var problem))
        {
            events.Add(("Warning", "UnparseableSchedule", $"unparseable schedule: {cron.Spec.Schedule} : {problem}"));
            return new(status, null, delete, null, events);
        }

        var next = schedule!.Next(now, zone) - now + s_slack;
        if (Due(cron, schedule, zone, now, events) is not { } time)
        {
            return new(status, null, delete, next, events);
        }

        var job = JobFor(cron, time, zone);
        if (owned.Any(known => known.Metadata.Name == job.Metadata.Name) || status.LastScheduleTime == time)
        {
            return new(status, null, delete, next, events);
        }

        if (cron.Spec.StartingDeadlineSeconds is { } deadline && time + TimeSpan.FromSeconds(deadline) < now)
        {
            events.Add(("Warning", "MissSchedule", $"Missed scheduled time to start a job: {time.UtcDateTime.ToString("ddd, dd MMM yyyy HH:mm:ss +0000", CultureInfo.InvariantCulture)}"));
            return new(status, null, delete, next, events);
        }

        if (cron.Spec.ConcurrencyPolicy == "Forbid" && status.Active is { Count: > 0 })
        {
            events.Add(("Normal", "JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid"));
            return new(status, null, delete, next, events);
        }

        if (cron.Spec.ConcurrencyPolicy == "Replace" && status.Active is { Count: > 0 } active)
        {
            var names = active.Select(reference => reference.Uid).ToHashSet();
            delete = [.. delete, .. owned.Where(known => names.Contains(known.Metadata.Uid))];
            status = status with { Active = null };
        }

        return new(status, (job, time), delete, next, events);
    }

    /// <summary>The status after a job was made.</summary>
    public static CronJobStatus Started(CronJobStatus status, Job made, DateTimeOffset time) => status with
    {
        LastScheduleTime = time,
        Active =
        [
            .. status.Active ?? [],
            new ObjectReference
            {
                ApiVersion = "batch/v1", Kind = "Job", Namespace = made.Metadata.Namespace, Name = made.Metadata.Name, Uid = made.Metadata.Uid, ResourceVersion = made.Metadata.ResourceVersion,
            },
        ],
    };

    private static CronJobStatus Review(CronJob cron, IReadOnlyList<Job> owned, List<(string, string, string)> events)
    {
        var active = new List<ObjectReference>();
        var succeeded = cron.Status.LastSuccessfulTime;
        foreach (var reference in cron.Status.Active ?? [])
        {
            var job = owned.FirstOrDefault(known => known.Metadata.Uid == reference.Uid);
            if (job is null)
            {
                events.Add(("Normal", "MissingJob", $"Active job went missing: {reference.Name}"));
            }
            else if (JobPlanner.Finished(job) is { } condition)
            {
                events.Add(("Normal", "SawCompletedJob", $"Saw completed job: {job.Metadata.Name}, condition: {condition.Type}"));
            }
            else
            {
                active.Add(reference);
            }
        }

        foreach (var job in owned)
        {
            if (job.Status.CompletionTime is { } done && (succeeded is null || done > succeeded))
            {
                succeeded = done;
            }

            if (JobPlanner.Finished(job) is null && active.All(reference => reference.Uid != job.Metadata.Uid))
            {
                active.Add(new ObjectReference { ApiVersion = "batch/v1", Kind = "Job", Namespace = job.Metadata.Namespace, Name = job.Metadata.Name, Uid = job.Metadata.Uid, ResourceVersion = job.Metadata.ResourceVersion });
            }
        }

        return cron.Status with { Active = active.Count == 0 ? null : active, LastSuccessfulTime = succeeded };
    }

    private static List<Job> History(CronJob cron, IReadOnlyList<Job> owned)
    {
        return [.. Excess("Complete", cron.Spec.SuccessfulJobsHistoryLimit), .. Excess("Failed", cron.Spec.FailedJobsHistoryLimit)];

        IEnumerable<Job> Excess(string ended, int? limit)
        {
            var jobs = owned.Where(job => job.Metadata.DeletionTimestamp is null && JobPlanner.Finished(job)?.Type == ended)
                .OrderBy(job => job.Status.StartTime ?? job.Metadata.CreationTimestamp).ThenBy(job => job.Metadata.Name, StringComparer.Ordinal).ToList();
            return limit is { } most ? jobs.Take(Math.Max(0, jobs.Count - most)) : [];
        }
    }

    // The last time that has come and that no job was made for.
    private static DateTimeOffset? Due(CronJob cron, CronSchedule schedule, TimeZoneInfo zone, DateTimeOffset now, List<(string, string, string)> events)
    {
        var from = cron.Status.LastScheduleTime ?? cron.Metadata.CreationTimestamp ?? now;
        if (cron.Spec.StartingDeadlineSeconds is { } deadline && now - TimeSpan.FromSeconds(deadline) > from)
        {
            from = now - TimeSpan.FromSeconds(deadline);
        }

        DateTimeOffset? last = null;
        var missed = 0;
        for (var at = schedule.Next(from, zone); at <= now && missed <= MostMissed; at = schedule.Next(at.Value, zone))
        {
            (last, missed) = (at, missed + 1);
        }

        if (missed <= MostMissed)
        {
            return last;
        }

        events.Add(("Warning", "TooManyMissedTimes", "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"));
        foreach (var back in s_looksBack)
        {
            for (var at = schedule.Next(now - back, zone); at <= now; at = schedule.Next(at.Value, zone))
            {
                last = at;
            }

            if (last > now - back)
            {
                break;
            }
        }

        return last;
    }

    private static Job JobFor(CronJob cron, DateTimeOffset time, TimeZoneInfo zone)
    {
        var template = cron.Spec.JobTemplate;
        var annotations = new Dictionary<string, string>(template.Metadata?.Annotations ?? new Dictionary<string, string>());
        annotations[ScheduledAnnotation] = cron.Spec.TimeZone is null
            ? time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)
            : TimeZoneInfo.ConvertTime(time, zone).ToString("yyyy-MM-ddTHH:mm:sszzz", CultureInfo.InvariantCulture);
        return new Job
        {
            Metadata = new ObjectMeta
            {
                // The name says the minute: a second pass finds the job made.
                Name = $"{cron.Metadata.Name}-{(time.ToUnixTimeSeconds() / 60).ToString(CultureInfo.InvariantCulture)}",
                Namespace = cron.Metadata.Namespace,
                Labels = template.Metadata?.Labels,
                Annotations = annotations,
                OwnerReferences = [Owners.ControllerReference(CronJob.ResourceType, cron.Metadata)],
            },
            Spec = template.Spec ?? new JobSpec(),
        };
    }
}
