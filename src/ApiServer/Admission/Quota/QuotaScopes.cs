using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core;

namespace KubeAspire.ApiServer.Admission.Quota;

/// <summary>Whether an object lies in the scopes of a quota. Only pods have scopes, and claims that of their attributes class.</summary>
internal static class QuotaScopes
{
    /// <summary>Whether every scope of a quota holds for an object.</summary>
    public static bool Match(ResourceQuota quota, IKubernetesObject value) =>
        (quota.Spec.Scopes ?? []).All(scope => Holds(new ScopedResourceSelectorRequirement { ScopeName = scope, Operator = "Exists" }, value))
        && (quota.Spec.ScopeSelector?.MatchExpressions ?? []).All(expression => Holds(expression, value));

    private static bool Holds(ScopedResourceSelectorRequirement scope, IKubernetesObject value) => (scope.ScopeName, value) switch
    {
        ("Terminating", Pod pod) => pod.Spec.ActiveDeadlineSeconds is >= 0,
        ("NotTerminating", Pod pod) => pod.Spec.ActiveDeadlineSeconds is null,
        ("BestEffort", Pod pod) => QualityOfService.Of(pod.Spec) == QualityOfService.BestEffort,
        ("NotBestEffort", Pod pod) => QualityOfService.Of(pod.Spec) != QualityOfService.BestEffort,
        ("PriorityClass", Pod pod) => Compare(scope, pod.Spec.PriorityClassName),
        ("CrossNamespacePodAffinity", Pod pod) => ReachesOut(pod.Spec.Affinity),
        ("VolumeAttributesClass", PersistentVolumeClaim claim) => Compare(scope, claim.Spec.VolumeAttributesClassName),
        _ => false,
    };

    private static bool Compare(ScopedResourceSelectorRequirement scope, string? actual)
    {
        var set = !string.IsNullOrEmpty(actual);
        return scope.Operator switch
        {
            "Exists" => set,
            "DoesNotExist" => !set,
            "In" => set && scope.Values?.Contains(actual!) == true,
            "NotIn" => !set || scope.Values?.Contains(actual!) != true,
            _ => false,
        };
    }

    private static bool ReachesOut(Affinity? affinity)
    {
        var terms = (affinity?.PodAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? [])
            .Concat(affinity?.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? [])
            .Concat((affinity?.PodAffinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? []).Select(weighted => weighted.PodAffinityTerm))
            .Concat((affinity?.PodAntiAffinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? []).Select(weighted => weighted.PodAffinityTerm));
        return terms.Any(term => term.Namespaces is { Count: > 0 } || term.NamespaceSelector is not null);
    }
}
