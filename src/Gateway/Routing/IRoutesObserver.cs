using KubeAspire.ServiceProxy;

namespace KubeAspire.Gateway.Routing;

/// <summary>Hears of new routes after they are in use. One at a time, in order; must not throw.</summary>
internal interface IRoutesObserver
{
    /// <summary>New routes are in use.</summary>
    Task OnRoutesSwappedAsync(RoutingTable table, CancellationToken cancellationToken);
}
