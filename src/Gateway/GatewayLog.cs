using System.Net;
using System.Net.Sockets;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ServiceProxy.Services;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Gateway;

/// <summary>Log messages of the gateway. Event ids 6000-6499.</summary>
internal static partial class GatewayLog
{
    [LoggerMessage(6000, LogLevel.Debug, "Swapped in routes to {Ports} service ports and {Ingresses} Ingresses at EndpointSlice revision {Revision}")]
    public static partial void RoutesSwapped(this ILogger logger, int ports, int ingresses, long revision);

    [LoggerMessage(6001, LogLevel.Warning, "Left out of the routes: {Kind} {Key}, {Reason}: {Detail}")]
    public static partial void RouteDropped(this ILogger logger, string kind, ObjectKey key, string reason, string detail);

    [LoggerMessage(6002, LogLevel.Error, "Could not build the routes; the last ones stay")]
    public static partial void BuildFailed(this ILogger logger, Exception exception);

    [LoggerMessage(6003, LogLevel.Error, "{Observer} could not follow the new routes")]
    public static partial void ObserverFailed(this ILogger logger, string observer, Exception exception);

    [LoggerMessage(6010, LogLevel.Information, "Opened {Protocol} {Address} for {Service}")]
    public static partial void ListenerOpened(this ILogger logger, ServiceProtocol protocol, IPEndPoint address, ServicePortKey service);

    [LoggerMessage(6011, LogLevel.Information, "Closed {Protocol} {Address} of {Service}")]
    public static partial void ListenerClosed(this ILogger logger, ServiceProtocol protocol, IPEndPoint address, ServicePortKey service);

    [LoggerMessage(6012, LogLevel.Warning, "Could not open {Protocol} {Address} for {Service}: {Error}; tried again until it succeeds")]
    public static partial void ListenerFailed(this ILogger logger, ServiceProtocol protocol, IPEndPoint address, ServicePortKey service, SocketError error);

    [LoggerMessage(6013, LogLevel.Warning, "Could not accept a connection on {Address}: {Error}")]
    public static partial void AcceptFailed(this ILogger logger, IPEndPoint address, SocketError error);

    [LoggerMessage(6014, LogLevel.Debug, "A connection to {Service} ended: {Error}")]
    public static partial void ConnectionFailed(this ILogger logger, ServicePortKey service, string error);

    [LoggerMessage(6020, LogLevel.Information, "ClusterIPs {Network} are addresses of this machine now")]
    public static partial void ServiceNetworkAdded(this ILogger logger, IPNetwork network);

    [LoggerMessage(6021, LogLevel.Warning, "ClusterIPs are not served: {Reason}; NodePorts and Ingresses are")]
    public static partial void ServiceNetworkMissing(this ILogger logger, string reason);

    [LoggerMessage(6022, LogLevel.Warning, "Could not remove the route to {Network}: {Reason}")]
    public static partial void ServiceNetworkLeft(this ILogger logger, IPNetwork network, string reason);

    [LoggerMessage(6030, LogLevel.Warning, "Could not write Lease {Lease}: {Detail}")]
    public static partial void LeaseFailed(this ILogger logger, string lease, string detail);

    [LoggerMessage(6040, LogLevel.Warning, "Could not write the status of Ingress {Ingress}: {Detail}")]
    public static partial void IngressStatusFailed(this ILogger logger, ObjectKey ingress, string detail);

    [LoggerMessage(6041, LogLevel.Warning, "Could not create IngressClass {Name}: {Detail}")]
    public static partial void IngressClassFailed(this ILogger logger, string name, string detail);

    [LoggerMessage(6042, LogLevel.Warning, "Could not use the certificate of Secret {Secret}: {Detail}; the fallback certificate is shown")]
    public static partial void CertificateInvalid(this ILogger logger, ObjectKey secret, string detail);

    [LoggerMessage(6050, LogLevel.Warning, "DNS does not listen on {Addresses}: {Error}; tried again when a Service changes")]
    public static partial void DnsFailed(this ILogger logger, string addresses, SocketError error);

    [LoggerMessage(6060, LogLevel.Information, "Gateway {Name} serves Ingresses on ports {Http} and {Https}")]
    public static partial void Started(this ILogger logger, string name, int http, int https);
}
