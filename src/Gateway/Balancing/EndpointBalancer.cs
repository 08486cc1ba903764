using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using KubeAspire.ServiceProxy;
using KubeAspire.ServiceProxy.Services;

namespace KubeAspire.Gateway.Balancing;

/// <summary>Chooses endpoints: in turn, by session affinity where the Service asks for it, and those that lately did not accept last.</summary>
internal sealed class EndpointBalancer(TimeProvider clock)
{
    private readonly ConcurrentDictionary<ServicePortKey, PortState> _ports = new();
    private readonly ConcurrentDictionary<IPEndPoint, DateTimeOffset> _failing = new();
    private int _failingCount;

    /// <summary>The endpoint for a new connection or request; null when there is none.</summary>
    /// <param name="route">The service port.</param>
    /// <param name="door">Which of its doors the traffic came through.</param>
    /// <param name="client">The client's address, for session affinity.</param>
    /// <param name="tried">Endpoints that were tried already for this connection or request; null for none.</param>
    public ServiceEndpoint? Pick(ServicePortRoute route, ListenerKind door, IPAddress client, IReadOnlyCollection<ServiceEndpoint>? tried = null)
    {
        var endpoints = door == ListenerKind.ClusterIP ? route.Internal : route.External;
        if (endpoints.IsEmpty)
        {
            return null;
        }

        var state = _ports.GetOrAdd(route.Key, static _ => new PortState());
        if (route.AffinityTimeout is not { } timeout)
        {
            return Next(state, endpoints, tried);
        }

        var now = clock.GetUtcNow();
        if (state.Affinity.Find(client, now - timeout) is { } address
            && endpoints.FirstOrDefault(endpoint => endpoint.Address.Equals(address)) is { } bound && !IsTried(bound, tried))
        {
            state.Affinity.Set(client, address, now, timeout);
            return bound;
        }

        var chosen = Next(state, endpoints, tried);
        if (chosen is not null)
        {
            state.Affinity.Set(client, chosen.Address, now, timeout);
        }

        return chosen;
    }

    /// <summary>The endpoint did not accept a connection.</summary>
    public void OnFailed(ServiceEndpoint endpoint)
    {
        _failing[endpoint.Address] = clock.GetUtcNow() + GatewayLimits.Deprioritized;
        Volatile.Write(ref _failingCount, _failing.Count);
    }

    /// <summary>Forgets service ports and endpoints that are gone.</summary>
    public void Retain(RoutingTable table)
    {
        foreach (var key in _ports.Keys.Where(key => !table.Ports.ContainsKey(key)))
        {
            _ports.TryRemove(key, out _);
        }

        var now = clock.GetUtcNow();
        foreach (var pair in _failing.Where(pair => pair.Value <= now))
        {
            _failing.TryRemove(pair);
        }

        Volatile.Write(ref _failingCount, _failing.Count);
    }

    private ServiceEndpoint? Next(PortState state, ImmutableArray<ServiceEndpoint> endpoints, IReadOnlyCollection<ServiceEndpoint>? tried)
    {
        var start = (uint)Interlocked.Increment(ref state.Turn);
        ServiceEndpoint? failing = null;
        for (var i = 0u; i < endpoints.Length; i++)
        {
            var endpoint = endpoints[(int)((start + i) % (uint)endpoints.Length)];
            if (IsTried(endpoint, tried))
            {
                continue;
            }

            if (!IsFailing(endpoint))
            {
                return endpoint;
            }

            failing ??= endpoint;
        }

        return failing;
    }

    private bool IsFailing(ServiceEndpoint endpoint) =>
        Volatile.Read(ref _failingCount) > 0 && _failing.TryGetValue(endpoint.Address, out var until) && until > clock.GetUtcNow();

    private static bool IsTried(ServiceEndpoint endpoint, IReadOnlyCollection<ServiceEndpoint>? tried) => tried is not null && tried.Contains(endpoint);

    private sealed class PortState
    {
        public int Turn = -1;

        public ClientAffinity Affinity { get; } = new();
    }
}
