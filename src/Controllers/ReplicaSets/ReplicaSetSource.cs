using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Informers;
using KubeAspire.Resources.Apps;

namespace KubeAspire.Controllers.ReplicaSets;

/// <summary>ReplicaSets as they are.</summary>
internal sealed class ReplicaSetSource(IApiClient client, IInformer<ReplicaSet> informer) : IReplicaSource
{
    /// <inheritdoc/>
    public ResourceType Type => ReplicaSet.ResourceType;

    /// <inheritdoc/>
    public ReplicaSet? Find(ObjectKey key) => informer.Find(key);

    /// <inheritdoc/>
    public IEnumerable<ReplicaSet> List(string ns) => informer.List(ns);

    /// <inheritdoc/>
    public Task<ApiResult<ReplicaSet>> GetAsync(ObjectKey key, CancellationToken cancellationToken) =>
        client.GetAsync<ReplicaSet>(key.Namespace, key.Name, cancellationToken);

    /// <inheritdoc/>
    public async Task<ApiError?> WriteStatusAsync(ReplicaSet value, CancellationToken cancellationToken) =>
        (await client.UpdateStatusAsync(value, cancellationToken)).Error;

    /// <inheritdoc/>
    public void OnChange(Action<ReplicaSet?, ReplicaSet?> handler) => informer.AddHandler(handler);
}
