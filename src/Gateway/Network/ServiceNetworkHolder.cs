using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KubeAspire.Gateway.Network;

/// <summary>Holds the service network for as long as the gateway runs.</summary>
internal sealed class ServiceNetworkHolder(IServiceNetwork network, IOptions<GatewayOptions> options, ILogger<ServiceNetworkHolder> logger) : IHostedService
{
    private readonly IPNetwork _network = IPNetwork.Parse(options.Value.ServiceCidr);

    /// <summary>Whether ClusterIPs can be bound.</summary>
    public bool IsServed { get; private set; }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        var problem = options.Value.ServeClusterIPs ? network.Add(_network) : "Gateway:ServeClusterIPs is false";
        IsServed = problem is null;
        if (problem is null)
        {
            logger.ServiceNetworkAdded(_network);
        }
        else
        {
            logger.ServiceNetworkMissing(options.Value.ServeClusterIPs ? $"the route to {_network} needs CAP_NET_ADMIN ({problem})" : problem);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        if (IsServed && network.Remove(_network) is { } problem)
        {
            logger.ServiceNetworkLeft(_network, problem);
        }

        return Task.CompletedTask;
    }
}
