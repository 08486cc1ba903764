using System.Net;
using System.Net.Sockets;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ContainerRuntime;
using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Probes;

/// <summary>How one look went.</summary>
/// <param name="Succeeded">Whether all is well.</param>
/// <param name="Output">What was seen, in upstream's words.</param>
internal readonly record struct ProbeOutcome(bool Succeeded, string Output);

/// <summary>Looks once: runs a command, sends a request, opens a connection. Also what hooks do.</summary>
internal sealed class Prober : IDisposable
{
    /// <summary>Most of an answer that is read. 10 KiB, upstream's limit.</summary>
    private const int BodyBytesMax = 10 << 10;

    /// <summary>Most redirects followed. 10.</summary>
    private const int RedirectsMax = 10;

    private readonly IContainerRuntime _runtime;
    private readonly TimeProvider _clock;
    private readonly HttpClient _http;

    public Prober(IContainerRuntime runtime, TimeProvider clock)
    {
        _runtime = runtime;
        _clock = clock;
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            PooledConnectionLifetime = TimeSpan.Zero, // A fresh connection each time: an old one would prove less.
            ActivityHeadersPropagator = null,
            // Pods have certificates of their own making; the probe asks whether they answer, as upstream's does.
#pragma warning disable CA5359
            SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
#pragma warning restore CA5359
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public void Dispose() => _http.Dispose();

    public async Task<ProbeOutcome> ProbeAsync(Probe probe, Container container, string podIP, string containerId, CancellationToken cancellationToken)
    {
        var timeout = ProbeState.Timeout(probe);
        if (probe.Exec is { } exec)
        {
            var ran = await _runtime.ExecAsync(containerId, new ExecSpec { Command = exec.Command ?? [], Timeout = timeout }, cancellationToken);
            return ran.Succeeded ? new ProbeOutcome(ran.Value.ExitCode == 0, ran.Value.Output) : new ProbeOutcome(false, ran.Error.Message);
        }

        if (probe.HttpGet is { } get)
        {
            return await HttpAsync(get, container, podIP, timeout, cancellationToken);
        }

        if (probe.TcpSocket is { } tcp)
        {
            return await TcpAsync(string.IsNullOrEmpty(tcp.Host) ? podIP : tcp.Host, PortOf(tcp.Port, container), timeout, cancellationToken);
        }

        return new ProbeOutcome(false, "missing probe handler: this kind of probe is not supported by this node");
    }

    /// <summary>Runs a hook; null when it went well.</summary>
    public async Task<string?> RunHookAsync(LifecycleHandler hook, Container container, string podIP, string containerId, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (hook.Exec is { } exec)
        {
            var ran = await _runtime.ExecAsync(containerId, new ExecSpec { Command = exec.Command ?? [], Timeout = timeout }, cancellationToken);
            return !ran.Succeeded ? ran.Error.Message
                : ran.Value.ExitCode == 0 ? null
                : $"command '{string.Join(' ', exec.Command ?? [])}' exited with {ran.Value.ExitCode}: {ran.Value.Output}";
        }

        if (hook.HttpGet is { } get)
        {
            var outcome = await HttpAsync(get, container, podIP, timeout, cancellationToken);
            return outcome.Succeeded ? null : outcome.Output;
        }

        if (hook.Sleep is { } sleep)
        {
            var time = TimeSpan.FromSeconds(sleep.Seconds);
            await Task.Delay(time < timeout ? time : timeout, _clock, cancellationToken);
            return null;
        }

        return "invalid handler";
    }

    /// <summary>The number of a port given by number or by a container's name for it; 0 for none.</summary>
    public static int PortOf(IntOrString port, Container container) =>
        port.IsInt ? port.Number
        : int.TryParse(port.Text, out var number) ? number
        : container.Ports?.FirstOrDefault(one => one.Name == port.Text)?.ContainerPortValue ?? 0;

    private async Task<ProbeOutcome> HttpAsync(HTTPGetAction get, Container container, string podIP, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var host = string.IsNullOrEmpty(get.Host) ? podIP : get.Host;
        var scheme = (get.Scheme ?? "HTTP").ToLowerInvariant();
        var path = string.IsNullOrEmpty(get.Path) ? "/" : get.Path.StartsWith('/') ? get.Path : "/" + get.Path;
        var url = $"{scheme}://{host}:{PortOf(get.Port, container)}{path}";
        using var limit = new CancellationTokenSource(timeout, _clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            var uri = new Uri(url);
            for (var redirects = 0; ; redirects++)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, uri);
                AddHeaders(request, get.HttpHeaders);
                using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token);
                var code = (int)response.StatusCode;
                var next = code is >= 300 and < 400 && response.Headers.Location is { } location ? new Uri(uri, location) : null;

                // A redirect to another host would probe somebody else: it counts as a success with a warning, as upstream.
                if (next is not null && next.Host == uri.Host && redirects < RedirectsMax)
                {
                    uri = next;
                    continue;
                }

                return code is >= 200 and < 400
                    ? new ProbeOutcome(true, await BodyAsync(response, both.Token))
                    : new ProbeOutcome(false, $"HTTP probe failed with statuscode: {code}");
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new ProbeOutcome(false, $"Get \"{url}\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or UriFormatException)
        {
            return new ProbeOutcome(false, $"Get \"{url}\": {Describe(exception, host, PortOf(get.Port, container))}");
        }
    }

    private async Task<ProbeOutcome> TcpAsync(string host, int port, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, _clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(host, port, both.Token);
            return new ProbeOutcome(true, "");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new ProbeOutcome(false, $"dial tcp {host}:{port}: i/o timeout");
        }
        catch (Exception exception) when (exception is SocketException or ArgumentOutOfRangeException)
        {
            return new ProbeOutcome(false, Describe(exception, host, port));
        }
    }

    private static void AddHeaders(HttpRequestMessage request, IReadOnlyList<HTTPHeader>? headers)
    {
        foreach (var header in headers ?? [])
        {
            if (header.Name.Equals("Host", StringComparison.OrdinalIgnoreCase))
            {
                request.Headers.Host = header.Value;
            }
            else
            {
                request.Headers.TryAddWithoutValidation(header.Name, header.Value);
            }
        }

        if (!request.Headers.Contains("User-Agent"))
        {
            request.Headers.TryAddWithoutValidation("User-Agent", "kube-probe/1.36");
        }

        if (!request.Headers.Contains("Accept"))
        {
            request.Headers.TryAddWithoutValidation("Accept", "*/*");
        }
    }

    private static async Task<string> BodyAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var bytes = new byte[BodyBytesMax];
        var read = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        return System.Text.Encoding.UTF8.GetString(bytes, 0, read);
    }

    private static string Describe(Exception exception, string host, int port)
    {
        var socket = exception as SocketException ?? exception.InnerException as SocketException;
        return socket?.SocketErrorCode switch
        {
            SocketError.ConnectionRefused => $"dial tcp {host}:{port}: connect: connection refused",
            SocketError.HostUnreachable => $"dial tcp {host}:{port}: connect: no route to host",
            SocketError.NetworkUnreachable => $"dial tcp {host}:{port}: connect: network is unreachable",
            SocketError.TimedOut => $"dial tcp {host}:{port}: i/o timeout",
            _ => exception.Message,
        };
    }
}
