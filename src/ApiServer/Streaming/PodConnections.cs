using System.Text;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Admission;
using KubeAspire.ApiServer.Nodes;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Storage;
using KubeAspire.ApiServer.Verbs;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds;
using KubeAspire.StateStore;
using Microsoft.AspNetCore.Http;

namespace KubeAspire.ApiServer.Streaming;

/// <summary>
/// <c>pods/exec</c>, <c>pods/attach</c> and <c>pods/portforward</c>: the client's connection is upgraded and its bytes pass, as they
/// are, through one stream of the node's tunnel. The node's agent speaks the client's protocol; here it is only chosen.
/// </summary>
internal sealed class PodConnections(IStateEngine engine, ResourceKind pods, WritePath path, NodeTunnels tunnels, TimeProvider clock)
{
    /// <summary>Protocols of exec and attach over a WebSocket, newest first; the client's order decides.</summary>
    private static readonly string[] s_commandSocket =
        ["v5.channel.k8s.io", "v4.channel.k8s.io", "v4.base64.channel.k8s.io", "channel.k8s.io", "base64.channel.k8s.io", ""];

    /// <summary>Protocols of exec and attach over SPDY. Version 5 is one of WebSockets only.</summary>
    private static readonly string[] s_commandSpdy = ["v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"];

    private static readonly string[] s_forwardSocket = ["SPDY/3.1+portforward.k8s.io", "v4.channel.k8s.io", "v4.base64.channel.k8s.io", ""];
    private static readonly string[] s_forwardSpdy = ["portforward.k8s.io"];
    private static readonly string[] s_streams = ["stdin", "stdout", "stderr", "tty"];

    /// <summary>Runs a command in a container.</summary>
    public Task<ApiAnswer> ExecAsync(ApiRequest request, CancellationToken cancellationToken) => CommandAsync(request, "exec", cancellationToken);

    /// <summary>Joins a container's own process.</summary>
    public Task<ApiAnswer> AttachAsync(ApiRequest request, CancellationToken cancellationToken) => CommandAsync(request, "attach", cancellationToken);

    /// <summary>Forwards connections to ports of a pod.</summary>
    public async Task<ApiAnswer> PortForwardAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        if (Check(request) is { } refused)
        {
            return refused;
        }

        var pod = await FindAsync(request, cancellationToken);
        if (!pod.Succeeded)
        {
            return pod.Error;
        }

        var upgrade = Upgrade.Negotiate(request.Http!, s_forwardSocket, s_forwardSpdy);
        if (!upgrade.Succeeded)
        {
            return upgrade.Error;
        }

        var ports = string.Join(',', request.Query.All("ports").Concat(request.Query.All("port")).Where(port => !string.IsNullOrEmpty(port)));
        if (upgrade.Value is { Transport: "websocket", Protocol: not "SPDY/3.1+portforward.k8s.io" } && ports.Length == 0)
        {
            return ApiErrors.BadRequest("query parameter \"ports\" is required");
        }

        return await OpenAsync(request, pod.Value, upgrade.Value, "portForward", "", $"ports={Uri.EscapeDataString(ports)}", cancellationToken);
    }

    private async Task<ApiAnswer> CommandAsync(ApiRequest request, string what, CancellationToken cancellationToken)
    {
        if (Check(request) is { } refused)
        {
            return refused;
        }

        var pod = await FindAsync(request, cancellationToken);
        if (!pod.Succeeded)
        {
            return pod.Error;
        }

        var container = PodContainers.Choose(pod.Value, request.Query["container"]);
        if (!container.Succeeded)
        {
            return container.Error;
        }

        var upgrade = Upgrade.Negotiate(request.Http!, s_commandSocket, s_commandSpdy);
        if (!upgrade.Succeeded)
        {
            return upgrade.Error;
        }

        if (!s_streams[..3].Any(request.Query.Flag))
        {
            return ApiErrors.BadRequest("you must specify at least 1 of stdin, stdout, stderr");
        }

        var query = new StringBuilder(string.Join('&', s_streams.Where(request.Query.Flag).Select(stream => stream + "=true")));
        foreach (var word in what == "exec" ? request.Query.All("command") : default)
        {
            query.Append("&command=").Append(Uri.EscapeDataString(word ?? ""));
        }

        return await OpenAsync(request, pod.Value, upgrade.Value, what, "/" + Uri.EscapeDataString(container.Value), query.ToString(), cancellationToken);
    }

    private static ApiError? Check(ApiRequest request) =>
        request.Http is null ? ApiErrors.BadRequest("Upgrade request required")
        : request.Http.Request.Method is "GET" or "POST" ? null : ApiErrors.MethodNotAllowed();

    private async Task<ApiResult<Pod>> FindAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var (ns, name) = (request.Info.Namespace, request.Info.Name);
        if (await engine.GetAsync(Objects.KeyOf(pods.Type, ns, name), cancellationToken) is not { } entry)
        {
            return ApiErrors.NotFound(pods.Type, name);
        }

        var admission = new AdmissionRequest(pods, request.Info, request.User, "connect", ns, name, null, null) { Warnings = request.Warnings };
        if ((await path.MutateAsync(admission, cancellationToken) ?? await path.AdmitAsync(admission, cancellationToken)) is { } refused)
        {
            return refused;
        }

        var pod = (Pod)entry.View(pods);
        return string.IsNullOrEmpty(pod.Spec.NodeName) ? ApiErrors.BadRequest($"pod {name} does not have a host assigned") : pod;
    }

    // The node answers before the client's connection is switched over, so that a refusal is still an ordinary answer.
    private async Task<ApiAnswer> OpenAsync(ApiRequest request, Pod pod, Upgrade upgrade, string what, string container, string query, CancellationToken cancellationToken)
    {
        var target = $"/{what}/{Uri.EscapeDataString(request.Info.Namespace)}/{Uri.EscapeDataString(request.Info.Name)}{container}?uid={Uri.EscapeDataString(pod.Metadata.Uid ?? "")}&{query}";
        var opened = await tunnels.OpenAsync(pod.Spec.NodeName!, target, upgrade.Transport, upgrade.Protocol, cancellationToken);
        if (!opened.Succeeded)
        {
            return opened.Error with { Message = $"unable to upgrade connection: {opened.Error.Message}" };
        }

        return new StreamAnswer(async http =>
        {
            await using var node = opened.Value;
            await using var client = await upgrade.SwitchAsync(http);
            await StreamRelay.RunAsync(client, node, upgrade.Transport == "websocket", clock, http.RequestAborted);
        });
    }
}
