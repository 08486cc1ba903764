using KubeAspire.ApiMachinery.Labels;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Apps;
using KubeAspire.Resources.Core;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.Deployments;

/// <summary>Wires the deployment controller to its watches.</summary>
internal static class DeploymentController
{
    public static Controller Create(ControllerContext context)
    {
        var queue = new WorkQueue("deployment", context.Clock);
        var deployments = context.Informers.For<Deployment>();
        var replicaSets = context.Informers.For<ReplicaSet>();
        var pods = context.Informers.For<Pod>();
        deployments.AddHandler((before, after) => queue.Add(ObjectKey.Of((after ?? before)!), Tracing.ContextOf((after ?? before)!)));
        replicaSets.AddHandler((before, after) => OnReplicaSet(deployments, queue, before, after));
        pods.AddHandler((before, after) => OnPod(deployments, replicaSets, queue, before, after));
        var reconciler = new DeploymentReconciler(
            context.Client, deployments, replicaSets, pods, context.RecorderOf("deployment-controller"), context.Clock, context.Loggers.CreateLogger<DeploymentReconciler>());
        return new Controller("deployment", "Deployment", reconciler, queue) { WhenReady = context.Informers.WhenSyncedAsync };
    }

    private static void OnReplicaSet(IInformer<Deployment> deployments, WorkQueue queue, ReplicaSet? before, ReplicaSet? after)
    {
        if (before is not null && Owners.ControllerOf(before.Metadata) is { } former && Owners.Names(former, Deployment.ResourceType))
        {
            queue.Add(new ObjectKey(before.Metadata.Namespace ?? "", former.Name), Tracing.ContextOf(after ?? before));
        }

        if (after is null)
        {
            return;
        }

        if (Owners.ControllerOf(after.Metadata) is { } owner)
        {
            if (Owners.Names(owner, Deployment.ResourceType))
            {
                queue.Add(new ObjectKey(after.Metadata.Namespace ?? "", owner.Name), Tracing.ContextOf(after));
            }

            return;
        }

        foreach (var candidate in deployments.List(after.Metadata.Namespace))
        {
            var selector = Selector.From(candidate.Spec.Selector);
            if (selector.Succeeded && !selector.Value.IsEmpty && selector.Value.Matches(after.Metadata.Labels))
            {
                queue.Add(ObjectKey.Of(candidate), Tracing.ContextOf(after));
            }
        }
    }

    // Recreate waits for the last pod of the old template: only its end matters.
    private static void OnPod(IInformer<Deployment> deployments, IInformer<ReplicaSet> replicaSets, WorkQueue queue, Pod? before, Pod? after)
    {
        var pod = (after ?? before)!;
        if ((after is null || PodFacts.IsTerminal(after))
            && Owners.ControllerOf(pod.Metadata) is { } set && Owners.Names(set, ReplicaSet.ResourceType)
            && replicaSets.Find(pod.Metadata.Namespace, set.Name) is { } replicaSet && Owners.ControllerOf(replicaSet.Metadata) is { } owner
            && deployments.Find(pod.Metadata.Namespace, owner.Name) is { } deployment && !DeploymentMath.IsRolling(deployment))
        {
            queue.Add(ObjectKey.Of(deployment));
        }
    }
}
