using System.Runtime.InteropServices;
using KubeAspire.ContainerRuntime;
using KubeAspire.ContainerRuntime.Pause;
using KubeAspire.NodeAgent.Hosting;
using KubeAspire.NodeAgent.Networking;
using KubeAspire.Resources.Core;
using Microsoft.Extensions.Logging;

namespace KubeAspire.NodeAgent.Nodes;

/// <summary>
/// What a node's pods need of the machine: a container runtime that lives, the sandbox image, the network. None of it needs the API,
/// so it is made ready while the API server starts, and looked at again before each report.
/// </summary>
internal sealed class NodeMachine(IContainerRuntime runtime, PodNetwork network, TimeProvider clock, ILogger<NodeMachine> logger) : IDisposable
{
    /// <summary>Longest wait for the runtime's proof of life. 5 s.</summary>
    private static readonly TimeSpan s_proofTimeout = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _gate = new(1);
    private volatile NodeSystemInfo? _system;
    private bool _pauseReady;

    /// <summary>What the runtime says of the machine; null before it has answered.</summary>
    public NodeSystemInfo? System => _system;

    /// <summary>Makes ready what is not, and sees whether the runtime still lives.</summary>
    /// <returns>What is in the way of running pods, as the Ready condition says it; null where nothing is.</returns>
    public async Task<string?> CheckAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            return await ProveAsync(cancellationToken) ?? await MakeImageAsync(cancellationToken) ?? await MakeNetworkAsync(cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private async Task<string?> ProveAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(s_proofTimeout, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            var version = await runtime.GetVersionAsync(both.Token);
            if (!version.Succeeded)
            {
                logger.RuntimeUnavailable(version.Error.Message);
                return $"container runtime is down: {version.Error.Message}";
            }

            if (_system?.ContainerRuntimeVersion != $"{version.Value.Name}://{version.Value.Version}")
            {
                _system = NodeStatusBuilder.SystemInfo((await runtime.GetInfoAsync(both.Token)).Value, version.Value);
            }

            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            logger.RuntimeUnavailable("no answer");
            return "container runtime is down: it does not answer";
        }
    }

    private async Task<string?> MakeImageAsync(CancellationToken cancellationToken)
    {
        if (!_pauseReady)
        {
            if (await PauseProgram.EnsureImageAsync(runtime, RuntimeInformation.OSArchitecture, cancellationToken) is { } error)
            {
                return $"the sandbox image could not be made: {error.Message}";
            }

            _pauseReady = true;
        }

        return null;
    }

    private async Task<string?> MakeNetworkAsync(CancellationToken cancellationToken) =>
        await network.MakeAsync(cancellationToken) is { } error ? PodNetwork.NotReady(error.Message) : null;
}
