using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.ResourceQuotas;

/// <summary>Has quotas counted anew when their bounds change, and when something that they may count has gone or takes less.</summary>
/// <remarks>
/// Counting itself is the API server's: it books what it admits, and answers a write of a quota's status with a recount that misses nothing, not even what is
/// charged and not yet stored. So nothing is counted here, and no count can be late.
/// </remarks>
internal sealed class ResourceQuotaReconciler(IApiClient client, IInformer<ResourceQuota> quotas) : IReconciler
{
    /// <summary>When everything is counted once more, whatever was seen. 5 min, upstream's --resource-quota-sync-period.</summary>
    public static readonly TimeSpan Resync = TimeSpan.FromMinutes(5);

    /// <summary>Wires the controller to its watches.</summary>
    public static Controller Create(ControllerContext context)
    {
        var queue = new WorkQueue("resourcequota", context.Clock);
        var quotas = context.Informers.For<ResourceQuota>();
        quotas.AddHandler((before, after) =>
        {
            // Its own writes change the status alone.
            if (after is not null && (before is null || !Same.Value(before.Spec, after.Spec)))
            {
                queue.Add(ObjectKey.Of(after), Tracing.ContextOf(after));
            }
        });
        foreach (var type in context.ResourceTypes().Where(type => type.Namespaced && type.Plural != "events"))
        {
            context.Informers.For<PartialObjectMetadata>(type).AddHandler((before, after) =>
            {
                if (before is not null && after?.Metadata.Uid != before.Metadata.Uid)
                {
                    OnLess(before.Metadata.Namespace);
                }
            });
        }

        // What takes less while it stays: a pod that has ended, or asks for less; a Service of another type.
        context.Informers.For<Pod>().AddHandler((before, after) =>
        {
            if (before is not null && after is not null && (PodFacts.IsTerminal(after) != PodFacts.IsTerminal(before) || before.Metadata.Generation != after.Metadata.Generation))
            {
                OnLess(after.Metadata.Namespace);
            }
        });
        context.Informers.For<Service>().AddHandler((before, after) =>
        {
            if (before is not null && after is not null && (before.Spec.Type != after.Spec.Type || before.Spec.Ports?.Count != after.Spec.Ports?.Count))
            {
                OnLess(after.Metadata.Namespace);
            }
        });
        return new Controller("resourcequota", "ResourceQuota", new ResourceQuotaReconciler(context.Client, quotas), queue) { WhenReady = context.Informers.WhenSyncedAsync };

        void OnLess(string? ns)
        {
            foreach (var quota in quotas.List(ns))
            {
                queue.Add(ObjectKey.Of(quota));
            }
        }
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (quotas.Find(key) is not { } quota)
        {
            return ReconcileResult.Done;
        }

        // A status that says nothing of its own: the answer is a count. Without a revision: what is counted is what is there.
        var ask = quota with { Metadata = quota.Metadata with { ResourceVersion = null }, Status = new ResourceQuotaStatus { Hard = quota.Spec.Hard } };
        var written = await client.UpdateStatusAsync(ask, cancellationToken);
        return written.Error is { Reason: not ApiErrorReason.NotFound } error ? ReconcileResult.Failed(error) : ReconcileResult.After(Resync);
    }
}
