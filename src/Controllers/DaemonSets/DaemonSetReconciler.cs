using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Labels;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Events;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Apps;
using KubeAspire.Resources.Core;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.DaemonSets;

/// <summary>Keeps one pod of a DaemonSet on every node that suits it.</summary>
internal sealed class DaemonSetReconciler(
    IApiClient client,
    IInformer<DaemonSet> sets,
    IInformer<Pod> pods,
    IInformer<Node> nodes,
    IInformer<ControllerRevision> revisions,
    Expectations expectations,
    FailedPodBackoff backoff,
    IEventRecorder events,
    TimeProvider clock,
    ILogger<DaemonSetReconciler> logger) : IReconciler
{
    private readonly PodControl _control = new(client, events);

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (sets.Find(key) is not { } set)
        {
            expectations.Forget(key);
            return ReconcileResult.Done;
        }

        var selected = Selector.From(set.Spec.Selector);
        if (!selected.Succeeded || selected.Value.IsEmpty)
        {
            events.Record(set, EventTypes.Warning, "SelectingAll", "This daemon set is selecting all pods. A non-empty selector is required.");
            return ReconcileResult.Done;
        }

        var counting = expectations.Satisfied(key);
        var (owned, error) = await ClaimAsync(set, selected.Value, cancellationToken);
        if (error is not null)
        {
            return ReconcileResult.Failed(error);
        }

        var (hash, refused) = await KeepHistoryAsync(set, owned, cancellationToken);
        if (refused is not null)
        {
            return ReconcileResult.Failed(refused);
        }

        ApiError? failure = null;
        TimeSpan? retry = null;
        if (counting)
        {
            var plan = DaemonSetPlanner.Plan(set, nodes.List(), owned, hash!, clock.GetUtcNow());
            (failure, retry) = await ActAsync(key, set, plan, hash!, cancellationToken);
        }

        return await ReportAsync(key, set, owned, hash!, failure, retry, cancellationToken);
    }

    private Task<(IReadOnlyList<Pod> Owned, ApiError? Error)> ClaimAsync(DaemonSet set, Selector selector, CancellationToken cancellationToken) =>
        _control.ClaimAsync(set, Claims.Decide(set.Metadata, selector, pods.List(set.Metadata.Namespace)), cancellationToken);

    private async Task<(string? Hash, ApiError? Error)> KeepHistoryAsync(DaemonSet set, IReadOnlyList<Pod> owned, CancellationToken cancellationToken)
    {
        var known = revisions.List(set.Metadata.Namespace).Where(revision => Owners.IsControlledBy(revision.Metadata, set.Metadata.Uid)).ToList();
        var plan = DaemonHistory.Plan(set, known, owned);
        if (set.Metadata.DeletionTimestamp is not null)
        {
            return (plan.Hash, null);
        }

        if (plan.Create is { } made)
        {
            var created = await client.CreateAsync(made, cancellationToken);
            if (created.Error is { } refusal)
            {
                return refusal.Reason == ApiErrorReason.AlreadyExists ? await CollideAsync(set, made, plan.Hash, refusal, cancellationToken) : (null, refusal);
            }
        }

        if (plan.Renumber is { } renumbered && (await client.UpdateAsync(renumbered, cancellationToken)).Error is { } conflict)
        {
            return (null, conflict);
        }

        foreach (var old in plan.Delete)
        {
            var options = new DeleteOptions { Preconditions = new Preconditions { Uid = old.Metadata.Uid } };
            if (await client.DeleteAsync<ControllerRevision>(old.Metadata.Namespace, old.Metadata.Name!, options, cancellationToken) is { Reason: not ApiErrorReason.NotFound } error)
            {
                return (null, error);
            }
        }

        return (plan.Hash, null);
    }

    private async Task<(string? Hash, ApiError? Error)> CollideAsync(DaemonSet set, ControllerRevision made, string hash, ApiError refusal, CancellationToken cancellationToken)
    {
        var found = await client.GetAsync<ControllerRevision>(made.Metadata.Namespace, made.Metadata.Name!, cancellationToken);
        if (!found.Succeeded)
        {
            return (null, found.Error);
        }

        if (Owners.IsControlledBy(found.Value.Metadata, set.Metadata.Uid) && Same.Value(found.Value with { Metadata = made.Metadata, Revision = made.Revision, ApiVersion = null, Kind = null }, made))
        {
            return (hash, null); // Made by an earlier pass that the cache does not show yet.
        }

        var collided = set.Status with { CollisionCount = (set.Status.CollisionCount ?? 0) + 1 };
        var written = await client.UpdateStatusAsync(set with { Status = collided }, cancellationToken);
        return (null, written.Error ?? refusal);
    }

    private async Task<(ApiError? Error, TimeSpan? Retry)> ActAsync(ObjectKey key, DaemonSet set, DaemonSetPlan plan, string hash, CancellationToken cancellationToken)
    {
        TimeSpan? retry = null;
        var deletes = new List<Pod>();
        foreach (var pod in plan.ToDelete)
        {
            if (plan.Ended.Contains(pod) && pod.Status.Phase == "Failed")
            {
                // A pod that fails at once on a node is not replaced in a tight loop.
                if (backoff.WaitFor(set.Metadata.Uid!, DaemonPods.NodeOf(pod) ?? "") is { } wait)
                {
                    retry = retry is null || wait < retry ? wait : retry;
                    continue;
                }

                events.Record(set, EventTypes.Warning, "FailedDaemonPod", $"Found failed daemon pod {ObjectKey.Of(pod)} on node {DaemonPods.NodeOf(pod)}, will try to kill it");
            }
            else if (plan.Ended.Contains(pod))
            {
                events.Record(set, EventTypes.Normal, "SucceededDaemonPod", $"Found succeeded daemon pod {ObjectKey.Of(pod)} on node {DaemonPods.NodeOf(pod)}, will try to delete it");
            }

            deletes.Add(pod);
        }

        if (plan.ToCreate.Count + deletes.Count == 0)
        {
            return (null, retry);
        }

        logger.DaemonPodsChanged(key, plan.ToCreate.Count, deletes.Count);
        expectations.Expect(key, plan.ToCreate.Count, deletes.Select(pod => pod.Metadata.Uid!));
        var reference = EventRecorderExtensions.ReferenceTo(set);
        var targets = new System.Collections.Concurrent.ConcurrentQueue<string>(plan.ToCreate);
        var (_, skipped, error) = await SlowStart.RunAsync(plan.ToCreate.Count, async () =>
        {
            targets.TryDequeue(out var node);
            return await CreateAsync(key, set, reference, node!, hash, cancellationToken);
        });
        expectations.CreationSeen(key, skipped);
        foreach (var pod in deletes)
        {
            var refused = await _control.DeleteAsync(reference, pod, cancellationToken);
            if (refused is not null || pods.Find(ObjectKey.Of(pod)) is null)
            {
                expectations.DeletionSeen(key, pod.Metadata.Uid);
            }

            error ??= refused;
        }

        return (error, retry);
    }

    private async Task<ApiError?> CreateAsync(ObjectKey key, DaemonSet set, ObjectReference reference, string node, string hash, CancellationToken cancellationToken)
    {
        var made = false;
        try
        {
            var refused = await _control.CreateAsync(reference, DaemonPods.For(set, node, hash), cancellationToken);
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

    private async Task<ReconcileResult> ReportAsync(
        ObjectKey key, DaemonSet set, IReadOnlyList<Pod> owned, string hash, ApiError? failure, TimeSpan? retry, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var status = DaemonSetPlanner.StatusOf(set, nodes.List(), owned, hash, now);
        if (!Same.Value(status, set.Status))
        {
            var written = await client.UpdateStatusAsync(set with { Status = status }, cancellationToken);
            failure ??= written.Error is { Reason: not ApiErrorReason.NotFound } ? written.Error : null;
        }

        if (failure is not null)
        {
            return ReconcileResult.Failed(failure);
        }

        TimeSpan?[] waits = [retry, PodFacts.NextAvailability(owned, set.Spec.MinReadySeconds ?? 0, now), expectations.GivenUpIn(key)];
        return waits.Min() is { } delay ? ReconcileResult.After(delay) : ReconcileResult.Done;
    }
}
