using System.Diagnostics;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ControllerRuntime.Queue;
using Microsoft.Extensions.Logging;

namespace KubeAspire.ControllerRuntime.Reconciling;

/// <summary>One controller's workers, for as long as this process leads.</summary>
internal sealed class ControllerRun(Controller controller, TimeProvider clock, ILogger logger)
{
    private long _pass;

    /// <summary>Runs the workers until cancelled, or until the queue is shut down and drained.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // A worker lives long: whatever trace happened to be current when the host started is none of its passes' business.
        Task running;
        using (ExecutionContext.SuppressFlow())
        {
            running = Task.Run(() => StartAsync(cancellationToken), CancellationToken.None);
        }

        await running;
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (controller.WhenReady is { } ready)
            {
                await ready(cancellationToken);
            }

            logger.ControllerStarted(controller.Name, controller.Workers);
            ReconcileInstruments.Workers(controller.Name, controller.Workers);
            await Task.WhenAll(Enumerable.Range(0, controller.Workers).Select(_ => WorkAsync(cancellationToken)));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The term ends.
        }
        finally
        {
            ReconcileInstruments.Workers(controller.Name, 0);
            logger.ControllerStopped(controller.Name);
        }
    }

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        while (await controller.Queue.TakeAsync(cancellationToken) is { } item)
        {
            try
            {
                await PassAsync(item, cancellationToken);
            }
            finally
            {
                controller.Queue.Complete(item.Key);
            }
        }
    }

    private async Task PassAsync(WorkItem item, CancellationToken cancellationToken)
    {
        var pass = Interlocked.Increment(ref _pass);
        using var scope = logger.BeginScope(
            new KeyValuePair<string, object>[] { new("Controller", controller.Name), new("Key", item.Key.ToString()), new("Pass", pass) });
        using var activity = ReconcileInstruments.Source.StartActivity($"reconcile {controller.Kind}", ActivityKind.Internal, item.Cause);
        activity?.SetTag("k8s.namespace.name", item.Key.Namespace).SetTag("kubeaspire.object.name", item.Key.Name)
            .SetTag("kubeaspire.controller", controller.Name).SetTag("kubeaspire.pass", pass);
        using var timeout = new CancellationTokenSource(controller.PassTimeout, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        var started = clock.GetTimestamp();
        ReconcileInstruments.Active(controller.Name, 1);
        try
        {
            Settle(item, await controller.Reconciler.ReconcileAsync(item.Key, both.Token), activity, started);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The pass was cut short; the next leader, or the next term, begins it anew.
            controller.Queue.Add(item.Key, item.Cause);
            throw;
        }
#pragma warning disable CA1031 // One poisoned object never stops the others.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            logger.PassThrew(controller.Name, item.Key, controller.Queue.FailuresOf(item.Key), exception);
            activity?.SetStatus(ActivityStatusCode.Error, exception.Message).AddException(exception);
            controller.Queue.AddRateLimited(item.Key);
            ReconcileInstruments.Reconciled(controller.Name, "error", clock.GetElapsedTime(started));
        }
        finally
        {
            ReconcileInstruments.Active(controller.Name, -1);
        }
    }

    private void Settle(WorkItem item, ReconcileResult result, Activity? activity, long started)
    {
        var outcome = "success";
        if (result.Error is { } error)
        {
            var conflict = error.Reason == ApiErrorReason.Conflict;
            if (conflict)
            {
                // A lost write race: the watch brings the winner's version, and the next pass starts from it.
                logger.PassConflicted(controller.Name, item.Key, error.Message);
            }
            else
            {
                logger.PassRefused(controller.Name, item.Key, controller.Queue.FailuresOf(item.Key), error.Reason, error.Message);
                activity?.SetStatus(ActivityStatusCode.Error, error.Message);
            }

            controller.Queue.AddRateLimited(item.Key);
            outcome = conflict ? "requeue" : "error";
        }
        else
        {
            controller.Queue.Forget(item.Key);
            if (result.Delay is { } delay)
            {
                controller.Queue.AddAfter(item.Key, delay);
                outcome = "requeue_after";
            }
        }

        ReconcileInstruments.Reconciled(controller.Name, outcome, clock.GetElapsedTime(started));
    }
}
