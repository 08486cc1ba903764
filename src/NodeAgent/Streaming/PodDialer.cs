using System.Net;
using System.Net.Sockets;
using KubeAspire.ContainerRuntime;
using KubeAspire.NodeAgent.Hosting;
using KubeAspire.NodeAgent.Pods;
using KubeAspire.Resources.Core;
using Microsoft.Extensions.Options;

namespace KubeAspire.NodeAgent.Streaming;

/// <summary>Connects to ports of this node's pods.</summary>
internal sealed class PodDialer(IContainerRuntime runtime, IOptions<NodeAgentOptions> options, TimeProvider clock)
{
    /// <summary>
    /// Connects to a port as the pod itself would at <c>localhost</c>, where the agent may enter the pod's network; otherwise at the
    /// pod's address. For port-forward.
    /// </summary>
    /// <exception cref="SocketException">Nobody listens.</exception>
    /// <exception cref="IOException">The pod has no network now.</exception>
    public async Task<Socket> DialInsideAsync(Pod pod, int port, CancellationToken cancellationToken)
    {
        var sandbox = await SandboxAsync(pod, cancellationToken);
        // Of a pod on the machine's network, localhost is the machine's own: its address is as far as a user may reach.
        if (pod.Spec.HostNetwork != true && sandbox.Info.Pid > 0 && NetworkNamespace.Enter(sandbox.Info.Pid) is { } socket)
        {
            return await ConnectAsync(socket, new IPEndPoint(IPAddress.Loopback, port), cancellationToken);
        }

        return await DialAsync(pod, sandbox, port, cancellationToken);
    }

    /// <summary>Connects to a port at the pod's address. For proxied requests.</summary>
    /// <exception cref="SocketException">Nobody listens.</exception>
    /// <exception cref="IOException">The pod has no address now.</exception>
    public async Task<Socket> DialAsync(Pod pod, int port, CancellationToken cancellationToken) =>
        await DialAsync(pod, await SandboxAsync(pod, cancellationToken), port, cancellationToken);

    // The address is the one that this agent gave out, not one that the Pod's status claims: nobody is sent to the machine's loopback.
    private Task<Socket> DialAsync(Pod pod, ObservedContainer sandbox, int port, CancellationToken cancellationToken)
    {
        var address = sandbox.Info.Labels.GetValueOrDefault(PodLabels.PodIP);
        return IPAddress.TryParse(address, out var parsed) && !IPAddress.IsLoopback(parsed) && !IsLinkLocal(parsed)
            ? ConnectAsync(new Socket(parsed.AddressFamily, SocketType.Stream, ProtocolType.Tcp), new IPEndPoint(parsed, port), cancellationToken)
            : throw new IOException($"pod {pod.Metadata.Name} has no address that may be reached");
    }

    private async Task<ObservedContainer> SandboxAsync(Pod pod, CancellationToken cancellationToken)
    {
        var found = await runtime.ListAsync(
            PodLabels.Mine(options.Value, (PodLabels.PodUid, pod.Metadata.Uid!), (PodLabels.Kind, PodLabels.KindSandbox)), cancellationToken);
        if (!found.Succeeded)
        {
            throw new IOException(found.Error.Message);
        }

        return ObservedPod.From(found.Value).Sandbox is { Running: true } sandbox ? sandbox : throw new IOException($"pod {pod.Metadata.Name} is not running");
    }

    private async Task<Socket> ConnectAsync(Socket socket, IPEndPoint endpoint, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(StreamLimits.Dial, clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            socket.NoDelay = true;
            await socket.ConnectAsync(endpoint, limit.Token);
            return socket;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            socket.Dispose();
            throw new IOException($"port {endpoint.Port} did not answer within {StreamLimits.Dial.TotalSeconds:0} s");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static bool IsLinkLocal(IPAddress address) =>
        address.IsIPv6LinkLocal || (address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes() is [169, 254, ..]);
}
