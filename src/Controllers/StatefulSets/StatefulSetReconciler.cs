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

namespace KubeAspire.Controllers.StatefulSets;

/// <summary>Keeps a StatefulSet's numbered pods and their claims.</summary>
/// <remarks>Needs no expectations: a pod's name is its number, so a stale cache makes a create fail, never a pod too many.</remarks>
internal sealed class StatefulSetReconciler(
    IApiClient client, IInformer<StatefulSet> sets, IInformer<Pod> pods, IInformer<PersistentVolumeClaim> claims, IInformer<ControllerRevision> revisions,
    IEventRecorder events, TimeProvider clock, ILogger<StatefulSetReconciler> logger) : IReconciler
{
    private readonly PodControl _control = new(client, events);

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (sets.Find(key) is not { } set)
        {
            return ReconcileResult.Done;
        }

        var selector = Selector.From(set.Spec.Selector);
        if (!selector.Succeeded || selector.Value.IsEmpty)
        {
            return ReconcileResult.Done;
        }

        var (owned, error) = await ClaimAsync(set, selector.Value, cancellationToken);
        if (error is not null)
        {
            return ReconcileResult.Failed(error);
        }

        var history = StatefulHistory.Plan(
            set, [.. revisions.List(key.Namespace).Where(revision => Owners.IsControlledBy(revision.Metadata, set.Metadata.Uid))], owned);
        var (refused, collisions) = await KeepHistoryAsync(set, history, cancellationToken);
        if (refused is not null)
        {
            return ReconcileResult.Failed(refused);
        }

        var (current, update) = (history.Current.Metadata.Name!, history.Update.Metadata.Name!);
        ApiError? failure = null;
        if (collisions is null)
        {
            var plan = StatefulSetPlanner.Plan(set, owned, current, update, clock.GetUtcNow());
            failure = await ActAsync(key, set, plan, history, owned, cancellationToken);
        }

        return await ReportAsync(set, owned, current, update, collisions, failure, cancellationToken);
    }

    private async Task<ReconcileResult> ReportAsync(
        StatefulSet set, IReadOnlyList<Pod> owned, string current, string update, int? collisions, ApiError? failure, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var status = StatefulSetPlanner.StatusOf(set, owned, current, update, collisions ?? set.Status.CollisionCount, now);
        if (!Same.Value(status, set.Status))
        {
            var written = await client.UpdateStatusAsync(set with { Status = status }, cancellationToken);
            failure ??= written.Error is { Reason: not ApiErrorReason.NotFound } ? written.Error : null;
        }

        return failure is not null ? ReconcileResult.Failed(failure)
            : PodFacts.NextAvailability(owned, set.Spec.MinReadySeconds ?? 0, now) is { } wait ? ReconcileResult.After(wait) : ReconcileResult.Done;
    }

    private Task<(IReadOnlyList<Pod> Owned, ApiError? Error)> ClaimAsync(StatefulSet set, Selector selector, CancellationToken cancellationToken) =>
        _control.ClaimAsync(set, Claims.Decide(set.Metadata, selector, pods.List(set.Metadata.Namespace).Where(pod => StatefulPods.OrdinalOf(set, pod) is not null)), cancellationToken);

    // Returns a new collision count where the revision's name is taken by another template.
    private async Task<(ApiError? Error, int? Collisions)> KeepHistoryAsync(StatefulSet set, StatefulHistoryPlan plan, CancellationToken cancellationToken)
    {
        if (set.Metadata.DeletionTimestamp is not null)
        {
            return (null, null);
        }

        if (plan.Create && (await client.CreateAsync(plan.Update, cancellationToken)).Error is { } error)
        {
            if (error.Reason != ApiErrorReason.AlreadyExists)
            {
                return (error, null);
            }

            var found = await client.GetAsync<ControllerRevision>(set.Metadata.Namespace, plan.Update.Metadata.Name!, cancellationToken);
            if (!found.Succeeded)
            {
                return (found.Error, null);
            }

            if (!Owners.IsControlledBy(found.Value.Metadata, set.Metadata.Uid)
                || !Same.Value(found.Value with { Metadata = plan.Update.Metadata, Revision = plan.Update.Revision, ApiVersion = null, Kind = null }, plan.Update))
            {
                return (null, (set.Status.CollisionCount ?? 0) + 1);
            }
        }

        if (plan.Renumber is { } renumbered && (await client.UpdateAsync(renumbered, cancellationToken)).Error is { } conflict)
        {
            return (conflict, null);
        }

        foreach (var old in plan.Delete)
        {
            var options = new DeleteOptions { Preconditions = new Preconditions { Uid = old.Metadata.Uid } };
            if (await client.DeleteAsync<ControllerRevision>(old.Metadata.Namespace, old.Metadata.Name!, options, cancellationToken) is { Reason: not ApiErrorReason.NotFound } refused)
            {
                return (refused, null);
            }
        }

        return (null, null);
    }

    private async Task<ApiError?> ActAsync(ObjectKey key, StatefulSet set, StatefulSetPlan plan, StatefulHistoryPlan history, IReadOnlyList<Pod> owned, CancellationToken cancellationToken)
    {
        if (plan.Create.Count + plan.Delete.Count > 0)
        {
            logger.StatefulPodsChanged(key, plan.Create.Count, plan.Delete.Count);
        }

        foreach (var (ordinal, updated) in plan.Create)
        {
            var revision = updated ? history.Update : history.Current;
            var template = updated ? set.Spec.Template : StatefulPods.TemplateOf(revision) ?? set.Spec.Template;
            if (await CreateAsync(set, StatefulPods.For(set, ordinal, template, revision.Metadata.Name!), ordinal, cancellationToken) is { } error)
            {
                return error;
            }
        }

        foreach (var pod in owned)
        {
            if (await OwnClaimsAsync(set, pod, plan.Condemned.Contains(pod), cancellationToken) is { } error)
            {
                return error;
            }
        }

        foreach (var pod in plan.Delete)
        {
            if (pod.Status.Phase == "Failed")
            {
                events.Record(set, EventTypes.Warning, "RecreatingFailedPod", $"StatefulSet {key} is recreating failed Pod {pod.Metadata.Name}");
            }
            else if (pod.Status.Phase == "Succeeded")
            {
                events.Record(set, EventTypes.Normal, "RecreatingTerminatedPod", $"StatefulSet {key} is recreating terminated Pod {pod.Metadata.Name}");
            }

            var options = new DeleteOptions { Preconditions = new Preconditions { Uid = pod.Metadata.Uid } };
            var error = await client.DeleteAsync<Pod>(key.Namespace, pod.Metadata.Name!, options, cancellationToken);
            if (error is { Reason: not (ApiErrorReason.NotFound or ApiErrorReason.Conflict) })
            {
                events.Record(set, EventTypes.Warning, "FailedDelete", $"delete Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} failed error: {error.Message}");
                return error;
            }

            if (error is null)
            {
                events.Record(set, EventTypes.Normal, "SuccessfulDelete", $"delete Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} successful");
            }
        }

        return null;
    }

    private async Task<ApiError?> CreateAsync(StatefulSet set, Pod pod, int ordinal, CancellationToken cancellationToken)
    {
        var ns = set.Metadata.Namespace ?? "";
        foreach (var claim in StatefulPods.ClaimsFor(set, ordinal))
        {
            if (claims.Find(new ObjectKey(ns, claim.Metadata.Name!)) is not null)
            {
                continue;
            }

            var made = await client.CreateAsync(claim, cancellationToken);
            if (made.Succeeded)
            {
                events.Record(set, EventTypes.Normal, "SuccessfulCreate", $"create Claim {claim.Metadata.Name} Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} success");
            }
            else if (made.Error.Reason != ApiErrorReason.AlreadyExists)
            {
                events.Record(set, EventTypes.Warning, "FailedCreate", $"create Claim {claim.Metadata.Name} for Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} failed error: {made.Error.Message}");
                return made.Error;
            }
        }

        var created = await client.CreateAsync(pod, cancellationToken);
        if (created.Succeeded)
        {
            events.Record(set, EventTypes.Normal, "SuccessfulCreate", $"create Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} successful");
            return null;
        }

        if (created.Error.Reason == ApiErrorReason.AlreadyExists || PodControl.IsNamespaceTerminating(created.Error))
        {
            return null; // The cache will show it, or nothing is made any more.
        }

        events.Record(set, EventTypes.Warning, "FailedCreate", $"create Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} failed error: {created.Error.Message}");
        return created.Error;
    }

    // A claim goes with whoever the retention policy says: the set, or a pod that the set no longer wants.
    private async Task<ApiError?> OwnClaimsAsync(StatefulSet set, Pod pod, bool condemned, CancellationToken cancellationToken)
    {
        foreach (var template in set.Spec.VolumeClaimTemplates ?? [])
        {
            var name = StatefulPods.ClaimName(set, template, StatefulPods.OrdinalOf(set, pod)!.Value);
            if (claims.Find(new ObjectKey(set.Metadata.Namespace ?? "", name)) is not { Metadata.DeletionTimestamp: null } claim)
            {
                continue;
            }

            var owners = StatefulPods.OwnersOf(set, pod, condemned, claim.Metadata.OwnerReferences);
            if (owners.Select(owner => owner.Uid).SequenceEqual((claim.Metadata.OwnerReferences ?? []).Select(owner => owner.Uid)))
            {
                continue;
            }

            var written = await client.UpdateAsync(claim with { Metadata = claim.Metadata with { OwnerReferences = owners } }, cancellationToken);
            if (written.Error is { Reason: not ApiErrorReason.NotFound } error)
            {
                return error;
            }
        }

        return null;
    }
}
