using System.Globalization;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds;
using KubeAspire.Resources.Policy;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Subresources;

/// <summary>Asks a pod's PodDisruptionBudget before it is evicted, and takes from the budget what the eviction costs.</summary>
/// <remarks>Upstream's pkg/registry/core/pod/storage/eviction.go.</remarks>
internal sealed class DisruptionBudgets(IStateEngine engine, TimeProvider clock)
{
    private const int MostDisrupted = 2000; // entries of disruptedPods, upstream's MaxDisruptedPodSize
    private const int RetrySeconds = 10;
    private const string Violation = "Cannot evict pod as it would violate the pod's disruption budget.";

    /// <summary>Null where the pod may be evicted; the budget has then been charged, unless this is a dry run.</summary>
    public async ValueTask<ApiError?> ChargeAsync(string ns, string name, bool dryRun, CancellationToken cancellationToken)
    {
        if (await engine.FindAsync<Pod>(ns, name, cancellationToken) is not { } pod
            || pod.Metadata.DeletionTimestamp is not null || pod.Status.Phase is "Succeeded" or "Failed" or "Pending")
        {
            return null; // Nothing that serves anybody is lost.
        }

        var found = (await engine.AllAsync<PodDisruptionBudget>(ns, cancellationToken)).Where(budget => budget.Spec.Selector?.Matches(pod.Metadata.Labels) == true).ToList();
        if (found.Count == 0)
        {
            return null;
        }

        if (found.Count > 1)
        {
            return new ApiError(ApiErrorReason.InternalError, "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
        }

        var key = Objects.KeyOf(PodDisruptionBudget.ResourceType, ns, found[0].Metadata.Name!);
        for (var attempt = 1; attempt <= ApiLimits.WriteAttempts; attempt++)
        {
            if (await engine.GetAsync(key, cancellationToken) is not { } entry)
            {
                return null;
            }

            var budget = entry.As<PodDisruptionBudget>();
            if (MayAlways(budget, pod))
            {
                return null;
            }

            if (Refuse(budget) is { } refusal)
            {
                return refusal;
            }

            if (dryRun || await TakeAsync(entry, name, cancellationToken))
            {
                return null;
            }
        }

        return ApiErrors.TooManyRequests("couldn't update PodDisruptionBudget due to conflicts", RetrySeconds);
    }

    private static bool MayAlways(PodDisruptionBudget budget, Pod pod)
    {
        var ready = pod.Status.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true;
        return !ready && (budget.Spec.UnhealthyPodEvictionPolicy == "AlwaysAllow"
            || (budget.Status.CurrentHealthy >= budget.Status.DesiredHealthy && budget.Status.DesiredHealthy > 0));
    }

    private static ApiError? Refuse(PodDisruptionBudget budget)
    {
        var (name, status) = (budget.Metadata.Name, budget.Status);
        if ((status.ObservedGeneration ?? 0) < (budget.Metadata.Generation ?? 0))
        {
            return Violated($"The disruption budget {name} is still being processed by the server.");
        }

        if (status.DisruptedPods?.Count > MostDisrupted)
        {
            return new ApiError(ApiErrorReason.Forbidden, $"poddisruptionbudgets.policy \"{name}\" is forbidden: DisruptedPods map too big - too many evictions not confirmed by PDB controller");
        }

        return (status.DisruptionsAllowed ?? 0) > 0 ? null
            : Violated($"The disruption budget {name} needs {status.DesiredHealthy ?? 0} healthy pods and has {status.CurrentHealthy ?? 0} currently");
    }

    private static ApiError Violated(string why) => ApiErrors.TooManyRequests(Violation, 0) with { Causes = [new ErrorCause("DisruptionBudget", why)] };

    // False: another write came between.
    private async ValueTask<bool> TakeAsync(StateEntry entry, string pod, CancellationToken cancellationToken)
    {
        var tree = entry.Tree();
        var status = (JsonObject)tree["status"]!;
        status["disruptionsAllowed"] = (status.Number("disruptionsAllowed") ?? 0) - 1;
        if (status["disruptedPods"] is not JsonObject disrupted)
        {
            status["disruptedPods"] = disrupted = [];
        }

        disrupted[pod] = clock.GetUtcNow().UtcDateTime.ToString(TimeConverter.Format, CultureInfo.InvariantCulture);
        var (json, revisionAt) = CanonicalJson.Encode(tree);
        return (await engine.UpdateAsync(entry.Key, new StateValue(json, revisionAt), entry.Revision, cancellationToken)).Outcome == StateOutcome.Committed;
    }
}
