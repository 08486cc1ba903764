using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Rbac;

namespace KubeAspire.Controllers.ClusterRoleAggregation;

/// <summary>Keeps ClusterRoles with an aggregationRule equal to the sum of the roles they select.</summary>
internal sealed class AggregationReconciler(IApiClient client, IInformer<ClusterRole> roles) : IReconciler
{
    /// <summary>Wires the controller to its watches.</summary>
    public static Controller Create(ControllerContext context)
    {
        var queue = new WorkQueue("clusterrole-aggregation", context.Clock);
        var roles = context.Informers.For<ClusterRole>();
        roles.AddHandler((before, after) =>
        {
            // Any role may be a part of any sum; sums are few.
            foreach (var sum in roles.List().Where(role => role.AggregationRule is not null))
            {
                queue.Add(ObjectKey.Of(sum));
            }

            if (after?.AggregationRule is not null)
            {
                queue.Add(ObjectKey.Of(after));
            }
        });
        return new Controller("clusterrole-aggregation", "ClusterRole", new AggregationReconciler(context.Client, roles), queue)
        {
            Workers = 1,
            WhenReady = context.Informers.WhenSyncedAsync,
        };
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (roles.Find(key) is not { AggregationRule: not null } role)
        {
            return ReconcileResult.Done;
        }

        var rules = AggregationPlanner.Plan(role, roles.List());
        if (AggregationPlanner.AreSame(rules, role.Rules))
        {
            return ReconcileResult.Done;
        }

        var written = await client.UpdateAsync(role with { Rules = rules }, cancellationToken);
        return written.Succeeded || written.Error.Reason == ApiErrorReason.NotFound ? ReconcileResult.Done : ReconcileResult.Failed(written.Error);
    }
}
