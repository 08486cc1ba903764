using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Policy;

namespace KubeAspire.Controllers.Disruption;

/// <summary>Decides how many pods of a PodDisruptionBudget may be evicted now; never acts.</summary>
/// <remarks>Upstream's pkg/controller/disruption.</remarks>
internal static class DisruptionPlanner
{
    /// <summary>How long an eviction is believed to be under way before the pod counts again. 2 min, upstream's DeletionTimeout.</summary>
    public static readonly TimeSpan EvictionTimeout = TimeSpan.FromMinutes(2);

    /// <summary>The status.</summary>
    /// <param name="budget">The budget.</param>
    /// <param name="pods">The pods it selects.</param>
    /// <param name="scale">Replicas that the controllers of the pods want, together.</param>
    /// <param name="now">The time.</param>
    public static (PodDisruptionBudgetStatus Status, TimeSpan? Wait) Plan(PodDisruptionBudget budget, IReadOnlyList<Pod> pods, int scale, DateTimeOffset now)
    {
        var spec = budget.Spec;
        var (expected, desired) = spec switch
        {
            { MaxUnavailable: { } most } => (scale, Math.Max(0, scale - Share(most, scale))),
            { MinAvailable: { IsInt: true } least } => (pods.Count, least.Number),
            { MinAvailable: { } least } => (scale, Share(least, scale)),
            _ => (pods.Count, 0),
        };
        TimeSpan? wait = null;
        var disrupted = new Dictionary<string, DateTimeOffset>();
        foreach (var (name, since) in budget.Status.DisruptedPods ?? new Dictionary<string, DateTimeOffset>())
        {
            var left = since + EvictionTimeout - now;
            if (left > TimeSpan.Zero && pods.Any(pod => pod.Metadata.Name == name && pod.Metadata.DeletionTimestamp is null))
            {
                disrupted[name] = since;
                wait = wait is null || left < wait ? left : wait;
            }
        }

        var healthy = pods.Count(pod => pod.Metadata.DeletionTimestamp is null && !disrupted.ContainsKey(pod.Metadata.Name ?? "") && PodFacts.IsReady(pod));
        var allowed = expected <= 0 ? 0 : Math.Max(0, healthy - desired);
        return (budget.Status with
        {
            ObservedGeneration = budget.Metadata.Generation,
            ExpectedPods = expected,
            DesiredHealthy = desired,
            CurrentHealthy = healthy,
            DisruptionsAllowed = allowed,
            DisruptedPods = disrupted.Count == 0 ? null : disrupted,
            Conditions = Conditions(budget, allowed > 0, now),
        }, wait);
    }

    // Both kinds of percentage are rounded up, as upstream.
    private static int Share(IntOrString share, int of) =>
        share.IsInt ? share.Number : int.TryParse(share.Text?.TrimEnd('%'), System.Globalization.NumberStyles.None, null, out var percent) ? (int)Math.Ceiling(of * percent / 100.0) : 0;

    private static List<Condition> Conditions(PodDisruptionBudget budget, bool allowed, DateTimeOffset now)
    {
        const string Type = "DisruptionAllowed";
        var status = allowed ? "True" : "False";
        var kept = (budget.Status.Conditions ?? []).FirstOrDefault(condition => condition.Type == Type);
        var condition = new Condition
        {
            Type = Type,
            Status = status,
            Reason = allowed ? "SufficientPods" : "InsufficientPods",
            Message = "",
            ObservedGeneration = budget.Metadata.Generation,
            LastTransitionTime = kept?.Status == status ? kept.LastTransitionTime : now,
        };
        return [.. (budget.Status.Conditions ?? []).Where(other => other.Type != Type), condition];
    }
}
