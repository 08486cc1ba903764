using System.Text.Json;
using System.Threading.Channels;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Informers;
using KubeAspire.Gateway.Network;
using KubeAspire.Gateway.Routing;
using KubeAspire.Resources.Networking;
using KubeAspire.ServiceProxy;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KubeAspire.Gateway.Ingresses;

/// <summary>Writes this machine's address into the status of each Ingress that is served here, and nothing into one that has it.</summary>
internal sealed class IngressStatusReporter(
    IApiClient client,
    IInformerFactory informers,
    RoutingState state,
    IOptions<GatewayOptions> options,
    TimeProvider clock,
    ILogger<IngressStatusReporter> logger) : BackgroundService, IRoutesObserver
{
    private readonly IInformer<Ingress> _ingresses = informers.For<Ingress>();
    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly string _address = MachineAddress.Of(options.Value);

    /// <inheritdoc/>
    public Task OnRoutesSwappedAsync(RoutingTable table, CancellationToken cancellationToken)
    {
        _changed.Writer.TryWrite(true);
        return Task.CompletedTask;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var _ in _changed.Reader.ReadAllAsync(stoppingToken))
        {
            var failed = false;
            foreach (var key in state.Table.Ingress.Served)
            {
                failed |= _ingresses.Find(key) is { } ingress && !Shows(ingress) && !await WriteAsync(ingress, stoppingToken);
            }

            if (failed)
            {
                await Task.Delay(GatewayLimits.WriteRetry, clock, stoppingToken);
                _changed.Writer.TryWrite(true);
            }
        }
    }

    private bool Shows(Ingress ingress) => ingress.Status.LoadBalancer?.Ingress is { Count: > 0 } shown && shown.Any(entry => entry.Ip == _address);

    private async Task<bool> WriteAsync(Ingress ingress, CancellationToken cancellationToken)
    {
        try
        {
            var body = JsonSerializer.SerializeToUtf8Bytes(new { status = new { loadBalancer = new { ingress = new[] { new { ip = _address } } } } });
            var written = await client.PatchStatusAsync<Ingress>(ingress.Metadata.Namespace, ingress.Metadata.Name!, new ApiPatch(PatchKind.Merge, body), cancellationToken);
            if (written.Succeeded || written.Error.Reason == ApiErrorReason.NotFound)
            {
                return true;
            }

            logger.IngressStatusFailed(ObjectKey.Of(ingress), written.Error.Message);
        }
        catch (HttpRequestException exception)
        {
            logger.IngressStatusFailed(ObjectKey.Of(ingress), exception.Message);
        }

        return false;
    }
}
