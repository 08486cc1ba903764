using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Batch;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.Jobs;

/// <summary>What a job's podFailurePolicy says of one failed pod.</summary>
/// <param name="Action"><c>FailJob</c>, <c>FailIndex</c>, <c>Ignore</c> or <c>Count</c>.</param>
/// <param name="Message">Which rule matched what, as upstream words it.</param>
internal sealed record FailureVerdict(string Action, string Message)
{
    private static readonly FailureVerdict s_counted = new("Count", "");

    /// <summary>The first rule that matches decides; none that does leaves the failure to the back-off limit.</summary>
    public static FailureVerdict Of(Job job, Pod pod)
    {
        foreach (var (at, rule) in (job.Spec.PodFailurePolicy?.Rules ?? []).Index())
        {
            if (rule.OnExitCodes is { } codes && Matching(codes, pod) is { } found)
            {
                return new(rule.Action, $"Container {found.Name} for pod {pod.Metadata.Namespace}/{pod.Metadata.Name} failed with exit code {found.Code} matching {rule.Action} rule at index {at}");
            }

            foreach (var pattern in rule.OnPodConditions ?? [])
            {
                if (PodFacts.Condition(pod, pattern.Type)?.Status == (pattern.Status ?? "True"))
                {
                    return new(rule.Action, $"Pod {pod.Metadata.Namespace}/{pod.Metadata.Name} has condition {pattern.Type} matching {rule.Action} rule at index {at}");
                }
            }
        }

        return s_counted;
    }

    private static (string Name, int Code)? Matching(PodFailurePolicyOnExitCodesRequirement codes, Pod pod)
    {
        foreach (var status in (pod.Status.ContainerStatuses ?? []).Concat(pod.Status.InitContainerStatuses ?? []))
        {
            if (status.State?.Terminated is { ExitCode: not 0 } ended && (codes.ContainerName is null || codes.ContainerName == status.Name)
                && codes.Values.Contains(ended.ExitCode) == (codes.Operator == "In"))
            {
                return (status.Name, ended.ExitCode);
            }
        }

        return null;
    }
}
