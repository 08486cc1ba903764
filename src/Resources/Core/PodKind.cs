using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 Pod</c>: containers that share an address and a fate.</summary>
public sealed class PodKind : ResourceKind<Pod>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["po"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["all"];

    /// <inheritdoc/>
    public override bool Traced => true;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<IKubernetesObject, string>> SelectableFields { get; } = Selectable(
        ("spec.nodeName", pod => pod.Spec.NodeName),
        ("spec.restartPolicy", pod => pod.Spec.RestartPolicy),
        ("spec.schedulerName", pod => pod.Spec.SchedulerName),
        ("spec.serviceAccountName", pod => pod.Spec.ServiceAccountName),
        ("spec.hostNetwork", pod => pod.Spec.HostNetwork == true ? "true" : "false"),
        ("status.phase", pod => pod.Status.Phase),
        ("status.podIP", pod => pod.Status.PodIP),
        ("status.nominatedNodeName", pod => pod.Status.NominatedNodeName));

    /// <inheritdoc/>
    public override long GraceSecondsFor(JsonObject stored, long? requested)
    {
        var spec = stored.Child("spec");
        if (string.IsNullOrEmpty(spec.Text("nodeName")) || stored.Child("status").Text("phase") is "Failed" or "Succeeded")
        {
            return 0; // Nothing runs that could end gracefully.
        }

        var seconds = requested ?? spec.Number("terminationGracePeriodSeconds") ?? 0;
        return seconds < 0 ? 1 : seconds;
    }
}
