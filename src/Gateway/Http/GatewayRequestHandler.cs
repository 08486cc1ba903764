using KubeAspire.Gateway.Routing;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace KubeAspire.Gateway.Http;

/// <summary>Every HTTP request of every door.</summary>
internal sealed class GatewayRequestHandler(RoutingState state, ServiceForwarder forwarder, RouteWatcher routes, IOptions<GatewayOptions> options)
{
    private readonly int _healthPort = options.Value.HealthPort;

    /// <summary>Serves a request.</summary>
    public Task HandleAsync(HttpContext context)
    {
        if (context.Features.Get<ServiceDoor>() is { } door)
        {
            return forwarder.ForwardAsync(context, door);
        }

        return _healthPort != 0 && context.Connection.LocalPort == _healthPort ? HealthAsync(context) : IngressAsync(context);
    }

    private Task HealthAsync(HttpContext context) => context.Request.Path.Value switch
    {
        "/healthz" or "/livez" => Pages.WriteAsync(context, StatusCodes.Status200OK, "alive"),
        "/readyz" when routes.Ready.IsCompletedSuccessfully => Pages.WriteAsync(context, StatusCodes.Status200OK, "routes are in use"),
        "/readyz" => Pages.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "no routes yet"),
        _ => Pages.WriteAsync(context, StatusCodes.Status404NotFound, "there are /healthz and /readyz"),
    };

    private Task IngressAsync(HttpContext context)
    {
        var table = state.Table;
        var host = context.Request.Host.Host;

        // RFC 9110 §7.4: a connection secured for one name does not serve another's content, unless both show the same certificate.
        if (context.Features.Get<ITlsHandshakeFeature>() is { HostName: { Length: > 0 } serverName }
            && !string.Equals(serverName, host, StringComparison.OrdinalIgnoreCase)
            && table.Ingress.FindCertificate(serverName)?.Secret != table.Ingress.FindCertificate(host)?.Secret)
        {
            return Pages.WriteAsync(context, StatusCodes.Status421MisdirectedRequest, "the host is not the one that the connection was secured for");
        }

        if (table.Ingress.Find(host, context.Request.Path.Value is { Length: > 0 } path ? path : "/") is not { } route)
        {
            return Pages.WriteAsync(context, StatusCodes.Status404NotFound, "no Ingress routes this host and path");
        }

        return route.Backend is { } backend
            ? forwarder.ForwardIngressAsync(context, backend)
            : Pages.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, route.Problem ?? "the Ingress names no backend");
    }
}
