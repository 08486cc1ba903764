using System.Globalization;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Apps;

namespace KubeAspire.Controllers.Deployments;

/// <summary>The numbers of a rollout, rounded as upstream rounds them.</summary>
internal static class DeploymentMath
{
    /// <summary>25%, the default of maxSurge and maxUnavailable.</summary>
    private static readonly IntOrString Quarter = "25%";

    /// <summary>Replicas asked of a ReplicaSet; the API's default is 1.</summary>
    public static int Size(ReplicaSet replicaSet) => replicaSet.Spec.Replicas ?? 1;

    /// <summary>Replicas asked of a Deployment; the API's default is 1.</summary>
    public static int Size(Deployment deployment) => deployment.Spec.Replicas ?? 1;

    /// <summary>Whether the strategy is RollingUpdate, the default.</summary>
    public static bool IsRolling(Deployment deployment) => deployment.Spec.Strategy?.Type is null or "" or "RollingUpdate";

    /// <summary>Pods above the size that a rollout may have: percentages round up.</summary>
    public static int MaxSurge(Deployment deployment) => IsRolling(deployment) ? Fenceposts(deployment).Surge : 0;

    /// <summary>Pods below the size that a rollout may have: percentages round down, never more than there are.</summary>
    public static int MaxUnavailable(Deployment deployment) =>
        !IsRolling(deployment) || Size(deployment) == 0 ? 0 : Math.Min(Fenceposts(deployment).Unavailable, Size(deployment));

    /// <summary>Whether a rollout has a deadline; the largest number means none.</summary>
    public static bool HasProgressDeadline(Deployment deployment) => deployment.Spec.ProgressDeadlineSeconds is { } seconds && seconds != int.MaxValue;

    /// <summary>The size to which the new ReplicaSet may grow now.</summary>
    public static int NewSize(Deployment deployment, IEnumerable<ReplicaSet> all, ReplicaSet? newSet)
    {
        var current = newSet is null ? 0 : Size(newSet);
        if (!IsRolling(deployment))
        {
            return Size(deployment);
        }

        // Pods that an old ReplicaSet was told to give up and still has count too. Upstream counts only what is asked for, and so
        // has more than the maximum for as long as the ReplicaSet controller takes; here the bound holds at every instant.
        var total = all.Sum(set => set == newSet ? Size(set) : Math.Max(Size(set), set.Status.Replicas));
        var maximum = Size(deployment) + MaxSurge(deployment);
        return total >= maximum ? current : current + Math.Min(maximum - total, Size(deployment) - current);
    }

    /// <summary>How much one ReplicaSet gains or loses of a change of size in mid-rollout, in proportion to its own size.</summary>
    public static int Proportion(ReplicaSet replicaSet, Deployment deployment, int toAdd, int added)
    {
        if (Size(replicaSet) == 0 || toAdd == 0 || toAdd == added)
        {
            return 0;
        }

        var fraction = Fraction(replicaSet, deployment);
        return toAdd > 0 ? Math.Min(fraction, toAdd - added) : Math.Max(fraction, toAdd - added);
    }

    /// <summary>An annotation that holds a number; null where it is absent or no number.</summary>
    public static int? Annotated(ReplicaSet replicaSet, string annotation) =>
        replicaSet.Metadata.Annotations is { } annotations && annotations.TryGetValue(annotation, out var text)
        && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static int Fraction(ReplicaSet replicaSet, Deployment deployment)
    {
        if (Size(deployment) == 0)
        {
            return -Size(replicaSet);
        }

        var before = Annotated(replicaSet, DeploymentAnnotations.MaxReplicas) ?? deployment.Status.Replicas ?? 0;
        if (before == 0)
        {
            return 0; // Nothing to be in proportion to.
        }

        var now = Size(deployment) + MaxSurge(deployment);
        return (int)Math.Round((double)Size(replicaSet) * now / before, MidpointRounding.AwayFromZero) - Size(replicaSet);
    }

    private static (int Surge, int Unavailable) Fenceposts(Deployment deployment)
    {
        var rolling = deployment.Spec.Strategy?.RollingUpdate;
        var surge = (rolling?.MaxSurge ?? Quarter).ScaledTo(Size(deployment), roundUp: true) ?? 0;
        var unavailable = (rolling?.MaxUnavailable ?? Quarter).ScaledTo(Size(deployment), roundUp: false) ?? 0;

        // Both zero would never move: validation refuses it, rounding can still make it.
        return surge == 0 && unavailable == 0 ? (0, 1) : (surge, unavailable);
    }
}
