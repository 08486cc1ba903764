using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources;

namespace KubeAspire.Controllers;

/// <summary>Every controller there is.</summary>
internal static class ControllerSet
{
    private static readonly string[] Needed = ["delete", "list", "watch"];

    /// <summary>The built-in resource types that can be listed, watched and deleted.</summary>
    public static IReadOnlyList<ResourceType> BuiltInResourceTypes() =>
        [.. BuiltInTypes.All.Where(type => Needed.All(type.Verbs.Contains)).Select(type => type.Type)];

    /// <summary>Makes them, and adds their handlers to the informers.</summary>
    public static IReadOnlyList<Controller> All(ControllerContext context) =>
    [
        ServiceAccounts.ServiceAccountReconciler.Create(context),
        RootCaPublisher.RootCaReconciler.Create(context),
        Certificates.CertificateReconciler.Create(context),
        NodeIpam.NodeIpamReconciler.Create(context),
        NodeLifecycle.NodeLifecycleController.Create(context),
        TaintEviction.TaintEvictionReconciler.Create(context),
        PodGc.PodGcReconciler.Create(context),
        ReplicaSets.ReplicaSetController.ForReplicaSets(context),
        ReplicaSets.ReplicaSetController.ForReplicationControllers(context),
        Deployments.DeploymentController.Create(context),
        DaemonSets.DaemonSetController.Create(context),
        Jobs.JobController.Create(context),
        CronJobs.CronJobReconciler.Create(context),
        StatefulSets.StatefulSetController.Create(context),
        Disruption.DisruptionReconciler.Create(context),
        EndpointSlices.EndpointSliceController.Create(context),
        EndpointSliceMirroring.MirrorReconciler.Create(context),
        ServiceEndpoints.EndpointsController.Create(context),
        ClusterRoleAggregation.AggregationReconciler.Create(context),
        ResourceQuotas.ResourceQuotaReconciler.Create(context),
        EventTtl.EventTtlReconciler.Create(context),
        Namespaces.NamespaceReconciler.Create(context),
        GarbageCollection.GarbageCollectorController.Create(context),
    ];
}
