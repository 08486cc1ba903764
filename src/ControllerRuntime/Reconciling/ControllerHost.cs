using KubeAspire.ControllerRuntime.Leadership;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace KubeAspire.ControllerRuntime.Reconciling;

/// <summary>Runs controllers while this process leads, and again whenever it leads again.</summary>
/// <remarks>
/// Handlers fill the queues whether or not this process leads, so a new leader finds every key waiting. When leadership is lost,
/// running passes are cancelled and awaited before it is asked for again.
/// </remarks>
/// <param name="work">What leadership is asked for, such as <c>kube-controller-manager</c>.</param>
/// <param name="controllers">The controllers.</param>
/// <param name="leadership">Says whether the work runs here.</param>
/// <param name="clock">The clock.</param>
/// <param name="logger">Hears what goes wrong.</param>
public sealed class ControllerHost(
    string work, IEnumerable<Controller> controllers, ILeadership leadership, TimeProvider clock, ILogger<ControllerHost> logger) : BackgroundService
{
    /// <summary>Wait before leadership is asked for again where asking failed. 2 s, client-go's RetryPeriod.</summary>
    public static readonly TimeSpan LeadershipRetry = TimeSpan.FromSeconds(2);

    private readonly Controller[] _controllers = [.. controllers];

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var leading = await leadership.AcquireAsync(work, cancellationToken);
                logger.LeadershipGained(work);
                using var term = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, leading);
                await RunTermAsync(term.Token);
                logger.LeadershipLost(work);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // Whatever the engine throws, the controllers must come back.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                logger.LeadershipFailed(work, exception);
                await Task.Delay(LeadershipRetry, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => RunAsync(stoppingToken);

    private async Task RunTermAsync(CancellationToken cancellationToken)
    {
        var running = _controllers.Select(controller => new ControllerRun(controller, clock, logger).RunAsync(cancellationToken)).ToArray();
        await Task.WhenAll(running);
    }
}
