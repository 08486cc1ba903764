using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.ServiceAccounts;

/// <summary>Sees to it that every live namespace has a service account named <c>default</c>. Keys are namespaces.</summary>
internal sealed class ServiceAccountReconciler(IApiClient client, IInformer<Namespace> namespaces, IInformer<ServiceAccount> accounts) : IReconciler
{
    /// <summary>The account that pods get when they name none.</summary>
    public const string Default = "default";

    /// <summary>Wires the controller to its watches.</summary>
    public static Controller Create(ControllerContext context)
    {
        var queue = new WorkQueue("serviceaccount", context.Clock);
        var namespaces = context.Informers.For<Namespace>();
        var accounts = context.Informers.For<ServiceAccount>();
        namespaces.AddHandler((_, after) =>
        {
            if (after is not null)
            {
                queue.Add(ObjectKey.Of(after), Tracing.ContextOf(after));
            }
        });
        accounts.AddHandler((before, after) =>
        {
            if (after is null && before!.Metadata.Name == Default)
            {
                queue.Add(new ObjectKey("", before.Metadata.Namespace!));
            }
        });
        return new Controller("serviceaccount", "ServiceAccount", new ServiceAccountReconciler(context.Client, namespaces, accounts), queue)
        {
            WhenReady = context.Informers.WhenSyncedAsync,
        };
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (namespaces.Find(key) is not { Metadata.DeletionTimestamp: null, Status.Phase: not "Terminating" } || accounts.Find(key.Name, Default) is not null)
        {
            return ReconcileResult.Done;
        }

        var made = new ServiceAccount { Metadata = new ObjectMeta { Name = Default, Namespace = key.Name } };
        var created = await client.CreateAsync(made, cancellationToken);
        return created.Succeeded || created.Error.Reason is ApiErrorReason.AlreadyExists or ApiErrorReason.NotFound || PodControl.IsNamespaceTerminating(created.Error)
            ? ReconcileResult.Done : ReconcileResult.Failed(created.Error);
    }
}
