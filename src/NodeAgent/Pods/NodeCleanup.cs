using KubeAspire.ContainerRuntime;
using KubeAspire.NodeAgent.Hosting;
using Microsoft.Extensions.Logging;

namespace KubeAspire.NodeAgent.Pods;

/// <summary>Removes all that a node's agent left on the machine: the verb <c>cleanup</c>.</summary>
internal static class NodeCleanup
{
    /// <summary>Containers removed at a time. 8.</summary>
    private const int Parallelism = 8;

    /// <summary>Removes the node's containers, and the network if asked.</summary>
    /// <returns>What could not be removed; null when all is gone.</returns>
    public static async Task<RuntimeError?> RunAsync(IContainerRuntime runtime, NodeAgentOptions options, bool network, ILogger logger, CancellationToken cancellationToken)
    {
        var found = await runtime.ListAsync(new Dictionary<string, string> { [PodLabels.Node] = options.NodeName }, cancellationToken);
        if (!found.Succeeded)
        {
            return found.Error;
        }

        RuntimeError? failed = null;
        await Parallel.ForEachAsync(
            found.Value,
            new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken },
            async (one, token) => failed = await runtime.RemoveAsync(one.Id, token) ?? failed);
        logger.CleanedUp(found.Value.Count, options.NodeName);
        if (network && failed is null)
        {
            failed = await runtime.RemoveNetworkAsync(options.NetworkName, cancellationToken);
        }

        return failed;
    }
}
