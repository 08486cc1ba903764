using System.Net;
using System.Net.Sockets;
using KubeAspire.Dns.Server;
using KubeAspire.Gateway.Network;
using KubeAspire.Gateway.Routing;
using KubeAspire.ServiceProxy;
using KubeAspire.ServiceProxy.Services;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KubeAspire.Gateway.Naming;

/// <summary>Runs the DNS server at the ClusterIP of kube-system/kube-dns, once that Service exists, and at the addresses that are configured.</summary>
internal sealed class DnsHost : IRoutesObserver, IAsyncDisposable
{
    private readonly DnsResolver _resolver;
    private readonly ServiceNetworkHolder _network;
    private readonly TimeProvider _clock;
    private readonly ILogger<DnsHost> _logger;
    private readonly ILogger<DnsServer> _serverLogger;
    private readonly List<IPEndPoint> _configured;
    private readonly Dictionary<IPEndPoint, DnsServer> _servers = [];
    private readonly HashSet<IPEndPoint> _failed = [];

    public DnsHost(DnsResolver resolver, ServiceNetworkHolder network, IOptions<GatewayOptions> options, TimeProvider clock, ILoggerFactory loggers)
    {
        (_resolver, _network, _clock) = (resolver, network, clock);
        (_logger, _serverLogger) = (loggers.CreateLogger<DnsHost>(), loggers.CreateLogger<DnsServer>());
        _configured = [.. GatewayOptions.Split(options.Value.DnsListen).Select(IPEndPoint.Parse)];
    }

    /// <summary>Where DNS is served now.</summary>
    public IReadOnlyList<IPEndPoint> Addresses => [.. _servers.Values.SelectMany(server => server.Addresses)];

    /// <summary>Whether the service port is the one that is served here rather than by pods.</summary>
    public static bool IsOwn(ServicePortKey key) => key is { Namespace: "kube-system", Service: "kube-dns", Port: 53 };

    /// <inheritdoc/>
    public async Task OnRoutesSwappedAsync(RoutingTable table, CancellationToken cancellationToken)
    {
        var wanted = _configured.ToHashSet();
        if (_network.IsServed)
        {
            wanted.UnionWith(table.Listeners.Where(listener => listener.Kind == ListenerKind.ClusterIP && IsOwn(listener.Key)).Select(listener => listener.Address));
        }

        foreach (var gone in _servers.Keys.Where(address => !wanted.Contains(address)).ToList())
        {
            await _servers[gone].DisposeAsync();
            _servers.Remove(gone);
        }

        foreach (var address in wanted.Where(address => !_servers.ContainsKey(address)))
        {
            await TryStartAsync(address);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers.Values)
        {
            await server.DisposeAsync();
        }

        _servers.Clear();
    }

    private async Task TryStartAsync(IPEndPoint address)
    {
        var server = new DnsServer(_resolver, [address], _clock, _serverLogger);
        try
        {
            server.Start();
            _servers.Add(address, server);
            _failed.Remove(address);
        }
        catch (SocketException exception)
        {
            await server.DisposeAsync();
            if (_failed.Add(address))
            {
                _logger.DnsFailed(address.ToString(), exception.SocketErrorCode);
            }
        }
    }
}
