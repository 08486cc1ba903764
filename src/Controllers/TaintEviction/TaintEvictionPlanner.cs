using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.TaintEviction;

/// <summary>Decides how long a pod may stay on a tainted node. No API, no clock, no logger.</summary>
internal static class TaintEvictionPlanner
{
    /// <summary>How long the pod may stay from when the taints were seen; null for as long as it likes.</summary>
    public static TimeSpan? StayOf(Pod pod, IReadOnlyList<Taint> taints)
    {
        TimeSpan? shortest = null;
        foreach (var taint in taints.Where(taint => taint.Effect == "NoExecute"))
        {
            var tolerations = (pod.Spec.Tolerations ?? []).Where(toleration => Tolerates(toleration, taint)).ToList();
            if (tolerations.Count == 0)
            {
                return TimeSpan.Zero;
            }

            // The longest of several that tolerate one taint would be kinder; upstream takes the shortest over all of them.
            foreach (var seconds in tolerations.Select(toleration => toleration.TolerationSeconds).OfType<long>())
            {
                var stay = TimeSpan.FromSeconds(Math.Clamp(seconds, 0, (long)TimeSpan.FromDays(3650).TotalSeconds));
                shortest = shortest is null || stay < shortest ? stay : shortest;
            }
        }

        return shortest;
    }

    /// <summary>Whether a toleration covers a taint.</summary>
    public static bool Tolerates(Toleration toleration, Taint taint)
    {
        if (!string.IsNullOrEmpty(toleration.Effect) && toleration.Effect != taint.Effect)
        {
            return false;
        }

        if (!string.IsNullOrEmpty(toleration.Key) && toleration.Key != taint.Key)
        {
            return false;
        }

        return toleration.Operator switch
        {
            "Exists" => true,
            null or "" or "Equal" => !string.IsNullOrEmpty(toleration.Key) && (toleration.Value ?? "") == (taint.Value ?? ""),
            _ => false,
        };
    }
}
