using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Core;

namespace KubeAspire.ApiServer.Streaming;

/// <summary>Which container a request about a pod means.</summary>
internal static class PodContainers
{
    /// <summary>The container asked for, or the only one there is; upstream's texts otherwise.</summary>
    public static ApiResult<string> Choose(Pod pod, string asked)
    {
        var name = pod.Metadata.Name ?? "";
        var init = (pod.Spec.InitContainers ?? []).Select(container => container.Name ?? "").ToList();
        var main = pod.Spec.Containers.Select(container => container.Name ?? "").ToList();
        if (asked.Length > 0)
        {
            var known = main.Contains(asked) || init.Contains(asked) || (pod.Spec.EphemeralContainers ?? []).Any(container => container.Name == asked);
            return known ? asked : ApiErrors.BadRequest($"container {asked} is not valid for pod {name}");
        }

        if (main is [var only])
        {
            return only;
        }

        var choices = $"a container name must be specified for pod {name}, choose one of: [{string.Join(' ', main)}]";
        return ApiErrors.BadRequest(init.Count == 0 ? choices : $"{choices} or one of the init containers: [{string.Join(' ', init)}]");
    }
}
