using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Informers;
using KubeAspire.Resources.Apps;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.ReplicaSets;

/// <summary>ReplicationControllers, shown as the ReplicaSets they became.</summary>
internal sealed class ReplicationControllerSource(IApiClient client, IInformer<ReplicationController> informer) : IReplicaSource
{
    /// <inheritdoc/>
    public ResourceType Type => ReplicationController.ResourceType;

    /// <inheritdoc/>
    public ReplicaSet? Find(ObjectKey key) => Show(informer.Find(key));

    /// <inheritdoc/>
    public IEnumerable<ReplicaSet> List(string ns) => informer.List(ns).Select(value => Show(value)!);

    /// <inheritdoc/>
    public async Task<ApiResult<ReplicaSet>> GetAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var found = await client.GetAsync<ReplicationController>(key.Namespace, key.Name, cancellationToken);
        return found.Succeeded ? Show(found.Value)! : found.Error;
    }

    /// <inheritdoc/>
    public async Task<ApiError?> WriteStatusAsync(ReplicaSet value, CancellationToken cancellationToken) =>
        (await client.UpdateStatusAsync(new ReplicationController { Metadata = value.Metadata, Status = StatusOf(value.Status) }, cancellationToken)).Error;

    /// <inheritdoc/>
    public void OnChange(Action<ReplicaSet?, ReplicaSet?> handler) => informer.AddHandler((before, after) => handler(Show(before), Show(after)));

    private static ReplicaSet? Show(ReplicationController? value) => value is null ? null : new ReplicaSet
    {
        Metadata = value.Metadata,
        Spec = new ReplicaSetSpec
        {
            Replicas = value.Spec.Replicas,
            MinReadySeconds = value.Spec.MinReadySeconds,
            Selector = new LabelSelector { MatchLabels = value.Spec.Selector ?? value.Spec.Template?.Metadata.Labels },
            Template = value.Spec.Template,
        },
        Status = new ReplicaSetStatus
        {
            Replicas = value.Status.Replicas,
            FullyLabeledReplicas = value.Status.FullyLabeledReplicas,
            ReadyReplicas = value.Status.ReadyReplicas,
            AvailableReplicas = value.Status.AvailableReplicas,
            ObservedGeneration = value.Status.ObservedGeneration,
            Conditions = value.Status.Conditions?.Select(condition => new ReplicaSetCondition
            {
                Type = condition.Type,
                Status = condition.Status,
                Reason = condition.Reason,
                Message = condition.Message,
                LastTransitionTime = condition.LastTransitionTime,
            }).ToList(),
        },
    };

    private static ReplicationControllerStatus StatusOf(ReplicaSetStatus status) => new()
    {
        Replicas = status.Replicas,
        FullyLabeledReplicas = status.FullyLabeledReplicas,
        ReadyReplicas = status.ReadyReplicas,
        AvailableReplicas = status.AvailableReplicas,
        ObservedGeneration = status.ObservedGeneration,
        Conditions = status.Conditions?.Select(condition => new ReplicationControllerCondition
        {
            Type = condition.Type,
            Status = condition.Status,
            Reason = condition.Reason,
            Message = condition.Message,
            LastTransitionTime = condition.LastTransitionTime,
        }).ToList(),
    };
}
