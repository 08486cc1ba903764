using KubeAspire.ServiceProxy;

namespace KubeAspire.Gateway.Routing;

/// <summary>The routes in use. Whoever reads them takes the reference once and works with that table to the end.</summary>
internal sealed class RoutingState
{
    private volatile RoutingTable _table = RoutingTable.Empty;
    private long _applied;

    /// <summary>The current routes.</summary>
    public RoutingTable Table => _table;

    /// <summary>The highest EndpointSlice revision that the current routes know of; never goes back.</summary>
    public long AppliedRevision => Interlocked.Read(ref _applied);

    /// <summary>Replaces the routes whole.</summary>
    /// <param name="table">The new routes.</param>
    /// <param name="revision">The highest EndpointSlice revision seen before they were built, deletions included.</param>
    public void Swap(RoutingTable table, long revision)
    {
        _table = table;
        if (revision > AppliedRevision)
        {
            Interlocked.Exchange(ref _applied, revision);
        }
    }
}
