using System.Net;

namespace KubeAspire.Gateway.Balancing;

/// <summary>Which endpoint each client of a service port was given. Bounded.</summary>
internal sealed class ClientAffinity
{
    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, (IPEndPoint Endpoint, DateTimeOffset Used)> _clients = [];

    /// <summary>The client's endpoint, if it was used after <paramref name="since"/>.</summary>
    public IPEndPoint? Find(IPAddress client, DateTimeOffset since)
    {
        lock (_gate)
        {
            return _clients.TryGetValue(client, out var entry) && entry.Used > since ? entry.Endpoint : null;
        }
    }

    /// <summary>Remembers the client's endpoint.</summary>
    public void Set(IPAddress client, IPEndPoint endpoint, DateTimeOffset now, TimeSpan timeout)
    {
        lock (_gate)
        {
            if (_clients.Count >= GatewayLimits.AffinityClients && !_clients.ContainsKey(client))
            {
                MakeRoom(now - timeout);
            }

            _clients[client] = (endpoint, now);
        }
    }

    private void MakeRoom(DateTimeOffset since)
    {
        var old = _clients.Where(pair => pair.Value.Used <= since).Select(pair => pair.Key).ToList();
        if (old.Count == 0)
        {
            // None has run out: the tenth that was used least recently loses its place.
            old = [.. _clients.OrderBy(pair => pair.Value.Used).Take(GatewayLimits.AffinityClients / 10).Select(pair => pair.Key)];
        }

        old.ForEach(client => _clients.Remove(client));
    }
}
