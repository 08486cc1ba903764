using KubeAspire.ContainerRuntime;
using KubeAspire.NodeAgent.Hosting;
using KubeAspire.NodeAgent.Pods;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KubeAspire.NodeAgent.Networking;

/// <summary>The network that sandboxes join, and the addresses of this node in it.</summary>
internal sealed class PodNetwork(IContainerRuntime runtime, IOptions<NodeAgentOptions> options, ILogger<PodNetwork> logger)
{
    private readonly TaskCompletionSource<AddressPool> _pool = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Name of the network.</summary>
    public string Name => options.Value.NetworkName;

    /// <summary>The node's addresses, once its podCIDR is known and the network is there.</summary>
    public Task<AddressPool> Pool => _pool.Task;

    /// <summary>Makes the network and claims what sandboxes have. Null when done.</summary>
    public async Task<RuntimeError?> OpenAsync(string podCidr, IReadOnlyDictionary<string, string> nodeLabels, CancellationToken cancellationToken)
    {
        if (_pool.Task.IsCompleted)
        {
            return null;
        }

        var wanted = new NetworkSpec(Name, options.Value.NetworkBridge, options.Value.NetworkSubnet, options.Value.NetworkGateway);
        if (await runtime.EnsureNetworkAsync(wanted, cancellationToken) is { } refused)
        {
            return refused;
        }

        var found = await runtime.ListAsync(nodeLabels, cancellationToken);
        if (!found.Succeeded)
        {
            return found.Error;
        }

        var pool = new AddressPool(podCidr, wanted.Gateway);
        foreach (var sandbox in found.Value.Where(one => one.State != ContainerState.Exited && one.Labels.GetValueOrDefault(PodLabels.PodIP) is { Length: > 0 }))
        {
            pool.Claim(sandbox.Labels[PodLabels.PodIP], sandbox.Labels.GetValueOrDefault(PodLabels.PodUid, sandbox.Id));
        }

        logger.NetworkReady(options.Value.NodeName, podCidr, Name);
        _pool.TrySetResult(pool);
        return null;
    }
}
