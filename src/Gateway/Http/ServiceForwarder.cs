using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using KubeAspire.Gateway.Balancing;
using KubeAspire.Gateway.Routing;
using KubeAspire.Gateway.Telemetry;
using KubeAspire.ServiceProxy.Services;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace KubeAspire.Gateway.Http;

/// <summary>Sends a request to an endpoint of a service port, and to another where that one does not take it.</summary>
internal sealed class ServiceForwarder : IDisposable
{
    private static readonly ForwarderRequestConfig s_http1 = new() { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact, ActivityTimeout = GatewayLimits.RequestIdle };
    private static readonly ForwarderRequestConfig s_http2 = s_http1 with { Version = HttpVersion.Version20 };

    private readonly IHttpForwarder _forwarder;
    private readonly RoutingState _state;
    private readonly EndpointBalancer _balancer;
    private readonly FirstRequestTracer _firstRequests;
    private readonly TimeProvider _clock;
    private readonly HttpMessageInvoker _client;

    public ServiceForwarder(IHttpForwarder forwarder, RoutingState state, EndpointBalancer balancer, FirstRequestTracer firstRequests, TimeProvider clock)
    {
        (_forwarder, _state, _balancer, _firstRequests, _clock) = (forwarder, state, balancer, firstRequests, clock);

        // One pool for all endpoints; it is keyed by address. Nothing is followed, kept or unpacked: the client sees what the endpoint said.
        _client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = GatewayLimits.ConnectTimeout,
            PooledConnectionIdleTimeout = GatewayLimits.EndpointIdle,
            ActivityHeadersPropagator = new ReverseProxyPropagator(DistributedContextPropagator.Current),
        });
    }

    /// <summary>Serves a request that came in on a service port: in the version of HTTP that the client speaks, as if it had reached the pod itself.</summary>
    public Task ForwardAsync(HttpContext context, ServiceDoor door)
    {
        // As through a splice: how large and how slow a body may be is the pod's affair.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }

        if (context.Features.Get<Microsoft.AspNetCore.Server.Kestrel.Core.Features.IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        return ForwardAsync(context, door.Key, door.Kind, ServiceTransformer.Instance, HttpProtocol.IsHttp2(context.Request.Protocol));
    }

    /// <summary>Serves a request that an Ingress sends to a service port.</summary>
    public Task ForwardIngressAsync(HttpContext context, ServicePortKey key)
    {
        var http2 = _state.Table.Ports.TryGetValue(key, out var route) && route.App == AppProtocol.H2c;
        return ForwardAsync(context, key, ListenerKind.NodePort, IngressTransformer.Instance, http2);
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private async Task ForwardAsync(HttpContext context, ServicePortKey key, ListenerKind door, HttpTransformer transformer, bool http2)
    {
        var started = _clock.GetTimestamp();
        var startedAt = _clock.GetUtcNow();
        List<ServiceEndpoint>? tried = null;
        while (true)
        {
            // Read again for each attempt: an endpoint that vanished meanwhile is not chosen.
            if (!_state.Table.Ports.TryGetValue(key, out var route)
                || _balancer.Pick(route, door, context.Connection.RemoteIpAddress ?? IPAddress.None, tried) is not { } endpoint)
            {
                await Pages.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, tried is null
                    ? $"service \"{key.Namespace}/{key.Service}\" has no ready endpoints"
                    : $"no endpoint of service \"{key.Namespace}/{key.Service}\" accepts connections");
                break;
            }

            var error = await _forwarder.SendAsync(context, endpoint.HttpPrefix, _client, http2 ? s_http2 : s_http1, transformer, context.RequestAborted);
            if (error == ForwarderError.None)
            {
                if (_firstRequests.IsFirst(endpoint))
                {
                    _firstRequests.OnServed(key, endpoint, startedAt, Activity.Current?.Context ?? default);
                }

                break;
            }

            var failure = context.GetForwarderErrorFeature()?.Exception;
            var notConnected = IsConnectFailure(failure);
            if (notConnected)
            {
                _balancer.OnFailed(endpoint);
            }

            tried ??= [];
            tried.Add(endpoint);
            if (context.Response.HasStarted || context.RequestAborted.IsCancellationRequested || tried.Count >= GatewayLimits.Attempts
                || !(notConnected || (error == ForwarderError.Request && tried.Count == 1 && MayRepeat(context))))
            {
                if (!context.Response.HasStarted)
                {
                    await Pages.WriteAsync(context, context.Response.StatusCode is >= 400 and var status ? status : StatusCodes.Status502BadGateway,
                        $"an endpoint of service \"{key.Namespace}/{key.Service}\" did not answer: {error}");
                }

                break;
            }

            GatewayInstruments.OnRetry(key);
            context.Response.Clear();
            context.Features.Set<IForwarderErrorFeature>(null);
        }

        GatewayInstruments.OnRequest(key, context.Response.StatusCode, _clock.GetElapsedTime(started));
    }

    // Nothing of the request was sent: any request may be sent elsewhere.
    private static bool IsConnectFailure(Exception? exception) =>
        exception is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } or HttpRequestException { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionRefused } };

    // The endpoint may have seen the request: only what changes nothing and has no body is sent again.
    private static bool MayRepeat(HttpContext context) =>
        (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method) || HttpMethods.IsOptions(context.Request.Method))
        && context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false };
}
