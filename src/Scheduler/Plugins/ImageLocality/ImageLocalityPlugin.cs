using KubeAspire.Resources.Core;
using KubeAspire.Scheduler.Framework;

namespace KubeAspire.Scheduler.Plugins.ImageLocality;

/// <summary>Prefers nodes that have the pod's images, more so the larger and the more spread they are.</summary>
/// <remarks>Upstream's figures. Scaling by spread keeps pods of a new image from all piling onto the first node that pulled it.</remarks>
public sealed class ImageLocalityPlugin : IScorePlugin
{
    /// <summary>Images smaller than this together do not count: pulling them is quick. 23 MiB.</summary>
    public const long Smallest = 23L << 20;

    /// <summary>Size of an image beyond which more does not count. 1000 MiB a container.</summary>
    public const long LargestPerContainer = 1000L << 20;

    /// <inheritdoc/>
    public string Name => "ImageLocality";

    /// <inheritdoc/>
    public bool Score(PodInfo pod, ClusterSnapshot snapshot, IReadOnlyList<NodeInfo> nodes, Span<long> scores)
    {
        var containers = (pod.Pod.Spec.InitContainers ?? []).Concat(pod.Pod.Spec.Containers).ToList();
        var images = containers.Select(NameOf).Where(name => snapshot.NodesWithImage(name) > 0).ToList();
        if (images.Count == 0)
        {
            return false;
        }

        var largest = LargestPerContainer * containers.Count;
        for (var i = 0; i < nodes.Count; i++)
        {
            var sum = 0L;
            foreach (var image in images)
            {
                if (nodes[i].Images.TryGetValue(image, out var size))
                {
                    sum += (long)(size * ((double)snapshot.NodesWithImage(image) / snapshot.Nodes.Count));
                }
            }

            scores[i] = IScorePlugin.MaximumScore * (Math.Clamp(sum, Smallest, largest) - Smallest) / (largest - Smallest);
        }

        return true;
    }

    private static string NameOf(Container container) => ImageNames.Normalize(container.Image ?? "");
}
