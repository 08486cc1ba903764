using System.Diagnostics;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client.Events;
using KubeAspire.Scheduler.Cache;
using KubeAspire.Scheduler.Explain;
using KubeAspire.Scheduler.Framework;
using KubeAspire.Scheduler.Queue;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Scheduler;

/// <summary>Schedules one pod after another: decides on this thread, writes in the background.</summary>
internal sealed class PodScheduler(
    SchedulingAlgorithm algorithm, SchedulingProfile profile, SchedulerCache cache, ClusterSnapshot snapshot, SchedulingQueue queue, ClusterFeed feed, SpreadSelectors spread,
    PodWrites writes, DecisionMemory memory, IEventRecorder events, SchedulerOptions options, TimeProvider clock, ILogger logger) : IDisposable
{
    private readonly SemaphoreSlim _writing = new(options.WritesInFlight);

    /// <summary>Runs until cancelled; writes that are under way are waited for.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Activity.Current = null;
        var held = 0;
        try
        {
            while (true)
            {
                // Room for the write comes first: a decision that cannot be written down soon is made on old ground.
                await _writing.WaitAsync(cancellationToken);
                held = 1;
                var pod = await TakeAsync(cancellationToken);
                held = 0;
                if (!ScheduleOne(pod, cancellationToken))
                {
                    _writing.Release();
                }
            }
        }
        finally
        {
            for (var i = held; i < options.WritesInFlight; i++)
            {
                await _writing.WaitAsync(CancellationToken.None);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _writing.Dispose();

    private async Task<QueuedPod> TakeAsync(CancellationToken cancellationToken)
    {
        var pod = await queue.TakeAsync(cancellationToken);
        SchedulerInstruments.Pending(queue.Counts);
        return pod;
    }

    /// <summary>Decides about a pod.</summary>
    /// <returns>Whether a write goes on in the background, which gives back its room.</returns>
    private bool ScheduleOne(QueuedPod queued, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        var activity = SchedulerInstruments.Start(queued.Pod);
        try
        {
            var pod = new PodInfo(queued.Pod, spread.For(queued.Pod));

            // The last binding got no answer, and the watch has had the whole back-off to show it: it did not happen.
            cache.Forget(pod.Uid);
            cache.Update(snapshot);
            var decision = algorithm.Decide(pod, snapshot);
            memory.Remember(new ExplainedDecision(decision, pod.Uid, clock.GetUtcNow(), queued.Attempts));
            SchedulerInstruments.Decided(activity, decision);
            if (decision.Node is null)
            {
                _ = FailAsync(queued, decision, activity, started, cancellationToken);
                return true;
            }

            if (!cache.Assume(pod, decision.Node))
            {
                // The watch has just shown it bound: nothing is left to do.
                logger.AlreadyPlaced(pod.Key);
                activity?.Dispose();
                return false;
            }

            _ = BindAsync(queued, pod, decision, activity, started, cancellationToken);
            return true;
        }
#pragma warning disable CA1031 // One pod that a plugin cannot cope with must not stop the others.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            logger.SchedulingThrew(queued.Key, queued.Attempts, exception);
            activity?.SetStatus(ActivityStatusCode.Error, exception.Message).Dispose();
            SchedulerInstruments.Attempted("error", clock.GetElapsedTime(started));
            queue.ReturnForRetry(queued);
            return false;
        }
        finally
        {
            Activity.Current = null;
        }
    }

    private async Task BindAsync(
        QueuedPod queued, PodInfo pod, SchedulingDecision decision, Activity? activity, long started, CancellationToken cancellationToken)
    {
        try
        {
            var error = await writes.BindAsync(pod.Pod, decision.Node!, cancellationToken);
            if (error is null)
            {
                cache.FinishBinding(pod.Uid);
                events.Record(pod.Pod, EventTypes.Normal, "Scheduled", $"Successfully assigned {pod.Key} to {decision.Node}");
                logger.Bound(pod.Key, decision.Node!, decision.CheckedNodes, decision.FeasibleNodes);
                SchedulerInstruments.Attempted("scheduled", clock.GetElapsedTime(started));
                SchedulerInstruments.Scheduled(queued.Attempts, clock.GetUtcNow() - queued.FirstAddedAt);
                return;
            }

            NotBound(queued, pod, decision, error);
            activity?.SetStatus(ActivityStatusCode.Error, error.Message);
            SchedulerInstruments.Attempted("error", clock.GetElapsedTime(started));
        }
#pragma warning disable CA1031 // No answer: whether it is bound, the watch will say.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            activity?.SetStatus(ActivityStatusCode.Error, exception.Message);
            queue.ReturnForRetry(queued); // Still assumed: its room is not given away before it is known.
            if (!cancellationToken.IsCancellationRequested)
            {
                logger.BindingUnanswered(pod.Key, decision.Node!, exception.GetBaseException().Message);
                SchedulerInstruments.Attempted("error", clock.GetElapsedTime(started));
            }
        }
        finally
        {
            activity?.Dispose();
            _writing.Release();
        }
    }

    private void NotBound(QueuedPod queued, PodInfo pod, SchedulingDecision decision, ApiError error)
    {
        logger.BindingRefused(pod.Key, decision.Node!, error.Reason, error.Message);
        if (error.Code >= 500)
        {
            queue.ReturnForRetry(queued); // It may have happened all the same; as with no answer at all.
            return;
        }

        cache.Forget(pod.Uid);
        queue.Wake(ClusterEvents.PodGone); // Its room is free again.
        if (error.Reason == ApiErrorReason.NotFound && error.Kind is null or "pods" or "Pod")
        {
            queue.Remove(pod.Key);
            return;
        }

        if (error.Reason != ApiErrorReason.Conflict)
        {
            events.Record(pod.Pod, EventTypes.Warning, "FailedScheduling", $"binding rejected: {error.Message}");
        }

        queue.ReturnForRetry(queued);
    }

    private async Task FailAsync(QueuedPod queued, SchedulingDecision decision, Activity? activity, long started, CancellationToken cancellationToken)
    {
        try
        {
            // First the queue: a change that comes while the condition is written must find the pod waiting.
            queue.ReturnUnschedulable(queued, decision.AllNodes == 0 ? ClusterEvents.NodeAdded : profile.WakesOn(decision.RejectedBy));
            logger.Unschedulable(queued.Key, queued.Attempts, decision.Message);
            events.Record(queued.Pod, EventTypes.Warning, "FailedScheduling", decision.MessageByNode(options.NodesInEvent));
            SchedulerInstruments.Attempted("unschedulable", clock.GetElapsedTime(started));
            var shown = feed.Find(queued.Key) is { } latest && latest.Metadata.Uid == queued.Pod.Metadata.Uid ? latest : queued.Pod;
            if (await writes.MarkUnschedulableAsync(shown, decision.Message, cancellationToken) is { Reason: not ApiErrorReason.NotFound } error)
            {
                logger.ConditionRefused(queued.Key, error.Reason, error.Message);
            }
        }
#pragma warning disable CA1031 // The condition is for people; the next attempt writes it again.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            if (!cancellationToken.IsCancellationRequested)
            {
                logger.ConditionRefused(queued.Key, ApiErrorReason.Unknown, exception.GetBaseException().Message);
            }
        }
        finally
        {
            activity?.Dispose();
            _writing.Release();
        }
    }
}
