using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Channels;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Resources.Core;
using KubeAspire.ServiceProxy;
using KubeAspire.ServiceProxy.Services;
using Microsoft.Extensions.Hosting;

namespace KubeAspire.Gateway.Telemetry;

/// <summary>
/// Closes a pod's trace: when a pod has served its first request through this gateway, the span "first request" is written as a child of the
/// trace that the pod carries, with a link to the request's own trace.
/// </summary>
/// <remarks>Requests never wait for it. A pod older than this gateway has served before: it gets no span.</remarks>
internal sealed class FirstRequestTracer(IApiClient client, TimeProvider clock) : BackgroundService
{
    /// <summary>How much older than the gateway a pod may be. 60 s: gateway and first pods of a cluster start together.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<string, bool> _seen = new(StringComparer.Ordinal);
    private readonly Channel<FirstRequest> _queue = Channel.CreateBounded<FirstRequest>(
        new BoundedChannelOptions(GatewayLimits.FirstRequestBacklog) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly DateTimeOffset _since = clock.GetUtcNow() - Grace;

    /// <summary>Whether the endpoint's pod has not served yet, as far as is known here. Cheap.</summary>
    public bool IsFirst(ServiceEndpoint endpoint) => endpoint.PodUid is { } uid && !_seen.ContainsKey(uid);

    /// <summary>A request (or connection) was served.</summary>
    /// <param name="key">The service port.</param>
    /// <param name="endpoint">Where it went.</param>
    /// <param name="started">When it came in.</param>
    /// <param name="request">The request's own span; default where it has none.</param>
    public void OnServed(ServicePortKey key, ServiceEndpoint endpoint, DateTimeOffset started, ActivityContext request)
    {
        if (endpoint is { PodUid: { } uid, Pod: { } pod } && GatewayInstruments.Activities.HasListeners()
            && _seen.Count < GatewayLimits.FirstRequestPods && _seen.TryAdd(uid, true))
        {
            _queue.Writer.TryWrite(new(key, pod, uid, endpoint.Node, started, clock.GetUtcNow(), request));
        }
    }

    /// <summary>Forgets pods that no route leads to any more.</summary>
    public void Retain(RoutingTable table)
    {
        if (_seen.IsEmpty)
        {
            return;
        }

        var live = table.Ports.Values.SelectMany(route => route.Internal.Concat(route.External)).Select(endpoint => endpoint.PodUid).OfType<string>().ToHashSet(StringComparer.Ordinal);
        foreach (var uid in _seen.Keys.Where(uid => !live.Contains(uid)))
        {
            _seen.TryRemove(uid, out _);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var first in _queue.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                var found = await client.GetAsync<Pod>(first.Key.Namespace, first.Pod, stoppingToken);
                if (found.Value is { } pod && pod.Metadata.Uid == first.Uid && !(pod.Metadata.CreationTimestamp < _since))
                {
                    Emit(first, Tracing.ContextOf(pod));
                }
            }
            catch (HttpRequestException)
            {
                // The control plane is down: the span is not worth a retry.
            }
        }
    }

    private static void Emit(FirstRequest first, ActivityContext parent)
    {
        if (parent == default)
        {
            return;
        }

        ActivityLink[] links = first.Request == default ? [] : [new ActivityLink(first.Request)];
        var saved = Activity.Current;
        Activity.Current = null;
        using var activity = GatewayInstruments.Activities.StartActivity("first request", ActivityKind.Server, parent, links: links, startTime: first.Started);
        activity?.SetTag("k8s.pod.name", first.Pod)
            .SetTag("k8s.pod.uid", first.Uid)
            .SetTag("k8s.namespace.name", first.Key.Namespace)
            .SetTag("k8s.service.name", first.Key.Service)
            .SetTag("k8s.node.name", first.Node)
            .SetEndTime(first.Ended.UtcDateTime);
        activity?.Stop();
        Activity.Current = saved;
    }

    private sealed record FirstRequest(ServicePortKey Key, string Pod, string Uid, string? Node, DateTimeOffset Started, DateTimeOffset Ended, ActivityContext Request);
}
