using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Labels;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Events;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Batch;
using KubeAspire.Resources.Core;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.Jobs;

/// <summary>Runs a Job's pods, counts how they ended, and deletes the job when its time to live is over.</summary>
internal sealed class JobReconciler(
    IApiClient client, IInformer<Job> jobs, IInformer<Pod> pods, Expectations expectations, JobBackoff backoff, IEventRecorder events, TimeProvider clock,
    ILogger<JobReconciler> logger) : IReconciler
{
    private const string OwnManager = "kubernetes.io/job-controller";
    private readonly PodControl _control = new(client, events);

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (jobs.Find(key) is not { Metadata.DeletionTimestamp: null } job)
        {
            expectations.Forget(key);
            backoff.Forget(key);
            return await FreeAsync(OfGone(key), cancellationToken) is { } stuck ? ReconcileResult.Failed(stuck) : ReconcileResult.Done;
        }

        if (job.Spec.ManagedBy is { } manager && manager != OwnManager)
        {
            return ReconcileResult.Done;
        }

        var selector = Selector.From(job.Spec.Selector);
        if (!selector.Succeeded || selector.Value.IsEmpty)
        {
            return ReconcileResult.Done;
        }

        if (JobPlanner.Finished(job) is not null)
        {
            return await EndAsync(key, job, cancellationToken);
        }

        var (owned, error) = await ClaimAsync(job, selector.Value, cancellationToken);
        if (error is not null)
        {
            return ReconcileResult.Failed(error);
        }

        var counting = expectations.Satisfied(key);
        var plan = JobPlanner.Plan(job, owned, clock.GetUtcNow(), backoff.Left(key));
        if (plan.NewlyFailed > 0 && plan.ToCreate.Count > 0)
        {
            // What has just failed is waited for; a status that cannot be written is planned, and noted, again.
            plan = plan with { ToCreate = [] };
        }

        var status = plan.Status;
        ApiError? failure = null;
        if (counting)
        {
            (var active, failure) = await ActAsync(key, job, plan, cancellationToken);
            status = status with { Active = JobPlanner.Some(Math.Max(0, (plan.Status.Active ?? 0) + active)) };
            status = status with { Ready = Math.Min(status.Ready ?? 0, status.Active ?? 0) };
        }

        return await ReportAsync(key, job, plan, status, failure, cancellationToken);
    }

    private async Task<ReconcileResult> ReportAsync(ObjectKey key, Job job, JobPlan plan, JobStatus status, ApiError? failure, CancellationToken cancellationToken)
    {
        if (!Same.Value(status, job.Status))
        {
            if ((await client.UpdateStatusAsync(job with { Status = status }, cancellationToken)).Error is { } refused)
            {
                return refused.Reason == ApiErrorReason.NotFound ? ReconcileResult.Done : ReconcileResult.Failed(refused);
            }

            foreach (var (type, reason, message) in plan.Events)
            {
                events.Record(job, type, reason, message);
            }

            backoff.Note(key, plan.NewlyFailed, plan.NewlySucceeded);
        }

        failure ??= await FreeAsync(plan.ToFree, cancellationToken);
        if (failure is not null)
        {
            return ReconcileResult.Failed(failure);
        }

        TimeSpan?[] waits = [plan.Wait, plan.NewlyFailed > 0 ? backoff.Left(key) : null, expectations.GivenUpIn(key)];
        return waits.Min() is { } delay ? ReconcileResult.After(delay > TimeSpan.Zero ? delay : TimeSpan.FromMilliseconds(1)) : ReconcileResult.Done;
    }

    private async Task<ReconcileResult> EndAsync(ObjectKey key, Job job, CancellationToken cancellationToken)
    {
        backoff.Forget(key);
        expectations.Forget(key);
        if (await FreeAsync(OfGone(key), cancellationToken) is { } stuck)
        {
            return ReconcileResult.Failed(stuck);
        }

        if (JobPlanner.TimeToLive(job, clock.GetUtcNow()) is not { } left)
        {
            return ReconcileResult.Done;
        }

        if (left > TimeSpan.Zero)
        {
            return ReconcileResult.After(left);
        }

        logger.JobExpired(key);
        var options = new DeleteOptions { PropagationPolicy = "Foreground", Preconditions = new Preconditions { Uid = job.Metadata.Uid } };
        var error = await client.DeleteAsync<Job>(job.Metadata.Namespace, job.Metadata.Name!, options, cancellationToken);
        return error is null or { Reason: ApiErrorReason.NotFound or ApiErrorReason.Conflict } ? ReconcileResult.Done : ReconcileResult.Failed(error);
    }

    // Pods of a job that is over, going or gone: nobody counts them any more.
    private List<Pod> OfGone(ObjectKey key) => [.. pods.List(key.Namespace).Where(pod => JobPods.IsTracked(pod)
        && Owners.ControllerOf(pod.Metadata) is { } owner && Owners.Names(owner, Job.ResourceType) && owner.Name == key.Name)];

    private async Task<(IReadOnlyList<Pod> Owned, ApiError? Error)> ClaimAsync(Job job, Selector selector, CancellationToken cancellationToken)
    {
        var claim = Claims.Decide(job.Metadata, selector, pods.List(job.Metadata.Namespace));
        var owned = new List<Pod>(claim.Owned);
        if (claim.ToAdopt.Count > 0 && await _control.CheckLiveAsync(job, cancellationToken) is { } gone)
        {
            return (owned, gone);
        }

        foreach (var orphan in claim.ToAdopt)
        {
            if (await _control.AdoptAsync(Job.ResourceType, job.Metadata, orphan, cancellationToken) is { Reason: not ApiErrorReason.NotFound } error)
            {
                return (owned, error);
            }
        }

        foreach (var stray in claim.ToRelease)
        {
            if (await FreeAsync([stray], cancellationToken) is { } stuck)
            {
                return (owned, stuck);
            }

            if (await _control.ReleaseAsync(job.Metadata, stray, cancellationToken) is { } error)
            {
                return (owned, error);
            }
        }

        return (owned, null);
    }

    // Returns by how many the active pods grew.
    private async Task<(int Active, ApiError? Error)> ActAsync(ObjectKey key, Job job, JobPlan plan, CancellationToken cancellationToken)
    {
        if (plan.ToCreate.Count + plan.ToDelete.Count == 0)
        {
            return (0, null);
        }

        logger.JobPodsChanged(key, plan.ToCreate.Count, plan.ToDelete.Count);
        expectations.Expect(key, plan.ToCreate.Count, plan.ToDelete.Select(pod => pod.Metadata.Uid!));
        var reference = EventRecorderExtensions.ReferenceTo(job);
        var waiting = new System.Collections.Concurrent.ConcurrentQueue<(int? Index, int? Failures)>(plan.ToCreate);
        var (made, skipped, error) = await SlowStart.RunAsync(plan.ToCreate.Count, async () =>
        {
            waiting.TryDequeue(out var next);
            return await CreateAsync(key, reference, JobPods.For(job, next.Index, next.Failures), cancellationToken);
        });
        expectations.CreationSeen(key, skipped);
        foreach (var pod in plan.ToDelete)
        {
            var refused = await _control.DeleteAsync(reference, pod, cancellationToken);
            if (refused is not null || pods.Find(ObjectKey.Of(pod)) is null)
            {
                expectations.DeletionSeen(key, pod.Metadata.Uid);
            }

            made -= refused is null ? 1 : 0;
            error ??= refused;
        }

        return (made, error);
    }

    private async Task<ApiError?> CreateAsync(ObjectKey key, ObjectReference reference, Pod pod, CancellationToken cancellationToken)
    {
        var made = false;
        try
        {
            var refused = await _control.CreateAsync(reference, pod, cancellationToken);
            made = refused is null;
            return refused is not null && PodControl.IsNamespaceTerminating(refused) ? null : refused;
        }
        finally
        {
            if (!made)
            {
                expectations.CreationSeen(key);
            }
        }
    }

    private async Task<ApiError?> FreeAsync(IReadOnlyList<Pod> ended, CancellationToken cancellationToken)
    {
        ApiError? failure = null;
        foreach (var pod in ended)
        {
            var patch = new ApiPatch(PatchKind.StrategicMerge, System.Text.Encoding.UTF8.GetBytes(
                $$$"""{"metadata":{"uid":"{{{pod.Metadata.Uid}}}","$deleteFromPrimitiveList/finalizers":["{{{JobPods.Finalizer}}}"]}}"""));
            var error = (await client.PatchAsync<Pod>(pod.Metadata.Namespace, pod.Metadata.Name!, patch, cancellationToken)).Error;
            failure ??= error is null or { Reason: ApiErrorReason.NotFound or ApiErrorReason.Conflict } ? null : error;
        }

        return failure;
    }
}
