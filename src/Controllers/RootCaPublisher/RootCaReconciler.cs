using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.RootCaPublisher;

/// <summary>Publishes the cluster's CA in every live namespace as ConfigMap <c>kube-root-ca.crt</c>. Keys are namespaces.</summary>
internal sealed class RootCaReconciler(IApiClient client, IInformer<Namespace> namespaces, IInformer<ConfigMap> configMaps, string pem) : IReconciler
{
    /// <summary>The ConfigMap.</summary>
    public const string Name = "kube-root-ca.crt";

    /// <summary>Its one entry.</summary>
    public const string Entry = "ca.crt";

    private const string DescriptionKey = "kubernetes.io/description";

    private const string Description =
        "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. "
        + "No other usage is guaranteed across distributions of Kubernetes clusters.";

    /// <summary>Wires the controller to its watches.</summary>
    public static Controller Create(ControllerContext context)
    {
        var queue = new WorkQueue("root-ca-certificate-publisher", context.Clock);
        var namespaces = context.Informers.For<Namespace>();
        var configMaps = context.Informers.For<ConfigMap>($"metadata.name={Name}"); // Of all others no copy is kept here.
        namespaces.AddHandler((_, after) =>
        {
            if (after is not null)
            {
                queue.Add(ObjectKey.Of(after), Tracing.ContextOf(after));
            }
        });
        configMaps.AddHandler((before, after) =>
        {
            if ((after ?? before)!.Metadata.Name == Name)
            {
                queue.Add(new ObjectKey("", (after ?? before)!.Metadata.Namespace!));
            }
        });
        return new Controller(
            "root-ca-certificate-publisher", "ConfigMap", new RootCaReconciler(context.Client, namespaces, configMaps, context.Options.RootCertificatePem), queue)
        {
            WhenReady = context.Informers.WhenSyncedAsync,
        };
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (pem.Length == 0 || namespaces.Find(key) is not { Metadata.DeletionTimestamp: null, Status.Phase: not "Terminating" })
        {
            return ReconcileResult.Done;
        }

        var current = configMaps.Find(key.Name, Name);
        if (current is { Data: { Count: 1 } data } && data.GetValueOrDefault(Entry) == pem && current.Metadata.Annotations?.GetValueOrDefault(DescriptionKey) == Description)
        {
            return ReconcileResult.Done;
        }

        var metadata = current?.Metadata ?? new ObjectMeta { Name = Name, Namespace = key.Name };
        var annotations = new Dictionary<string, string>(metadata.Annotations ?? new Dictionary<string, string>()) { [DescriptionKey] = Description };
        var wanted = new ConfigMap { Metadata = metadata with { Annotations = annotations }, Data = new Dictionary<string, string> { [Entry] = pem } };
        var written = current is null ? await client.CreateAsync(wanted, cancellationToken) : await client.UpdateAsync(wanted, cancellationToken);
        return written.Succeeded || written.Error.Reason is ApiErrorReason.AlreadyExists or ApiErrorReason.NotFound || PodControl.IsNamespaceTerminating(written.Error)
            ? ReconcileResult.Done : ReconcileResult.Failed(written.Error);
    }
}
