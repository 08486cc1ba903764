using System.Net;
using System.Net.NetworkInformation;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.Client.Rest;

/// <summary>
/// The API servers of one cluster, any of which answers everything: the kubeconfig's own, those that the configuration names, and those
/// that the cluster says it has. One of them is asked; another when it cannot be.
/// </summary>
public sealed class ApiServerSet
{
    /// <summary>Most servers kept. 32: more than a cluster has, fewer than a mistake may name.</summary>
    public const int ServersMax = 32;

    private readonly Lock _gate = new();
    private readonly ILogger _logger;
    private readonly IReadOnlyList<Uri> _given;
    private IReadOnlyList<Uri> _found = [];
    private List<Uri> _all;
    private Uri _current;
    private TaskCompletionSource _changed = Signal();

    /// <summary>The servers that are known from the start.</summary>
    /// <param name="own">The kubeconfig's; asked first.</param>
    /// <param name="others">Further ones.</param>
    /// <param name="logger">Hears when another server is asked.</param>
    public ApiServerSet(Uri own, IEnumerable<Uri>? others = null, ILogger<ApiServerSet>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(own);
        _logger = logger ?? NullLogger<ApiServerSet>.Instance;
        _given = [own, .. others ?? []];
        _current = own;
        _all = Union();
    }

    /// <summary>The server to ask.</summary>
    public Uri Current
    {
        get
        {
            lock (_gate)
            {
                return _current;
            }
        }
    }

    /// <summary>All servers, each once, in the order in which they are tried.</summary>
    public IReadOnlyList<Uri> All
    {
        get
        {
            lock (_gate)
            {
                return _all;
            }
        }
    }

    /// <summary>Done once <see cref="All"/> is another than it is now.</summary>
    public Task Changed
    {
        get
        {
            lock (_gate)
            {
                return _changed.Task;
            }
        }
    }

    /// <summary>The servers of a kubeconfig and of the endpoints by which Aspire tells a process of the silos: <c>services__silo-2__https__0</c>.</summary>
    public static ApiServerSet From(Kubeconfig kubeconfig, IConfiguration configuration, ILogger<ApiServerSet> logger)
    {
        ArgumentNullException.ThrowIfNull(kubeconfig);
        ArgumentNullException.ThrowIfNull(configuration);
        return new ApiServerSet(kubeconfig.Server, configuration.GetSection("services").GetChildren()
            .Where(service => service.Key.StartsWith("silo", StringComparison.Ordinal))
            .OrderBy(service => service.Key, StringComparer.Ordinal)
            .SelectMany(service => service.GetSection("https").GetChildren())
            .Select(endpoint => Uri.TryCreate(endpoint.Value, UriKind.Absolute, out var server) ? server : null)
            .OfType<Uri>(), logger);
    }

    /// <summary>The cluster has told which servers it has; takes the place of what it told before. An empty list tells nothing.</summary>
    public void Found(IReadOnlyList<Uri> servers)
    {
        ArgumentNullException.ThrowIfNull(servers);
        TaskCompletionSource? changed = null;
        lock (_gate)
        {
            if (servers.Count == 0)
            {
                return;
            }

            _found = servers;
            var all = Union();
            if (!all.SequenceEqual(_all))
            {
                _all = all;
                (changed, _changed) = (_changed, Signal());
                _current = all.Contains(_current) ? _current : all[0];
            }
        }

        if (changed is not null)
        {
            changed.SetResult();
            _logger.ServersFound(string.Join(", ", All.Select(server => server.Authority)));
        }
    }

    /// <summary>A server could not be asked: the one after it is next, unless somebody has moved on already.</summary>
    public void Failed(Uri server)
    {
        Uri next;
        lock (_gate)
        {
            if (_current != server || _all.Count == 1)
            {
                return;
            }

            next = _current = _all[(IndexOf(server) + 1) % _all.Count];
        }

        _logger.AsksAnother(server, next);
    }

    private int IndexOf(Uri server)
    {
        for (var index = 0; index < _all.Count; index++)
        {
            if (_all[index] == server)
            {
                return index;
            }
        }

        return -1;
    }

    // A server of this machine may be named by several of the machine's addresses; by its port it is still the same one.
    private List<Uri> Union()
    {
        var local = LocalAddresses();
        return [.. _given.Concat(_found).DistinctBy(server => IsLocal(server, local) ? $":{server.Port}" : server.Authority).Take(ServersMax)];
    }

    private static bool IsLocal(Uri server, HashSet<IPAddress> local) =>
        server.IsLoopback || (IPAddress.TryParse(server.Host, out var address) && local.Contains(address));

    private static HashSet<IPAddress> LocalAddresses()
    {
        try
        {
            return [.. NetworkInterface.GetAllNetworkInterfaces().SelectMany(network => network.GetIPProperties().UnicastAddresses).Select(unicast => unicast.Address)];
        }
        catch (NetworkInformationException)
        {
            return []; // Then one server may be known twice, which costs a needless attempt.
        }
    }

    private static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
