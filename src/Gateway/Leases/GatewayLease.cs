using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Gateway.Routing;
using KubeAspire.Resources.Coordination;
using KubeAspire.ServiceProxy;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KubeAspire.Gateway.Leases;

/// <summary>
/// Tells node agents that this gateway lives and which EndpointSlice revision its routes have: an agent stops a pod's containers only after
/// every live gateway has routes in which the pod takes no new traffic.
/// </summary>
/// <remarks>Written at once when the revision has grown; what changes while a write is under way goes into the next one.</remarks>
internal sealed class GatewayLease(
    IApiClient client,
    RoutingState state,
    IOptions<GatewayOptions> options,
    TimeProvider clock,
    ILogger<GatewayLease> logger) : BackgroundService, IRoutesObserver
{
    /// <summary>Annotation: the highest EndpointSlice resourceVersion whose routes are in use.</summary>
    public const string AppliedAnnotation = "kubeaspire.dev/applied-resource-version";

    /// <summary>Label of the Leases of gateways, with <see cref="Component"/>.</summary>
    public const string ComponentLabel = "kubeaspire.dev/component";

    /// <summary>Value of <see cref="ComponentLabel"/>.</summary>
    public const string Component = "gateway";

    /// <summary>Namespace of the Leases.</summary>
    public const string Namespace = "kube-system";

    /// <summary>Time for taking the Lease away when the gateway stops. 2 s.</summary>
    private static readonly TimeSpan FarewellTimeout = TimeSpan.FromSeconds(2);

    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly string _name = $"gateway-{options.Value.Name}";
    private readonly TimeSpan _duration = options.Value.LeaseDuration;
    private long _written = -1;

    /// <inheritdoc/>
    public Task OnRoutesSwappedAsync(RoutingTable table, CancellationToken cancellationToken)
    {
        if (state.AppliedRevision > Interlocked.Read(ref _written))
        {
            _changed.Writer.TryWrite(true);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (Interlocked.Read(ref _written) < 0)
        {
            return;
        }

        using var timeout = new CancellationTokenSource(FarewellTimeout, clock);
        try
        {
            // Nobody waits for a gateway that is gone.
            await client.DeleteAsync<Lease>(Namespace, _name, new DeleteOptions(), timeout.Token);
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            logger.LeaseFailed(_name, exception.Message);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Not before the first routes: a Lease says that routes are in use.
        await _changed.Reader.WaitToReadAsync(stoppingToken);
        while (true)
        {
            _changed.Reader.TryRead(out var _);
            var wait = await TryWriteAsync(stoppingToken) ? _duration / 4 : GatewayLimits.WriteRetry;
            using var due = new CancellationTokenSource(wait, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(due.Token, stoppingToken);
            try
            {
                await _changed.Reader.WaitToReadAsync(either.Token);
            }
            catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
            {
                // Time to renew.
            }
        }
    }

    private async Task<bool> TryWriteAsync(CancellationToken cancellationToken)
    {
        var revision = state.AppliedRevision;
        try
        {
            var body = JsonSerializer.SerializeToUtf8Bytes(new
            {
                metadata = new
                {
                    labels = new Dictionary<string, string> { [ComponentLabel] = Component },
                    annotations = new Dictionary<string, string> { [AppliedAnnotation] = revision.ToString(CultureInfo.InvariantCulture) },
                },
                spec = new
                {
                    holderIdentity = options.Value.Name,
                    leaseDurationSeconds = (int)_duration.TotalSeconds,
                    renewTime = clock.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture),
                },
            });
            var written = await client.PatchAsync<Lease>(Namespace, _name, new ApiPatch(PatchKind.Merge, body), cancellationToken);
            if (written.Error is { Reason: ApiErrorReason.NotFound })
            {
                written = await client.CreateAsync(NewLease(revision), cancellationToken);
            }

            if (written.Succeeded)
            {
                Interlocked.Exchange(ref _written, revision);
                return true;
            }

            logger.LeaseFailed(_name, written.Error.Message);
        }
        catch (HttpRequestException exception)
        {
            logger.LeaseFailed(_name, exception.Message);
        }

        return false;
    }

    private Lease NewLease(long revision)
    {
        var now = clock.GetUtcNow();
        return new Lease
        {
            ApiVersion = Lease.ResourceType.ApiVersion,
            Kind = Lease.ResourceType.Kind,
            Metadata = new ObjectMeta
            {
                Name = _name,
                Namespace = Namespace,
                Labels = new Dictionary<string, string> { [ComponentLabel] = Component },
                Annotations = new Dictionary<string, string> { [AppliedAnnotation] = revision.ToString(CultureInfo.InvariantCulture) },
            },
            Spec = new LeaseSpec
            {
                HolderIdentity = options.Value.Name,
                LeaseDurationSeconds = (int)_duration.TotalSeconds,
                AcquireTime = now,
                RenewTime = now,
            },
        };
    }
}
