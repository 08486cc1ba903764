using System.Globalization;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Informers;
using KubeAspire.NodeAgent.Hosting;
using KubeAspire.Resources.Coordination;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Discovery;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KubeAspire.NodeAgent.Pods;

/// <summary>
/// Holds a pod's stop back until no gateway sends new requests to it: first its endpoint must leave, then every live gateway must
/// have applied that.
/// </summary>
/// <remarks>
/// A gateway tells by the annotation <c>kubeaspire.dev/applied-resource-version</c> on its Lease in kube-system. Upstream has no such
/// agreement, which is why its users put a sleep into preStop.
/// </remarks>
internal sealed class GatewayDrain
{
    private const string AppliedAnnotation = "kubeaspire.dev/applied-resource-version";
    private const string GatewaySelector = "kubeaspire.dev/component=gateway";
    private const string PodIndex = "podUid";

    /// <summary>Pause between two looks. 25 ms; a drain is short and rare.</summary>
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(25);

    private readonly IApiClient _client;
    private readonly IInformer<EndpointSlice> _slices;
    private readonly TimeProvider _clock;
    private readonly TimeSpan _timeout;
    private readonly ILogger<GatewayDrain> _logger;

    public GatewayDrain(IApiClient client, IInformerFactory informers, IOptions<NodeAgentOptions> options, TimeProvider clock, ILogger<GatewayDrain> logger)
    {
        (_client, _clock, _timeout, _logger) = (client, clock, options.Value.DrainTimeout, logger);
        _slices = informers.For<EndpointSlice>(EndpointSlice.ResourceType);
        _slices.AddIndex(PodIndex, slice => (slice.Endpoints ?? []).Select(one => one.TargetRef?.Uid).OfType<string>().Distinct());
    }

    /// <summary>Waits; returns at the latest after <see cref="NodeAgentOptions.DrainTimeout"/>, at once for a pod that no slice lists.</summary>
    public async Task WaitAsync(Pod pod, CancellationToken cancellationToken)
    {
        var uid = pod.Metadata.Uid!;
        if (_slices.ByIndex(PodIndex, uid).Count == 0)
        {
            return;
        }

        using var limit = new CancellationTokenSource(_timeout, _clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            var revision = await WhenUnlistedAsync(uid, both.Token);
            await WhenAppliedAsync(revision, both.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            _logger.DrainTimedOut(pod.Metadata.Namespace, pod.Metadata.Name, _timeout.TotalSeconds);
        }
        catch (HttpRequestException)
        {
            // The control plane is away: the gateways keep their routes, and waiting would not change them.
        }
    }

    private async Task<ulong> WhenUnlistedAsync(string uid, CancellationToken cancellationToken)
    {
        // A slice that listed the pod and no longer does counts too: the revision that dropped it is the one to wait for.
        var seen = new HashSet<ObjectKey>();
        while (true)
        {
            var listing = _slices.ByIndex(PodIndex, uid);
            seen.UnionWith(listing.Select(slice => ObjectKey.Of(slice)));
            var highest = seen.Select(_slices.Find).Max(slice => Revision(slice?.Metadata.ResourceVersion));
            if (!listing.SelectMany(slice => slice.Endpoints ?? []).Any(one => one.TargetRef?.Uid == uid && one.Conditions?.Ready != false))
            {
                return highest;
            }

            await Task.Delay(s_pause, _clock, cancellationToken);
        }
    }

    private async Task WhenAppliedAsync(ulong revision, CancellationToken cancellationToken)
    {
        while (true)
        {
            var leases = await _client.ListAsync<Lease>("kube-system", new ListQuery { LabelSelector = GatewaySelector }, cancellationToken);
            if (!leases.Succeeded || leases.Value.Items.Where(IsLive).All(lease => Revision(lease.Metadata.Annotations?.GetValueOrDefault(AppliedAnnotation)) >= revision))
            {
                return;
            }

            await Task.Delay(s_pause, _clock, cancellationToken);
        }
    }

    private bool IsLive(Lease lease) =>
        lease.Spec.RenewTime is { } renewed && _clock.GetUtcNow() - renewed < TimeSpan.FromSeconds(lease.Spec.LeaseDurationSeconds ?? 40);

    private static ulong Revision(string? text) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : 0;
}
