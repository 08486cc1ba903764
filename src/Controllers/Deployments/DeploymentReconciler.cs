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

namespace KubeAspire.Controllers.Deployments;

/// <summary>Rolls a Deployment's template out over its ReplicaSets, a step a pass. Decides in <see cref="DeploymentPlanner"/>.</summary>
internal sealed class DeploymentReconciler(
    IApiClient client,
    IInformer<Deployment> deployments,
    IInformer<ReplicaSet> replicaSets,
    IInformer<Pod> pods,
    IEventRecorder events,
    TimeProvider clock,
    ILogger<DeploymentReconciler> logger) : IReconciler
{
    private readonly PodControl _control = new(client, events);

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (deployments.Find(key) is not { } deployment)
        {
            return ReconcileResult.Done;
        }

        var selected = Selector.From(deployment.Spec.Selector);
        if (!selected.Succeeded || selected.Value.IsEmpty)
        {
            events.Record(deployment, EventTypes.Warning, "SelectingAll", "This deployment is selecting all pods. A non-empty selector is required.");
            return ReconcileResult.Done;
        }

        var (owned, refusal) = await ClaimAsync(deployment, selected.Value, cancellationToken);
        if (refusal is not null)
        {
            return ReconcileResult.Failed(refusal);
        }

        var now = clock.GetUtcNow();
        var plan = DeploymentPlanner.Plan(deployment, owned, OldPodsRun(deployment, owned), now);
        if (await ActAsync(deployment, plan, cancellationToken) is { } error)
        {
            return ReconcileResult.Failed(error);
        }

        return await ReportAsync(deployment, plan, now, cancellationToken);
    }

    private async Task<(IReadOnlyList<ReplicaSet> Owned, ApiError? Error)> ClaimAsync(Deployment deployment, Selector selector, CancellationToken cancellationToken)
    {
        var claim = Claims.Decide(deployment.Metadata, selector, replicaSets.List(deployment.Metadata.Namespace));
        var owned = new List<ReplicaSet>(claim.Owned);
        if (claim.ToAdopt.Count > 0)
        {
            var live = await client.GetAsync<Deployment>(deployment.Metadata.Namespace, deployment.Metadata.Name!, cancellationToken);
            if (!live.Succeeded || live.Value.Metadata.Uid != deployment.Metadata.Uid || live.Value.Metadata.DeletionTimestamp is not null)
            {
                return (owned, live.Error ?? new ApiError(ApiErrorReason.Conflict, $"Deployment {ObjectKey.Of(deployment)} was replaced or is being deleted: it adopts nothing"));
            }
        }

        foreach (var orphan in claim.ToAdopt)
        {
            var error = await _control.AdoptAsync(Deployment.ResourceType, deployment.Metadata, orphan, cancellationToken);
            if (error is { Reason: not ApiErrorReason.NotFound })
            {
                return (owned, error);
            }

            // Its resourceVersion moved: the watch brings it back, and the next pass works with it.
            logger.ReplicaSetAdopted(ObjectKey.Of(deployment), orphan.Metadata.Name);
        }

        foreach (var stray in claim.ToRelease)
        {
            if (await _control.ReleaseAsync(deployment.Metadata, stray, cancellationToken) is { } error)
            {
                return (owned, error);
            }
        }

        return claim.ToAdopt.Count > 0
            ? (owned, new ApiError(ApiErrorReason.Conflict, $"Deployment {ObjectKey.Of(deployment)} adopted replica sets; the next pass counts them"))
            : (owned, null);
    }

    private bool OldPodsRun(Deployment deployment, IReadOnlyList<ReplicaSet> owned)
    {
        if (DeploymentMath.IsRolling(deployment))
        {
            return false;
        }

        var old = owned.Where(set => !PodTemplateHash.SameTemplate(set.Spec.Template, deployment.Spec.Template)).Select(set => set.Metadata.Uid).ToHashSet();
        return pods.List(deployment.Metadata.Namespace).Any(pod => !PodFacts.IsTerminal(pod) && Owners.ControllerOf(pod.Metadata) is { } owner && old.Contains(owner.Uid));
    }

    private async Task<ApiError?> ActAsync(Deployment deployment, DeploymentPlan plan, CancellationToken cancellationToken)
    {
        if (plan.Create is { } made && await CreateAsync(deployment, made, plan, cancellationToken) is { } refused)
        {
            return refused;
        }

        foreach (var update in plan.Updates)
        {
            var written = await client.UpdateAsync(update.After, cancellationToken);
            if (!written.Succeeded)
            {
                return written.Error;
            }

            if (update.ScaleMessage is { } message)
            {
                logger.ReplicaSetScaled(ObjectKey.Of(deployment), message);
                events.Record(deployment, EventTypes.Normal, "ScalingReplicaSet", message);
            }
        }

        foreach (var old in plan.Deletes)
        {
            var options = new DeleteOptions { Preconditions = new Preconditions { Uid = old.Metadata.Uid } };
            var error = await client.DeleteAsync<ReplicaSet>(old.Metadata.Namespace, old.Metadata.Name!, options, cancellationToken);
            if (error is { Reason: not ApiErrorReason.NotFound })
            {
                return error;
            }

            logger.ReplicaSetForgotten(ObjectKey.Of(deployment), old.Metadata.Name);
        }

        return null;
    }

    private async Task<ApiError?> CreateAsync(Deployment deployment, ReplicaSet made, DeploymentPlan plan, CancellationToken cancellationToken)
    {
        var created = await client.CreateAsync(made, cancellationToken);
        if (created.Succeeded)
        {
            logger.ReplicaSetCreated(ObjectKey.Of(deployment), made.Metadata.Name, DeploymentMath.Size(made));
            if (DeploymentMath.Size(made) > 0)
            {
                events.Record(deployment, EventTypes.Normal, "ScalingReplicaSet", $"Scaled up replica set {made.Metadata.Name} from 0 to {DeploymentMath.Size(made)}");
            }

            return null;
        }

        if (created.Error.Reason == ApiErrorReason.AlreadyExists)
        {
            var found = await client.GetAsync<ReplicaSet>(made.Metadata.Namespace, made.Metadata.Name!, cancellationToken);
            if (!found.Succeeded)
            {
                return found.Error;
            }

            if (Owners.IsControlledBy(found.Value.Metadata, deployment.Metadata.Uid) && PodTemplateHash.SameTemplate(found.Value.Spec.Template, deployment.Spec.Template))
            {
                return null; // Made by an earlier pass that the cache does not show yet.
            }

            // Another template with the same hash, or another's ReplicaSet of this name: hash again, with salt.
            var collided = deployment.Status with { CollisionCount = (deployment.Status.CollisionCount ?? 0) + 1 };
            logger.HashCollided(ObjectKey.Of(deployment), made.Metadata.Name, collided.CollisionCount.Value);
            var written = await client.UpdateStatusAsync(deployment with { Status = collided }, cancellationToken);
            return written.Error ?? created.Error;
        }

        if (!PodControl.IsNamespaceTerminating(created.Error) && DeploymentMath.HasProgressDeadline(deployment))
        {
            var message = $"Failed to create new replica set \"{made.Metadata.Name}\": {created.Error.Message}";
            var failed = DeploymentStatusRules.Set(deployment.Status, DeploymentStatusRules.Progressing, "False", "ReplicaSetCreateError", message, clock.GetUtcNow());
            if (!Same.Value(failed, deployment.Status))
            {
                await client.UpdateStatusAsync(deployment with { Status = failed }, cancellationToken);
            }

            events.Record(deployment, EventTypes.Warning, "ReplicaSetCreateError", message);
        }

        return created.Error;
    }

    private async Task<ReconcileResult> ReportAsync(Deployment deployment, DeploymentPlan plan, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (plan.Revision is { } revision)
        {
            var annotations = new Dictionary<string, string>(deployment.Metadata.Annotations ?? new Dictionary<string, string>()) { [DeploymentAnnotations.Revision] = revision };
            var written = await client.UpdateAsync(deployment.WithMetadata(deployment.Metadata with { Annotations = annotations }), cancellationToken);
            if (!written.Succeeded)
            {
                return ReconcileResult.Failed(written.Error);
            }

            deployment = written.Value;
        }

        if (!Same.Value(plan.Status, deployment.Status))
        {
            var written = await client.UpdateStatusAsync(deployment with { Status = plan.Status }, cancellationToken);
            if (!written.Succeeded)
            {
                return ReconcileResult.Failed(written.Error);
            }
        }

        return DeploymentStatusRules.CheckAgainIn(deployment, plan.Status, now) is { } delay ? ReconcileResult.After(delay) : ReconcileResult.Done;
    }
}
