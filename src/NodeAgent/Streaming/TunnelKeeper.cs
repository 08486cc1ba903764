using System.Net;
using KubeAspire.Client.Rest;
using KubeAspire.NodeAgent.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KubeAspire.NodeAgent.Streaming;

/// <summary>
/// Keeps a tunnel to the API server open, so that it can ask this node for logs without an address or a port of its own: the agent
/// connects, and the roles turn round.
/// </summary>
internal sealed class TunnelKeeper(Kubeconfig kubeconfig, TunnelListener listener, IOptions<NodeAgentOptions> options, TimeProvider clock, ILogger<TunnelKeeper> logger) : BackgroundService
{
    /// <summary>The protocol asked for.</summary>
    private const string Protocol = "kubeaspire-tunnel";

    /// <summary>First wait before connecting again. 500 ms, doubling.</summary>
    private static readonly TimeSpan s_retryInitial = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest wait before connecting again. 10 s.</summary>
    private static readonly TimeSpan s_retryMax = TimeSpan.FromSeconds(10);

    /// <summary>Longest wait for the API server's answer. 10 s.</summary>
    private static readonly TimeSpan s_answerTimeout = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.Value.Tunnel)
        {
            return;
        }

        using var http = new HttpMessageInvoker(KubeconfigTls.CreateHandler(kubeconfig));
        var retry = s_retryInitial;
        while (!stoppingToken.IsCancellationRequested)
        {
            string problem;
            try
            {
                if (await ServeOnceAsync(http, stoppingToken) is not { } refused)
                {
                    retry = s_retryInitial;
                    problem = "the connection was closed";
                }
                else
                {
                    problem = refused;
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException || (exception is OperationCanceledException && !stoppingToken.IsCancellationRequested))
            {
                problem = exception.Message;
            }
            catch (OperationCanceledException)
            {
                return;
            }

            logger.TunnelEnded(problem);
            try
            {
                await Task.Delay(retry, clock, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            retry = retry * 2 < s_retryMax ? retry * 2 : s_retryMax;
        }
    }

    // Null after a tunnel that was open; otherwise why there was none.
    private async Task<string?> ServeOnceAsync(HttpMessageInvoker http, CancellationToken cancellationToken)
    {
        var uri = new Uri(kubeconfig.Server, $"/apis/kubeaspire.dev/v1/nodes/{options.Value.NodeName}/tunnel");
        using var request = new HttpRequestMessage(HttpMethod.Get, uri) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Connection.Add("Upgrade");
        request.Headers.Upgrade.Add(new(Protocol));

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = new CancellationTokenSource(s_answerTimeout, clock);
        await using var link = timer.Token.Register(limit.Cancel);
        using var response = await http.SendAsync(request, limit.Token);
        if (response.StatusCode != HttpStatusCode.SwitchingProtocols)
        {
            return $"the API server answered {(int)response.StatusCode} to the tunnel's request";
        }

        logger.TunnelOpened();
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        await listener.ServeAsync(stream, cancellationToken);
        return null;
    }
}
