using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Labels;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Apps;
using KubeAspire.Resources.Core;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.ReplicaSets;

/// <summary>Brings the number of live pods of a ReplicaSet (or ReplicationController) to <c>spec.replicas</c>.</summary>
/// <remarks>
/// Reads caches, decides in <see cref="ReplicaSetPlanner"/>, acts, reports. Never counts pods while something it did is not yet in
/// the cache (<see cref="Expectations"/>).
/// </remarks>
internal sealed class ReplicaSetReconciler(
    IReplicaSource source, IInformer<Pod> pods, PodControl control, Expectations expectations, TimeProvider clock, ILogger logger) : IReconciler
{
    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (source.Find(key) is not { } replicaSet)
        {
            expectations.Forget(key);
            return ReconcileResult.Done;
        }

        var selected = Selector.From(replicaSet.Spec.Selector);
        if (!selected.Succeeded || selected.Value.IsEmpty)
        {
            logger.SelectorUnusable(source.Type.Kind, key); // Selecting nothing or everything is no claim that can be kept.
            return ReconcileResult.Done;
        }

        var counting = expectations.Satisfied(key); // Asked before the pods are read: what is seen later only makes the cache fresher.
        var (owned, refusal) = await ClaimAsync(replicaSet, selected.Value, cancellationToken);
        if (refusal is not null)
        {
            return ReconcileResult.Failed(refusal);
        }

        (string Reason, ApiError Error)? failure = null;
        if (counting)
        {
            var plan = ReplicaSetPlanner.Plan(replicaSet, owned, Related(replicaSet), clock.GetUtcNow());
            failure = await ActAsync(key, replicaSet, plan, cancellationToken);
        }

        return await ReportAsync(key, replicaSet, owned, failure, cancellationToken);
    }

    private async Task<(IReadOnlyList<Pod> Owned, ApiError? Error)> ClaimAsync(ReplicaSet replicaSet, Selector selector, CancellationToken cancellationToken)
    {
        var claim = Claims.Decide(replicaSet.Metadata, selector, pods.List(replicaSet.Metadata.Namespace));
        var toAdopt = claim.ToAdopt.Where(pod => !PodFacts.IsTerminal(pod)).ToList();
        var owned = new List<Pod>(claim.Owned);
        if (toAdopt.Count > 0)
        {
            // The cache may show an owner that is gone: an adoption on its strength would leave pods to nobody.
            var live = await source.GetAsync(ObjectKey.Of(replicaSet), cancellationToken);
            if (!live.Succeeded)
            {
                return (owned, live.Error);
            }

            if (live.Value.Metadata.Uid != replicaSet.Metadata.Uid || live.Value.Metadata.DeletionTimestamp is not null)
            {
                return (owned, new ApiError(ApiErrorReason.Conflict, $"{source.Type.Kind} {ObjectKey.Of(replicaSet)} was replaced or is being deleted: it adopts no pods"));
            }
        }

        foreach (var orphan in toAdopt)
        {
            var error = await control.AdoptAsync(source.Type, replicaSet.Metadata, orphan, cancellationToken);
            if (error is { Reason: not ApiErrorReason.NotFound })
            {
                return (owned, error);
            }

            if (error is null)
            {
                logger.PodAdopted(source.Type.Kind, ObjectKey.Of(replicaSet), orphan.Metadata.Name);
                owned.Add(orphan);
            }
        }

        foreach (var stray in claim.ToRelease)
        {
            if (await control.ReleaseAsync(replicaSet.Metadata, stray, cancellationToken) is { } error)
            {
                return (owned, error);
            }

            logger.PodReleased(source.Type.Kind, ObjectKey.Of(replicaSet), stray.Metadata.Name);
        }

        return (owned, null);
    }

    private async Task<(string Reason, ApiError Error)?> ActAsync(ObjectKey key, ReplicaSet replicaSet, ReplicaSetPlan plan, CancellationToken cancellationToken)
    {
        var reference = ReferenceTo(replicaSet);
        if (plan.ToCreate > 0)
        {
            logger.TooFewPods(source.Type.Kind, key, replicaSet.Spec.Replicas ?? 1, plan.ToCreate);
            expectations.Expect(key, plan.ToCreate, []);
            var (_, skipped, error) = await SlowStart.RunAsync(plan.ToCreate, async () =>
            {
                var refused = await CreateAsync(key, replicaSet, reference, cancellationToken);
                return refused is not null && PodControl.IsNamespaceTerminating(refused) ? null : refused;
            });
            expectations.CreationSeen(key, skipped);
            return error is null ? null : ("FailedCreate", error);
        }

        if (plan.ToDelete.Count == 0)
        {
            return null;
        }

        logger.TooManyPods(source.Type.Kind, key, replicaSet.Spec.Replicas ?? 1, plan.ToDelete.Count);
        expectations.Expect(key, 0, plan.ToDelete.Select(pod => pod.Metadata.Uid!));
        var refusals = await Task.WhenAll(plan.ToDelete.Select(pod => DeleteAsync(key, pod, reference, cancellationToken)));
        return refusals.FirstOrDefault(error => error is not null) is { } first ? ("FailedDelete", first) : null;
    }

    private async Task<ApiError?> CreateAsync(ObjectKey key, ReplicaSet replicaSet, ObjectReference reference, CancellationToken cancellationToken)
    {
        var made = false;
        try
        {
            var refused = await control.CreateAsync(reference, ReplicaSetPlanner.PodFor(replicaSet, source.Type), cancellationToken);
            made = refused is null;
            return refused;
        }
        finally
        {
            if (!made)
            {
                expectations.CreationSeen(key); // It will not be seen: nothing was made.
            }
        }
    }

    private async Task<ApiError?> DeleteAsync(ObjectKey key, Pod pod, ObjectReference reference, CancellationToken cancellationToken)
    {
        var gone = false;
        try
        {
            var refused = await control.DeleteAsync(reference, pod, cancellationToken);
            gone = refused is null;
            return refused;
        }
        finally
        {
            if (!gone || pods.Find(ObjectKey.Of(pod)) is null)
            {
                expectations.DeletionSeen(key, pod.Metadata.Uid);
            }
        }
    }

    private async Task<ReconcileResult> ReportAsync(
        ObjectKey key, ReplicaSet replicaSet, IReadOnlyList<Pod> owned, (string Reason, ApiError Error)? failure, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var status = ReplicaSetPlanner.StatusOf(replicaSet, owned, failure is { } f ? (f.Reason, f.Error.Message) : null, now);
        if (!Same.Value(status, replicaSet.Status))
        {
            var error = await source.WriteStatusAsync(replicaSet with { Status = status }, cancellationToken);
            if (error is { Reason: not ApiErrorReason.NotFound })
            {
                return ReconcileResult.Failed(failure?.Error ?? error);
            }
        }

        if (failure is { } failed)
        {
            return ReconcileResult.Failed(failed.Error);
        }

        var wait = PodFacts.NextAvailability(owned.Where(PodFacts.IsActive), replicaSet.Spec.MinReadySeconds ?? 0, now);
        var giveUp = expectations.GivenUpIn(key);
        var next = (wait, giveUp) switch
        {
            ({ } a, { } b) => a < b ? a : b,
            _ => wait ?? giveUp,
        };
        return next is { } delay ? ReconcileResult.After(delay) : ReconcileResult.Done;
    }

    // Pods of every ReplicaSet of the same Deployment, this one's included.
    private List<Pod> Related(ReplicaSet replicaSet)
    {
        var owner = Owners.ControllerOf(replicaSet.Metadata);
        var siblings = owner is null
            ? [replicaSet.Metadata.Uid]
            : source.List(replicaSet.Metadata.Namespace ?? "").Where(other => Owners.IsControlledBy(other.Metadata, owner.Uid)).Select(other => other.Metadata.Uid).ToHashSet();
        return [.. pods.List(replicaSet.Metadata.Namespace).Where(pod => Owners.ControllerOf(pod.Metadata) is { } controller && siblings.Contains(controller.Uid))];
    }

    private ObjectReference ReferenceTo(ReplicaSet replicaSet) => new()
    {
        ApiVersion = source.Type.ApiVersion,
        Kind = source.Type.Kind,
        Namespace = replicaSet.Metadata.Namespace,
        Name = replicaSet.Metadata.Name,
        Uid = replicaSet.Metadata.Uid,
        ResourceVersion = replicaSet.Metadata.ResourceVersion,
    };
}
