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
    private volatile bool _made;

    /// <summary>Name of the network.</summary>
    public string Name => options.Value.NetworkName;

    /// <summary>The node's addresses, once its podCIDR is known and the network is there.</summary>
    public Task<AddressPool> Pool => _pool.Task;

    /// <summary>What the Ready condition says while there is no network.</summary>
    public static string NotReady(string reason) => $"container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:{reason}";

    /// <summary>Makes the network that all nodes of this machine share. Null when it is there.</summary>
    public async Task<RuntimeError?> MakeAsync(CancellationToken cancellationToken)
    {
        if (_made)
        {
            return null;
        }

        var error = await runtime.EnsureNetworkAsync(new NetworkSpec(Name, options.Value.NetworkBridge, options.Value.NetworkSubnet, options.Value.NetworkGateway), cancellationToken);
        _made = error is null;
        return error;
    }

    /// <summary>Opens the node's part of the network and claims what sandboxes have of it. Null when done.</summary>
    public async Task<RuntimeError?> OpenAsync(string podCidr, IReadOnlyDictionary<string, string> nodeLabels, CancellationToken cancellationToken)
    {
        if (_pool.Task.IsCompleted)
        {
            return null;
        }

        if (await MakeAsync(cancellationToken) is { } refused)
        {
            return refused;
        }

        var found = await runtime.ListAsync(nodeLabels, cancellationToken);
        if (!found.Succeeded)
        {
            return found.Error;
        }

        var pool = new AddressPool(podCidr, options.Value.NetworkGateway);
        foreach (var sandbox in found.Value.Where(one => one.State != ContainerState.Exited && one.Labels.GetValueOrDefault(PodLabels.PodIP) is { Length: > 0 }))
        {
            pool.Claim(sandbox.Labels[PodLabels.PodIP], sandbox.Labels.GetValueOrDefault(PodLabels.PodUid, sandbox.Id));
        }

        logger.NetworkReady(options.Value.NodeName, podCidr, Name);
        _pool.TrySetResult(pool);
        return null;
    }
}
