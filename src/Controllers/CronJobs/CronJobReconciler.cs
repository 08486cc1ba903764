using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Events;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Batch;

namespace KubeAspire.Controllers.CronJobs;

/// <summary>Makes a CronJob's jobs when its schedule comes round, and clears its history.</summary>
internal sealed class CronJobReconciler(IApiClient client, IInformer<CronJob> crons, IInformer<Job> jobs, IEventRecorder events, TimeProvider clock) : IReconciler
{
    /// <summary>Wires the controller to its watches.</summary>
    public static Controller Create(ControllerContext context)
    {
        var queue = new WorkQueue("cronjob", context.Clock);
        var crons = context.Informers.For<CronJob>();
        var jobs = context.Informers.For<Job>();
        crons.AddHandler((before, after) => queue.Add(ObjectKey.Of((after ?? before)!), Tracing.ContextOf((after ?? before)!)));
        jobs.AddHandler((before, after) =>
        {
            var job = (after ?? before)!;
            if (Owners.ControllerOf(job.Metadata) is { } owner && Owners.Names(owner, CronJob.ResourceType))
            {
                queue.Add(new ObjectKey(job.Metadata.Namespace ?? "", owner.Name));
            }
        });
        var reconciler = new CronJobReconciler(context.Client, crons, jobs, context.RecorderOf("cronjob-controller"), context.Clock);
        return new Controller("cronjob", "CronJob", reconciler, queue) { WhenReady = context.Informers.WhenSyncedAsync };
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (crons.Find(key) is not { } cron)
        {
            return ReconcileResult.Done;
        }

        var owned = jobs.List(key.Namespace).Where(job => Owners.IsControlledBy(job.Metadata, cron.Metadata.Uid)).ToList();
        var plan = CronJobPlanner.Plan(cron, owned, clock.GetUtcNow());
        foreach (var (type, reason, message) in plan.Events)
        {
            events.Record(cron, type, reason, message);
        }

        foreach (var old in plan.Delete)
        {
            var options = new DeleteOptions { PropagationPolicy = "Background", Preconditions = new Preconditions { Uid = old.Metadata.Uid } };
            if (await client.DeleteAsync<Job>(key.Namespace, old.Metadata.Name!, options, cancellationToken) is { } error)
            {
                if (error.Reason is ApiErrorReason.NotFound or ApiErrorReason.Conflict)
                {
                    continue;
                }

                events.Record(cron, EventTypes.Warning, "FailedDelete", $"Deleted job: {error.Message}");
                return ReconcileResult.Failed(error);
            }

            events.Record(cron, EventTypes.Normal, "SuccessfulDelete", $"Deleted job {old.Metadata.Name}");
        }

        var status = plan.Status;
        if (plan.Create is { } due)
        {
            var made = await client.CreateAsync(due.Job, cancellationToken);
            if (made.Succeeded)
            {
                events.Record(cron, EventTypes.Normal, "SuccessfulCreate", $"Created job {made.Value.Metadata.Name}");
                status = CronJobPlanner.Started(status, made.Value, due.Time);
            }
            else if (made.Error.Reason == ApiErrorReason.AlreadyExists)
            {
                status = status with { LastScheduleTime = due.Time }; // Made by an earlier pass that the cache does not show yet.
            }
            else if (!PodControl.IsNamespaceTerminating(made.Error))
            {
                events.Record(cron, EventTypes.Warning, "FailedCreate", $"Error creating job: {made.Error.Message}");
                return ReconcileResult.Failed(made.Error);
            }
        }

        if (!Same.Value(status, cron.Status) && (await client.UpdateStatusAsync(cron with { Status = status }, cancellationToken)).Error is { Reason: not ApiErrorReason.NotFound } refused)
        {
            return ReconcileResult.Failed(refused);
        }

        return plan.Wait is { } wait ? ReconcileResult.After(wait) : ReconcileResult.Done;
    }
}
