using KubeAspire.Resources.Core;

namespace KubeAspire.ApiServer.Authorization;

/// <summary>The objects of its namespace that a pod needs its node to read.</summary>
internal static class PodReferences
{
    /// <summary>Each as a resource and a name. A mirror pod refers to nothing: its node wrote it.</summary>
    public static IEnumerable<(string Resource, string Name)> Of(Pod pod) =>
        pod.Metadata.Annotations?.ContainsKey("kubernetes.io/config.mirror") == true ? [] : Named(pod);

    /// <summary>Each that a pod names, a mirror pod too.</summary>
    public static IEnumerable<(string Resource, string Name)> Named(Pod pod)
    {
        var containers = pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []).Select(container => (container.Env, container.EnvFrom))
            .Concat((pod.Spec.EphemeralContainers ?? []).Select(container => (container.Env, container.EnvFrom)));
        return containers.SelectMany(container => OfVariables(container.Env, container.EnvFrom))
            .Concat((pod.Spec.Volumes ?? []).SelectMany(volume => OfVolume(pod, volume)))
            .Concat((pod.Spec.ImagePullSecrets ?? []).Select(secret => ("secrets", secret.Name ?? "")))
            .Append(("serviceaccounts", pod.Spec.ServiceAccountName ?? ""))
            .Where(reference => reference.Item2.Length > 0);
    }

    private static IEnumerable<(string, string)> OfVariables(IReadOnlyList<EnvVar>? variables, IReadOnlyList<EnvFromSource>? sources)
    {
        foreach (var source in (variables ?? []).Select(variable => variable.ValueFrom))
        {
            yield return ("secrets", source?.SecretKeyRef?.Name ?? "");
            yield return ("configmaps", source?.ConfigMapKeyRef?.Name ?? "");
        }

        foreach (var source in sources ?? [])
        {
            yield return ("secrets", source.SecretRef?.Name ?? "");
            yield return ("configmaps", source.ConfigMapRef?.Name ?? "");
        }
    }

    private static IEnumerable<(string, string)> OfVolume(Pod pod, Volume volume)
    {
        yield return ("secrets", volume.Secret?.SecretName ?? "");
        yield return ("configmaps", volume.ConfigMap?.Name ?? "");
        yield return ("persistentvolumeclaims", volume.PersistentVolumeClaim?.ClaimName ?? "");
        yield return ("persistentvolumeclaims", volume.Ephemeral is null ? "" : $"{pod.Metadata.Name}-{volume.Name}");
        yield return ("secrets", volume.Csi?.NodePublishSecretRef?.Name ?? "");
        foreach (var source in volume.Projected?.Sources ?? [])
        {
            yield return ("secrets", source.Secret?.Name ?? "");
            yield return ("configmaps", source.ConfigMap?.Name ?? "");
        }
    }
}
