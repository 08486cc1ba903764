using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Apps;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds;
using KubeAspire.Resources.Policy;

namespace KubeAspire.Controllers.Disruption;

/// <summary>Keeps the status of PodDisruptionBudgets, which evictions go by.</summary>
internal sealed class DisruptionReconciler(
    IApiClient client, IInformer<PodDisruptionBudget> budgets, IInformer<Pod> pods, IInformer<ReplicaSet> replicaSets, IInformer<Deployment> deployments,
    IInformer<StatefulSet> statefulSets, IInformer<ReplicationController> controllers, TimeProvider clock) : IReconciler
{
    /// <summary>Wires the controller to its watches.</summary>
    public static Controller Create(ControllerContext context)
    {
        var queue = new WorkQueue("disruption", context.Clock);
        var budgets = context.Informers.For<PodDisruptionBudget>();
        var pods = context.Informers.For<Pod>();
        var (replicaSets, deployments) = (context.Informers.For<ReplicaSet>(), context.Informers.For<Deployment>());
        var (statefulSets, controllers) = (context.Informers.For<StatefulSet>(), context.Informers.For<ReplicationController>());
        budgets.AddHandler((before, after) => queue.Add(ObjectKey.Of((after ?? before)!)));
        pods.AddHandler((before, after) =>
        {
            var pod = (after ?? before)!;
            foreach (var budget in budgets.List(pod.Metadata.Namespace))
            {
                if (Selects(budget, pod) || (before is not null && Selects(budget, before)))
                {
                    queue.Add(ObjectKey.Of(budget));
                }
            }
        });
        replicaSets.AddHandler((before, after) => OnScale((before ?? after)!.Metadata, before?.Spec.Replicas != after?.Spec.Replicas));
        deployments.AddHandler((before, after) => OnScale((before ?? after)!.Metadata, before?.Spec.Replicas != after?.Spec.Replicas));
        statefulSets.AddHandler((before, after) => OnScale((before ?? after)!.Metadata, before?.Spec.Replicas != after?.Spec.Replicas));
        controllers.AddHandler((before, after) => OnScale((before ?? after)!.Metadata, before?.Spec.Replicas != after?.Spec.Replicas));
        var reconciler = new DisruptionReconciler(context.Client, budgets, pods, replicaSets, deployments, statefulSets, controllers, context.Clock);
        return new Controller("disruption", "PodDisruptionBudget", reconciler, queue) { WhenReady = context.Informers.WhenSyncedAsync };

        void OnScale(ObjectMeta scaled, bool changed)
        {
            foreach (var budget in changed ? budgets.List(scaled.Namespace) : [])
            {
                queue.Add(ObjectKey.Of(budget));
            }
        }
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (budgets.Find(key) is not { } budget)
        {
            return ReconcileResult.Done;
        }

        var selected = pods.List(key.Namespace).Where(pod => Selects(budget, pod) && !PodFacts.IsTerminal(pod)).ToList();
        var (status, wait) = DisruptionPlanner.Plan(budget, selected, ScaleOf(key.Namespace, selected), clock.GetUtcNow());
        if (!Same.Value(status, budget.Status))
        {
            // The revision goes along: an eviction that came between has changed the status, and must not be forgotten.
            var written = await client.UpdateStatusAsync(budget with { Status = status }, cancellationToken);
            if (written.Error is { Reason: not ApiErrorReason.NotFound } error)
            {
                return ReconcileResult.Failed(error);
            }
        }

        return wait is { } left ? ReconcileResult.After(left) : ReconcileResult.Done;
    }

    // An empty selector selects every pod of the namespace; none at all selects none.
    private static bool Selects(PodDisruptionBudget budget, Pod pod) => budget.Spec.Selector is { } selector && selector.Matches(pod.Metadata.Labels);

    private int ScaleOf(string ns, IReadOnlyList<Pod> selected)
    {
        var counted = new Dictionary<string, int>();
        foreach (var pod in selected)
        {
            if (Owners.ControllerOf(pod.Metadata) is not { } owner)
            {
                continue;
            }

            var key = new ObjectKey(ns, owner.Name);
            if (Owners.Names(owner, ReplicaSet.ResourceType) && replicaSets.Find(key) is { } set)
            {
                if (Owners.ControllerOf(set.Metadata) is { } above && deployments.Find(new ObjectKey(ns, above.Name)) is { } deployment)
                {
                    counted[deployment.Metadata.Uid!] = deployment.Spec.Replicas ?? 1;
                }
                else
                {
                    counted[set.Metadata.Uid!] = set.Spec.Replicas ?? 1;
                }
            }
            else if (Owners.Names(owner, StatefulSet.ResourceType) && statefulSets.Find(key) is { } stateful)
            {
                counted[stateful.Metadata.Uid!] = stateful.Spec.Replicas ?? 1;
            }
            else if (Owners.Names(owner, ReplicationController.ResourceType) && controllers.Find(key) is { } controller)
            {
                counted[controller.Metadata.Uid!] = controller.Spec.Replicas ?? 1;
            }
        }

        return counted.Values.Sum();
    }
}
