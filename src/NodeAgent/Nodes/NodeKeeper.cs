using System.Text.Json;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Events;
using KubeAspire.NodeAgent.Hosting;
using KubeAspire.NodeAgent.Networking;
using KubeAspire.NodeAgent.Pods;
using KubeAspire.Resources;
using KubeAspire.Resources.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KubeAspire.NodeAgent.Nodes;

/// <summary>Keeps the Node: registers it, says how it is, and opens the pods' network once it has a podCIDR.</summary>
internal sealed class NodeKeeper(
    IApiClient client,
    NodeMachine machine,
    NodeFacts facts,
    PodNetwork network,
    IEventRecorder events,
    IOptions<NodeAgentOptions> options,
    TimeProvider clock,
    ILogger<NodeKeeper> logger) : BackgroundService
{
    /// <summary>Pause while something is in the way of the node's being Ready. 250 ms.</summary>
    private static readonly TimeSpan s_impatient = TimeSpan.FromMilliseconds(250);

    /// <summary>First pause while the node has no podCIDR; doubles up to <see cref="s_impatient"/>. 10 ms: the controller gives one as soon as it hears of the node.</summary>
    private static readonly TimeSpan s_expectant = TimeSpan.FromMilliseconds(10);

    private DateTimeOffset _reportedAt;
    private bool _saidWaiting;
    private bool _saidStarting;

    private string Name => options.Value.NodeName;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var settled = false;
            try
            {
                settled = await PassAsync(stoppingToken);
            }
            catch (HttpRequestException exception)
            {
                logger.NodeWriteFailed("reach the API server for", Name, exception.Message);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            try
            {
                await Task.Delay(settled ? options.Value.StatusInterval : s_impatient, clock, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    // True when the node is as it should be, so that the next look has time.
    private async Task<bool> PassAsync(CancellationToken cancellationToken)
    {
        var found = await client.GetAsync<Node>(null, Name, cancellationToken);
        if (found.Error is { Reason: ApiErrorReason.NotFound })
        {
            found = await client.CreateAsync(NewNode(), cancellationToken);
            if (found.Succeeded)
            {
                logger.NodeRegistered(Name, facts.Address);
            }
        }

        if (found.Value is not { } node)
        {
            logger.NodeWriteFailed("read", Name, found.Error!.Message);
            return false;
        }

        node = await LabelAsync(node, cancellationToken);
        if (!_saidStarting)
        {
            _saidStarting = true;
            events.Record(About(node), EventTypes.Normal, "Starting", "Starting kubelet.");
        }

        node = await GetPodCidrAsync(node, cancellationToken);
        var problem = await machine.CheckAsync(cancellationToken) ?? await OpenNetworkAsync(node, cancellationToken);
        facts.Node = await ReportAsync(node, problem, cancellationToken);
        return problem is null;
    }

    // A node that was just registered is given its network in a moment; one that is not says so, and is looked at again.
    private async Task<Node> GetPodCidrAsync(Node node, CancellationToken cancellationToken)
    {
        for (var pause = s_expectant; string.IsNullOrEmpty(node.Spec.PodCIDR) && pause < s_impatient; pause *= 2)
        {
            await Task.Delay(pause, clock, cancellationToken);
            node = (await client.GetAsync<Node>(null, Name, cancellationToken)).Value ?? node;
        }

        return node;
    }

    private async Task<string?> OpenNetworkAsync(Node node, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(node.Spec.PodCIDR))
        {
            if (!_saidWaiting)
            {
                _saidWaiting = true;
                logger.WaitingForPodCidr(Name);
            }

            return PodNetwork.NotReady("the node has no podCIDR yet");
        }

        var error = await network.OpenAsync(node.Spec.PodCIDR, PodLabels.Mine(options.Value), cancellationToken);
        return error is null ? null : PodNetwork.NotReady(error.Message);
    }

    private async Task<Node> ReportAsync(Node node, string? problem, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var status = NodeStatusBuilder.Build(node.Status, Name, facts, machine.System ?? NodeStatusBuilder.SystemInfo(null, null), problem, now);
        if (!NodeStatusBuilder.Differ(node.Status, status) && now - _reportedAt < options.Value.StatusReportInterval)
        {
            return node;
        }

        var body = new JsonObject { ["status"] = JsonSerializer.SerializeToNode(status, ResourcesJsonContext.Default.Options.GetTypeInfo(typeof(NodeStatus))) };
        var written = await client.PatchStatusAsync<Node>(null, Name, new ApiPatch(PatchKind.StrategicMerge, JsonSerializer.SerializeToUtf8Bytes(body)), cancellationToken);
        if (written.Value is not { } stored)
        {
            logger.NodeWriteFailed("write the status of", Name, written.Error!.Message);
            return node;
        }

        TellReadiness(node, problem);
        _reportedAt = now;
        if (problem is null)
        {
            facts.TellReady();
        }

        return stored;
    }

    private void TellReadiness(Node before, string? problem)
    {
        var was = before.Status.Conditions?.FirstOrDefault(one => one.Type == "Ready")?.Status;
        if (was != (problem is null ? "True" : "False"))
        {
            events.Record(About(before), EventTypes.Normal, problem is null ? "NodeReady" : "NodeNotReady", $"Node {Name} status is now: {(problem is null ? "NodeReady" : "NodeNotReady")}");
        }
    }

    // An administrator's Node may lack the labels by which pods choose.
    private async Task<Node> LabelAsync(Node node, CancellationToken cancellationToken)
    {
        var missing = Labels().Where(label => node.Metadata.Labels?.GetValueOrDefault(label.Key) != label.Value).ToList();
        if (missing.Count == 0)
        {
            return node;
        }

        var labels = new JsonObject();
        missing.ForEach(label => labels[label.Key] = label.Value);
        var body = JsonSerializer.SerializeToUtf8Bytes(new JsonObject { ["metadata"] = new JsonObject { ["labels"] = labels } });
        var patched = await client.PatchAsync<Node>(null, Name, new ApiPatch(PatchKind.Merge, body), cancellationToken);
        if (patched.Error is { } error)
        {
            logger.NodeWriteFailed("label", Name, error.Message);
        }

        return patched.Value ?? node;
    }

    private Node NewNode() => new()
    {
        ApiVersion = "v1",
        Kind = "Node",
        Metadata = new ObjectMeta
        {
            Name = Name,
            Labels = Labels(),
            Annotations = new Dictionary<string, string> { ["volumes.kubernetes.io/controller-managed-attach-detach"] = "true" },
        },
        Status = NodeStatusBuilder.Build(new NodeStatus(), Name, facts, NodeStatusBuilder.SystemInfo(null, null), "the node agent has just started", clock.GetUtcNow()),
    };

    private Dictionary<string, string> Labels()
    {
        var labels = new Dictionary<string, string>
        {
            ["kubernetes.io/hostname"] = Name,
            ["kubernetes.io/os"] = "linux",
            ["kubernetes.io/arch"] = NodeFacts.GoArchitecture,
            ["beta.kubernetes.io/os"] = "linux",
            ["beta.kubernetes.io/arch"] = NodeFacts.GoArchitecture,
        };
        foreach (var pair in options.Value.NodeLabels.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var equals = pair.IndexOf('=');
            labels[equals < 0 ? pair : pair[..equals]] = equals < 0 ? "" : pair[(equals + 1)..];
        }

        return labels;
    }

    // Upstream's Events about nodes carry the name as the uid; `kubectl describe node` finds them by it.
    private static ObjectReference About(Node node) => new() { Kind = "Node", Name = node.Metadata.Name, Uid = node.Metadata.Name };
}
