using System.Net.Sockets;
using System.Net.WebSockets;
using KubeAspire.ContainerRuntime;
using KubeAspire.NodeAgent.Hosting;
using KubeAspire.NodeAgent.Pods;
using KubeAspire.NodeAgent.Streaming.PortForwarding;
using KubeAspire.NodeAgent.Streaming.Remote;
using KubeAspire.NodeAgent.Streaming.WebSockets;
using KubeAspire.Resources.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KubeAspire.NodeAgent.Streaming;

/// <summary>
/// Exec, attach, port-forward and plain connections to this node's pods. The API server has upgraded the client's connection and
/// passes its bytes on as they are; this end speaks the client's protocol. A stream is opened by an extended CONNECT and by nothing
/// else, so that no path which only reads can start one; it ends with the connection that it was opened for and is never used again.
/// </summary>
/// <remarks>RFC 8441. <c>:protocol</c> is <c>websocket</c>, <c>spdy</c> or <c>raw</c>; the header X-Stream-Protocol names the protocol inside.</remarks>
internal sealed class PodStreams(
    IContainerRuntime runtime, PodManager pods, PodDialer dialer, IOptions<NodeAgentOptions> options, TimeProvider clock, ILogger<PodStreams> logger)
{
    /// <summary>The header that names the protocol inside.</summary>
    public const string ProtocolHeader = "X-Stream-Protocol";

    /// <summary>SPDY inside a WebSocket.</summary>
    private const string SpdyTunnel = "SPDY/3.1+portforward.k8s.io";

    private int _open;

    /// <summary>Streams open now.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary><c>/exec/{ns}/{pod}/{container}?command=…</c>: a command in a container.</summary>
    public Task ExecAsync(HttpContext context)
    {
        var command = context.Request.Query["command"].Where(word => word is not null).Select(word => word!).ToList();
        return command.Count == 0
            ? RefuseAsync(context, StatusCodes.Status400BadRequest, "you must specify at least one command for the container")
            : TalkAsync(context, "exec", (id, wanted, token) => runtime.OpenExecAsync(
                id, new ExecStreamSpec { Command = command, Stdin = wanted.Stdin, Stdout = wanted.Stdout, Stderr = wanted.Stderr, Tty = wanted.Tty }, token));
    }

    /// <summary><c>/attach/{ns}/{pod}/{container}</c>: a container's own process.</summary>
    public Task AttachAsync(HttpContext context) => TalkAsync(context, "attach", async (id, wanted, token) =>
    {
        var container = await runtime.InspectAsync(id, token);
        return container.Succeeded
            ? await runtime.AttachAsync(id, new AttachSpec { Stdin = wanted.Stdin, Stdout = wanted.Stdout, Stderr = wanted.Stderr, Tty = container.Value.Tty }, token)
            : container.Error;
    });

    /// <summary><c>/portForward/{ns}/{pod}</c>: connections to ports of a pod.</summary>
    public async Task PortForwardAsync(HttpContext context)
    {
        if (await PodOfAsync(context) is not { } pod || await AcceptAsync(context, "port-forward", pod, null) is not { } accepted)
        {
            return;
        }

        using var stream = accepted;
        using var idle = new IdleClock(clock, StreamLimits.Idle, context.RequestAborted);
        var forwarder = new PortForwarder(dialer, pod, idle);
        string? problem;
        if (stream.Protocol == SpdyTunnel)
        {
            await using var tunnel = new WebSocketBytes(stream.OpenWebSocket());
            problem = await forwarder.RunSpdyAsync(tunnel);
            await tunnel.CloseAsync(CancellationToken.None);
        }
        else if (stream.IsWebSocket)
        {
            using var channels = stream.OpenChannels();
            problem = await forwarder.RunChannelsAsync(channels, [.. stream.Ports]);
            await channels.CloseAsync(WebSocketCloseStatus.NormalClosure, CancellationToken.None);
        }
        else
        {
            problem = await forwarder.RunSpdyAsync(stream.Bytes);
        }

        Ended(pod, "port-forward", problem);
    }

    /// <summary><c>/dial/{ns}/{pod}?port=</c>: one connection to a port at the pod's address, for proxied requests.</summary>
    public async Task DialAsync(HttpContext context)
    {
        if (await PodOfAsync(context) is not { } pod)
        {
            return;
        }

        if (PortForwarder.ParsePort(context.Request.Query["port"].ToString()) is not { } port)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "no port is named");
            return;
        }

        Socket socket;
        try
        {
            socket = await dialer.DialAsync(pod, port, context.RequestAborted);
        }
        catch (Exception exception) when (exception is SocketException or IOException)
        {
            await RefuseAsync(context, StatusCodes.Status502BadGateway, exception is SocketException { SocketErrorCode: SocketError.ConnectionRefused } ? "connection refused" : exception.Message);
            return;
        }

        using (socket)
        {
            if (await AcceptAsync(context, "dial", pod, null) is not { } accepted)
            {
                return;
            }

            using var stream = accepted;
            using var idle = new IdleClock(clock, StreamLimits.Idle, context.RequestAborted);
            await using var network = new NetworkStream(socket);
            await CarryAsync(stream.Bytes, network, socket, idle);
        }
    }

    private static async Task CarryAsync(Stream client, NetworkStream pod, Socket socket, IdleClock idle)
    {
        async Task CopyAsync(Stream from, Stream to, Action end)
        {
            var buffer = new byte[StreamLimits.CopyBytes];
            try
            {
                while (await from.ReadAsync(buffer, idle.Token) is > 0 and var read)
                {
                    idle.Touch();
                    await to.WriteAsync(buffer.AsMemory(0, read), idle.Token);
                }

                end();
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException or SocketException)
            {
                idle.End();
            }
        }

        // The client's end is that of the conversation: HTTP over this connection is over when its asker goes.
        await Task.WhenAll(CopyAsync(client, pod, idle.End), CopyAsync(pod, client, idle.End));
    }

    private async Task TalkAsync(HttpContext context, string what, Func<string, RemoteOptions, CancellationToken, Task<RuntimeResult<ContainerStream>>> open)
    {
        if (RemoteOptions.Parse(context.Request.Query) is not { } wanted)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "you must specify at least 1 of stdin, stdout, stderr");
            return;
        }

        if (await PodOfAsync(context) is not { } pod || await ContainerOfAsync(context, pod) is not { } container || await AcceptAsync(context, what, pod, container.Name) is not { } accepted)
        {
            return;
        }

        using var stream = accepted;
        using var idle = new IdleClock(clock, StreamLimits.Idle, context.RequestAborted);
        await using var client = stream.OpenRemote(wanted, idle);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(idle.Token);
        var reading = client.RunAsync(over.Token);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(over.Token);
        var leaving = reading.ContinueWith(_ => gone.Cancel(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        try
        {
            await RunAsync(client, wanted, container, open, gone.Token);
            await reading.WaitAsync(StreamLimits.Goodbye, clock, over.Token); // The client says goodbye when it has read everything.
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or TimeoutException or ObjectDisposedException)
        {
            // The client has gone, or does not go.
        }

        await client.Input.CompleteAsync();
        await over.CancelAsync();
        string? problem = null;
        try
        {
            problem = await reading;
        }
        catch (OperationCanceledException)
        {
            // It was told to end.
        }

        await leaving;
        Ended(pod, what, problem);
    }

    private async Task RunAsync(
        RemoteStreams client, RemoteOptions wanted, ObservedContainer container, Func<string, RemoteOptions, CancellationToken, Task<RuntimeResult<ContainerStream>>> open, CancellationToken cancellationToken)
    {
        if (client is SpdyRemoteStreams spdy)
        {
            using var timer = new CancellationTokenSource(StreamLimits.Creation, clock);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
            if (!await spdy.WaitAsync(limit.Token))
            {
                return; // As upstream: a client that does not open its streams is left.
            }
        }
        else if (client is WebSocketRemoteStreams socket)
        {
            await socket.GreetAsync(cancellationToken);
        }

        var process = await open(container.Id, wanted, cancellationToken);
        if (process.Succeeded)
        {
            await RemoteCommand.RunAsync(client, wanted, process.Value, cancellationToken);
        }
        else
        {
            await client.FinishAsync(RemoteOutcome.Failed(process.Error.Message), cancellationToken);
        }
    }

    // Null: the answer was given.
    private async Task<Pod?> PodOfAsync(HttpContext context)
    {
        var (ns, name) = ((string)context.Request.RouteValues["ns"]!, (string)context.Request.RouteValues["pod"]!);
        var uid = context.Request.Query["uid"].ToString();
        if (pods.Find(ns, name) is not { } pod || (uid.Length > 0 && uid != pod.Metadata.Uid))
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, $"pods \"{name}\" not found");
            return null;
        }

        return pod;
    }

    private async Task<ObservedContainer?> ContainerOfAsync(HttpContext context, Pod pod)
    {
        var name = (string)context.Request.RouteValues["container"]!;
        var found = await runtime.ListAsync(
            PodLabels.Mine(options.Value, (PodLabels.PodUid, pod.Metadata.Uid!), (PodLabels.ContainerName, name), (PodLabels.Kind, PodLabels.KindContainer)), context.RequestAborted);
        if (!found.Succeeded)
        {
            await RefuseAsync(context, StatusCodes.Status500InternalServerError, found.Error.Message);
            return null;
        }

        switch (ObservedPod.From(found.Value).Newest(name))
        {
            case { Running: true } running:
                return running;
            case { Exited: true }:
                await RefuseAsync(context, StatusCodes.Status500InternalServerError, $"cannot exec in a stopped container: container \"{name}\" of pod {pod.Metadata.Namespace}/{pod.Metadata.Name} is not running");
                return null;
            default:
                await RefuseAsync(context, StatusCodes.Status404NotFound, $"container not found (\"{name}\")");
                return null;
        }
    }

    // Null: the answer was given.
    private async Task<NodeStream?> AcceptAsync(HttpContext context, string what, Pod pod, string? container)
    {
        if (context.Features.Get<IHttpExtendedConnectFeature>() is not { IsExtendedConnect: true } connect)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "a stream is opened by an extended CONNECT");
            return null;
        }

        var stream = NodeStream.Describe(context, connect.Protocol);
        if (stream is null)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, $"no such protocol: {connect.Protocol}");
            return null;
        }

        Interlocked.Increment(ref _open);
        AgentInstruments.OnStreams(1);
        context.Response.OnCompleted(() =>
        {
            Interlocked.Decrement(ref _open);
            AgentInstruments.OnStreams(-1);
            return Task.CompletedTask;
        });
        logger.StreamOpened(what, pod.Metadata.Namespace, pod.Metadata.Name, container ?? "", stream.Protocol);
        stream.Bytes = await connect.AcceptAsync();
        return stream;
    }

    private void Ended(Pod pod, string what, string? problem) => logger.StreamEnded(what, pod.Metadata.Namespace, pod.Metadata.Name, problem ?? "the conversation is over");

    private static Task RefuseAsync(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain";
        return context.Response.WriteAsync(message, context.RequestAborted);
    }
}
