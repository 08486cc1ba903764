using System.Collections.Immutable;

namespace KubeAspire.ServiceProxy.Services;

/// <summary>One service port and the endpoints that its new connections or requests may go to.</summary>
public sealed record ServicePortRoute
{
    /// <summary>Which port of which Service.</summary>
    public required ServicePortKey Key { get; init; }

    /// <summary>The port's name; empty for the only port of a Service.</summary>
    public required string Name { get; init; }

    /// <summary>Whether the proxy balances connections or requests.</summary>
    public required AppProtocol App { get; init; }

    /// <summary>Endpoints for traffic to the ClusterIP, after <c>internalTrafficPolicy</c>. Empty: connections are refused.</summary>
    public required ImmutableArray<ServiceEndpoint> Internal { get; init; }

    /// <summary>Endpoints for traffic from outside (NodePort, Ingress), after <c>externalTrafficPolicy</c>.</summary>
    public required ImmutableArray<ServiceEndpoint> External { get; init; }

    /// <summary>How long after its last connection a client still gets the same endpoint; null without session affinity.</summary>
    public TimeSpan? AffinityTimeout { get; init; }
}

/// <summary>A socket to listen on, and the service port it serves.</summary>
/// <param name="Kind">ClusterIP or NodePort.</param>
/// <param name="Address">What to bind. A NodePort is bound on every address of the machine.</param>
/// <param name="Protocol">The transport.</param>
/// <param name="Key">The service port.</param>
public sealed record ServiceListener(ListenerKind Kind, System.Net.IPEndPoint Address, ServiceProtocol Protocol, ServicePortKey Key);

/// <summary>Which door of a Service a socket is.</summary>
public enum ListenerKind
{
    /// <summary>The ClusterIP: traffic from within.</summary>
    ClusterIP,

    /// <summary>A NodePort: traffic from outside.</summary>
    NodePort,
}
