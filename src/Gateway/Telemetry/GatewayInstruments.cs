using System.Diagnostics;
using System.Diagnostics.Metrics;
using KubeAspire.ServiceProxy.Services;

namespace KubeAspire.Gateway.Telemetry;

/// <summary>Traces and metrics of the data plane. Labels are names of Services and fixed words: nothing a client sends.</summary>
internal static class GatewayInstruments
{
    /// <summary>Name of the activity source and of the meter.</summary>
    public const string Name = "KubeAspire.Gateway";

    /// <summary>Spans of the gateway.</summary>
    public static readonly ActivitySource Activities = new(Name);

    private static readonly Meter Meter = new(Name);
    private static readonly UpDownCounter<long> Open = Meter.CreateUpDownCounter<long>("kubeaspire.gateway.connections.open", "{connection}", "Connections open to service ports.");
    private static readonly Counter<long> Connections = Meter.CreateCounter<long>("kubeaspire.gateway.connections", "{connection}", "Connections to service ports, by outcome.");
    private static readonly Counter<long> Requests = Meter.CreateCounter<long>("kubeaspire.gateway.requests", "{request}", "HTTP requests, by service and class of status.");
    private static readonly Counter<long> Retries = Meter.CreateCounter<long>("kubeaspire.gateway.retries", "{request}", "Requests sent to another endpoint after one did not answer.");
    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>("kubeaspire.gateway.request.duration", "s", "Time from the request's headers to the end of the response.");
    private static readonly Histogram<double> Rebuild = Meter.CreateHistogram<double>("kubeaspire.gateway.rebuild.duration", "s", "Time to build the routing table.");

    public static void OnConnectionOpened(ServicePortKey key) => Open.Add(1, Namespace(key), Service(key));

    public static void OnConnectionClosed(ServicePortKey key) => Open.Add(-1, Namespace(key), Service(key));

    /// <param name="key">The service port.</param>
    /// <param name="outcome">accepted, no_endpoints, unreachable or over_limit.</param>
    public static void OnConnection(ServicePortKey key, string outcome) => Connections.Add(1, Namespace(key), Service(key), new("outcome", outcome));

    public static void OnRequest(ServicePortKey key, int status, TimeSpan elapsed)
    {
        var statusClass = status switch { < 200 => "1xx", < 300 => "2xx", < 400 => "3xx", < 500 => "4xx", _ => "5xx" };
        Requests.Add(1, Namespace(key), Service(key), new("http.response.status_class", statusClass));
        Duration.Record(elapsed.TotalSeconds, Namespace(key), Service(key));
    }

    public static void OnRetry(ServicePortKey key) => Retries.Add(1, Namespace(key), Service(key));

    public static void OnRebuilt(TimeSpan elapsed) => Rebuild.Record(elapsed.TotalSeconds);

    private static KeyValuePair<string, object?> Namespace(ServicePortKey key) => new("k8s.namespace.name", key.Namespace);

    private static KeyValuePair<string, object?> Service(ServicePortKey key) => new("k8s.service.name", key.Service);
}
