using System.Net;
using KubeAspire.Client.Rest;
using KubeAspire.NodeAgent.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KubeAspire.NodeAgent.Streaming;

/// <summary>
/// Keeps a tunnel to every API server open, so that each can ask this node for logs without an address or a port of its own: the agent
/// connects, and the roles turn round.
/// </summary>
internal sealed class TunnelKeeper(
    Kubeconfig kubeconfig, ApiServerSet servers, TunnelListener listener, IOptions<NodeAgentOptions> options, TimeProvider clock, ILogger<TunnelKeeper> logger) : BackgroundService
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
        var kept = new Dictionary<Uri, (Task Keeping, CancellationTokenSource Stop)>();
        while (!stoppingToken.IsCancellationRequested)
        {
            // Asked for before the servers are: a change in between is not missed.
            var changed = servers.Changed;
            var wanted = servers.All;
            foreach (var server in wanted.Where(server => !kept.ContainsKey(server)))
            {
                var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                kept[server] = (KeepAsync(http, server, stop.Token), stop);
            }

            foreach (var server in kept.Keys.Except(wanted).ToList())
            {
                await EndAsync(kept[server]);
                kept.Remove(server);
            }

            await changed.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await Task.WhenAll(kept.Values.Select(EndAsync));
    }

    private static async Task EndAsync((Task Keeping, CancellationTokenSource Stop) kept)
    {
        await kept.Stop.CancelAsync();
        await kept.Keeping;
        kept.Stop.Dispose();
    }

    private async Task KeepAsync(HttpMessageInvoker http, Uri server, CancellationToken stoppingToken)
    {
        var retry = s_retryInitial;
        while (!stoppingToken.IsCancellationRequested)
        {
            string problem;
            try
            {
                if (await ServeOnceAsync(http, server, stoppingToken) is not { } refused)
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

            logger.TunnelEnded(server.Authority, problem);
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
    private async Task<string?> ServeOnceAsync(HttpMessageInvoker http, Uri server, CancellationToken cancellationToken)
    {
        var uri = new Uri(server, $"/apis/kubeaspire.dev/v1/nodes/{options.Value.NodeName}/tunnel");
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

        logger.TunnelOpened(server.Authority);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        await listener.ServeAsync(stream, cancellationToken);
        return null;
    }
}
