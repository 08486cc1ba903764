using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Apps;

namespace KubeAspire.Controllers.ReplicaSets;

/// <summary>Where the objects come from that the one planner serves: ReplicaSets, or ReplicationControllers shown as such.</summary>
internal interface IReplicaSource
{
    /// <summary>The kind that owner references name.</summary>
    ResourceType Type { get; }

    /// <summary>The object from the cache.</summary>
    ReplicaSet? Find(ObjectKey key);

    /// <summary>The objects of a namespace, from the cache.</summary>
    IEnumerable<ReplicaSet> List(string ns);

    /// <summary>The object from the API.</summary>
    Task<ApiResult<ReplicaSet>> GetAsync(ObjectKey key, CancellationToken cancellationToken);

    /// <summary>Writes the status, on the condition that the object is as read.</summary>
    Task<ApiError?> WriteStatusAsync(ReplicaSet value, CancellationToken cancellationToken);

    /// <summary>Hears of changes: before, after.</summary>
    void OnChange(Action<ReplicaSet?, ReplicaSet?> handler);
}
