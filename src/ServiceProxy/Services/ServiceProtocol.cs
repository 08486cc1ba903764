namespace KubeAspire.ServiceProxy.Services;

/// <summary>The transport of a service port. SCTP is not carried.</summary>
public enum ServiceProtocol
{
    /// <summary>TCP, the default of the API.</summary>
    Tcp,

    /// <summary>UDP.</summary>
    Udp,
}

/// <summary>What the proxy understands of the bytes of a port.</summary>
public enum AppProtocol
{
    /// <summary>Bytes: balanced once a connection.</summary>
    Opaque,

    /// <summary>HTTP/1.1 with WebSockets: balanced once a request.</summary>
    Http,

    /// <summary>HTTP/2 without TLS, by prior knowledge (gRPC): balanced once a request.</summary>
    H2c,
}

/// <summary>Reads the application protocol of a service port.</summary>
public static class AppProtocols
{
    /// <summary>Service annotation: <c>"true"</c> keeps every port of the Service at bytes.</summary>
    public const string OpaqueAnnotation = "kubeaspire.dev/l4";

    /// <summary>The protocol by <c>appProtocol</c>, or where that is absent by the port's name.</summary>
    /// <remarks>Names: KEP-3726 "Standard application protocols". An appProtocol that is not HTTP without TLS overrides the port's name.</remarks>
    public static AppProtocol Of(string? appProtocol, string? portName, IReadOnlyDictionary<string, string>? annotations)
    {
        if (annotations is not null && annotations.TryGetValue(OpaqueAnnotation, out var opaque) && opaque == "true")
        {
            return AppProtocol.Opaque;
        }

        if (!string.IsNullOrEmpty(appProtocol))
        {
            return appProtocol switch
            {
                "http" or "kubernetes.io/ws" => AppProtocol.Http,
                "kubernetes.io/h2c" => AppProtocol.H2c,
                _ => AppProtocol.Opaque,
            };
        }

        return portName switch
        {
            "http" => AppProtocol.Http,
            "h2c" or "grpc" => AppProtocol.H2c,
            not null when portName.StartsWith("http-", StringComparison.Ordinal) => AppProtocol.Http,
            _ => AppProtocol.Opaque,
        };
    }
}
