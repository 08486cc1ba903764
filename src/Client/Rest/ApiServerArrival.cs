using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.Client.Rest;

/// <summary>
/// Waits for the control plane at the start of a component that is started along with it: until the kubeconfig is there, and then until a
/// server accepts connections. The server writes the file before it listens, so what is read after this is not an earlier start's.
/// </summary>
public static class ApiServerArrival
{
    /// <summary>How long the file may take to appear. 60 s: then the attempt to read it says what is missing.</summary>
    public static readonly TimeSpan FilePatience = TimeSpan.FromSeconds(60);

    /// <summary>How long a server may take to accept a connection once there is a file. 10 s: then the component starts, and asks as after any other outage.</summary>
    public static readonly TimeSpan ServerPatience = TimeSpan.FromSeconds(10);

    /// <summary>Shortest pause between two looks, and longest attempt to connect at a time. 20 ms and 500 ms.</summary>
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20), s_connect = TimeSpan.FromMilliseconds(500);

    /// <summary>A pause is this part of the time waited so far, where that is longer: a 16th.</summary>
    private const int PausePart = 16;

    /// <summary>Waits.</summary>
    /// <param name="path">The kubeconfig.</param>
    /// <param name="configuration">Names further servers, as for <see cref="ApiServerSet.From"/>.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="logger">Hears what is waited for.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task WaitAsync(string path, IConfiguration configuration, TimeProvider clock, ILogger logger, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        if (!File.Exists(path))
        {
            logger.WaitingForKubeconfig(path);
            while (!File.Exists(path) && clock.GetElapsedTime(started) < FilePatience)
            {
                await PauseAsync(started, clock, cancellationToken);
            }
        }

        started = clock.GetTimestamp();
        while (File.Exists(path) && !await AnyAcceptsAsync(path, configuration, cancellationToken) && clock.GetElapsedTime(started) < ServerPatience)
        {
            await PauseAsync(started, clock, cancellationToken);
        }
    }

    private static Task PauseAsync(long started, TimeProvider clock, CancellationToken cancellationToken)
    {
        var part = clock.GetElapsedTime(started) / PausePart;
        return Task.Delay(part > s_pause ? part : s_pause, clock, cancellationToken);
    }

    // The file is read each time: the server may replace it before it listens.
    private static async Task<bool> AnyAcceptsAsync(string path, IConfiguration configuration, CancellationToken cancellationToken)
    {
        try
        {
            var servers = ApiServerSet.From(KubeconfigLoader.Load(path), configuration, NullLogger<ApiServerSet>.Instance).All;
            foreach (var server in servers)
            {
                if (await AcceptsAsync(server, cancellationToken))
                {
                    return true;
                }
            }

            return false;
        }
        catch (KubeconfigException)
        {
            return false;
        }
    }

    private static async Task<bool> AcceptsAsync(Uri server, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_connect);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(server.Host, server.Port, limit.Token);
            return true;
        }
        catch (Exception error) when (error is SocketException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }
}
