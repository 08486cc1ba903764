using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Batch;
using KubeAspire.Resources.Core;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.Jobs;

/// <summary>Wires the job controller to its watches.</summary>
internal static class JobController
{
    public static Controller Create(ControllerContext context)
    {
        var queue = new WorkQueue("job", context.Clock);
        var jobs = context.Informers.For<Job>();
        var pods = context.Informers.For<Pod>();
        var expectations = new Expectations(context.Clock);
        jobs.AddHandler((before, after) =>
        {
            var shown = (after ?? before)!;
            if (after is null || (before is not null && before.Metadata.Uid != after.Metadata.Uid))
            {
                expectations.Forget(ObjectKey.Of(shown));
            }

            queue.Add(ObjectKey.Of(shown), Tracing.ContextOf(shown));
        });
        pods.AddHandler((before, after) => OnPod(jobs, expectations, queue, before, after));
        var reconciler = new JobReconciler(
            context.Client, jobs, pods, expectations, new JobBackoff(context.Clock), context.RecorderOf("job-controller"), context.Clock, context.Loggers.CreateLogger<JobReconciler>());
        return new Controller("job", "Job", reconciler, queue) { WhenReady = context.Informers.WhenSyncedAsync };
    }

    private static void OnPod(IInformer<Job> jobs, Expectations expectations, WorkQueue queue, Pod? before, Pod? after)
    {
        var pod = (after ?? before)!;
        if (Owners.ControllerOf(pod.Metadata) is { } owner)
        {
            if (!Owners.Names(owner, Job.ResourceType))
            {
                return;
            }

            var key = new ObjectKey(pod.Metadata.Namespace ?? "", owner.Name);
            if (before is null && after is not null)
            {
                expectations.CreationSeen(key);
            }

            if (after?.Metadata.DeletionTimestamp is not null || after is null)
            {
                expectations.DeletionSeen(key, pod.Metadata.Uid);
            }

            queue.Add(key, Tracing.ContextOf(pod));
            return;
        }

        foreach (var job in after is null ? [] : jobs.List(pod.Metadata.Namespace))
        {
            if (job.Spec.Selector is { } selector && KubeAspire.Resources.Kinds.LabelsExtensions.Matches(selector, after!.Metadata.Labels))
            {
                queue.Add(ObjectKey.Of(job));
            }
        }
    }
}
