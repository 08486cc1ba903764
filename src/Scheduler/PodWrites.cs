using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.Client;
using KubeAspire.Resources.Core;

namespace KubeAspire.Scheduler;

/// <summary>What the scheduler writes to pods: the binding, and the condition that says why there is none.</summary>
internal sealed class PodWrites(IApiClient client, TimeProvider clock)
{
    private const string Scheduled = "PodScheduled";
    private const string Unschedulable = "Unschedulable";

    /// <summary>Binds a pod to a node. The API server refuses a second binding, and one of another pod of that name.</summary>
    public async Task<ApiError?> BindAsync(Pod pod, string node, CancellationToken cancellationToken)
    {
        var binding = new Binding
        {
            ApiVersion = "v1",
            Kind = "Binding",
            Metadata = new ObjectMeta { Namespace = pod.Metadata.Namespace, Name = pod.Metadata.Name, Uid = pod.Metadata.Uid },
            Target = new ObjectReference { ApiVersion = "v1", Kind = "Node", Name = node },
        };
        var bound = await client.CreateSubresourceAsync<Binding, Status>(Pod.ResourceType, pod.Metadata.Namespace, pod.Metadata.Name!, "binding", binding, cancellationToken);
        return bound.Error;
    }

    /// <summary>Writes condition PodScheduled=False with reason Unschedulable, unless it says so already.</summary>
    public async Task<ApiError?> MarkUnschedulableAsync(Pod pod, string message, CancellationToken cancellationToken)
    {
        var known = pod.Status.Conditions?.FirstOrDefault(condition => condition.Type == Scheduled);
        if (known is { Status: "False", Reason: Unschedulable } && known.Message == message)
        {
            return null;
        }

        // The transition is when False began, not when the message changed.
        var since = known is { Status: "False", LastTransitionTime: { } began } ? began : clock.GetUtcNow();
        var condition = new JsonObject
        {
            ["type"] = Scheduled,
            ["status"] = "False",
            ["reason"] = Unschedulable,
            ["message"] = message,
            ["lastProbeTime"] = null,
            ["lastTransitionTime"] = since.UtcDateTime.ToString(TimeConverter.Format, CultureInfo.InvariantCulture),
        };
        if (pod.Metadata.Generation is { } generation)
        {
            condition["observedGeneration"] = generation;
        }

        var body = new JsonObject
        {
            ["metadata"] = new JsonObject { ["uid"] = pod.Metadata.Uid },
            ["status"] = new JsonObject { ["conditions"] = new JsonArray(condition) },
        };
        var patch = new ApiPatch(PatchKind.StrategicMerge, Encoding.UTF8.GetBytes(body.ToJsonString()));
        return (await client.PatchStatusAsync<Pod>(pod.Metadata.Namespace, pod.Metadata.Name!, patch, cancellationToken)).Error;
    }
}
