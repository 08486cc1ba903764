using KubeAspire.Resources.Core;

namespace KubeAspire.Scheduler.Plugins.TaintToleration;

/// <summary>Whether taints are tolerated.</summary>
public static class Tolerations
{
    /// <summary>Whether one of the tolerations is for the taint.</summary>
    public static bool Tolerates(IReadOnlyList<Toleration>? tolerations, Taint taint)
    {
        for (var i = 0; i < (tolerations?.Count ?? 0); i++)
        {
            if (Tolerates(tolerations![i], taint))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a toleration is for the taint. No effect means every effect; no key, with Exists, every key.</summary>
    public static bool Tolerates(Toleration toleration, Taint taint) =>
        (string.IsNullOrEmpty(toleration.Effect) || toleration.Effect == taint.Effect)
        && (string.IsNullOrEmpty(toleration.Key) || toleration.Key == taint.Key)
        && toleration.Operator switch
        {
            null or "" or "Equal" => (toleration.Value ?? "") == (taint.Value ?? ""),
            "Exists" => true,
            _ => false,
        };
}
