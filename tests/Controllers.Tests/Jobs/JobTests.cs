using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Controllers.Jobs;
using KubeAspire.Controllers.Tests.World;
using KubeAspire.Resources.Batch;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.Tests.Jobs;

public sealed class JobTests
{
    private static readonly ObjectKey Key = new("default", "sum");

    private readonly TestWorld _world = TestWorld.Of(JobController.Create);

    private Job Current => _world.Api.Find<Job>("default", "sum")!;

    private IReadOnlyList<Pod> Pods => _world.Api.All<Pod>();

    [Fact]
    public async Task RunsAsManyAsMayWork_UntilEnoughSucceeded()
    {
        Seed(new JobSpec { Parallelism = 2, Completions = 3 });
        await _world.SettleAsync();
        Assert.Equal(2, Pods.Count);
        await EndAsync("Succeeded");
        Assert.Equal((2, 1), (Current.Status.Succeeded, Current.Status.Active));
        await EndAsync("Succeeded");

        Assert.Equal((3, null, 3), (Current.Status.Succeeded, Current.Status.Active, Pods.Count));
        Assert.Equal(["Complete", "SuccessCriteriaMet"], True());
        Assert.Equal(_world.Clock.GetUtcNow(), Current.Status.CompletionTime);
        Assert.All(Pods, pod => Assert.Empty(pod.Metadata.Finalizers ?? []));
        Assert.Null(Current.Status.UncountedTerminatedPods?.Succeeded);
        await _world.AssertSettledAsync((0, Key));
    }

    [Fact]
    public async Task FailedPods_AreReplacedEverMoreSlowly_UntilTheLimit()
    {
        Seed(new JobSpec { Parallelism = 1, Completions = 1, BackoffLimit = 1 });
        await _world.SettleAsync();
        await EndAsync("Failed");
        Assert.Equal((1, 1), (Pods.Count, Current.Status.Failed));
        await _world.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(2, Pods.Count);
        await EndAsync("Failed");

        Assert.Equal(2, Current.Status.Failed);
        Assert.Equal(["Failed", "FailureTarget"], True());
        Assert.Equal(("BackoffLimitExceeded", "Job has reached the specified backoff limit"), (Condition("Failed").Reason, Condition("Failed").Message));
        Assert.Contains(_world.Events.All, e => e.Reason == "BackoffLimitExceeded");
    }

    [Fact]
    public async Task AnIndexedJob_GivesEachIndexAPod()
    {
        Seed(new JobSpec { Parallelism = 3, Completions = 3, CompletionMode = "Indexed" });
        await _world.SettleAsync();
        Assert.Equal([0, 1, 2], Pods.Select(JobPods.IndexOf).Order());
        var pod = Pods.Single(pod => JobPods.IndexOf(pod) == 1);
        Assert.Equal(("sum-1", "JOB_COMPLETION_INDEX"), (pod.Spec.Hostname, pod.Spec.Containers[0].Env![0].Name));
        await EndAsync("Succeeded", pod => JobPods.IndexOf(pod) is 0 or 2);
        Assert.Equal(("0,2", 2), (Current.Status.CompletedIndexes, Current.Status.Succeeded));
        await EndAsync("Succeeded");
        Assert.Equal("0-2", Current.Status.CompletedIndexes);
        Assert.Contains("Complete", True());
    }

    [Fact]
    public async Task AnIndexThatFailsForGood_FailsTheJobAtItsEnd()
    {
        Seed(new JobSpec { Parallelism = 2, Completions = 2, CompletionMode = "Indexed", BackoffLimitPerIndex = 0, BackoffLimit = int.MaxValue });
        await _world.SettleAsync();
        await EndAsync("Failed", pod => JobPods.IndexOf(pod) == 1);
        Assert.Equal("1", Current.Status.FailedIndexes);
        await EndAsync("Succeeded", pod => JobPods.IndexOf(pod) == 0);
        Assert.Equal("FailedIndexes", Condition("Failed").Reason);
    }

    [Fact]
    public async Task PodFailurePolicy_FailsTheJobOrLooksAway()
    {
        var rules = new PodFailurePolicy
        {
            Rules =
            [
                new PodFailurePolicyRule { Action = "Ignore", OnPodConditions = [new PodFailurePolicyOnPodConditionsPattern { Type = "DisruptionTarget", Status = "True" }] },
                new PodFailurePolicyRule { Action = "FailJob", OnExitCodes = new PodFailurePolicyOnExitCodesRequirement { Operator = "In", Values = [42] } },
            ],
        };
        Seed(new JobSpec { Parallelism = 1, Completions = 1, BackoffLimit = 6, PodFailurePolicy = rules, PodReplacementPolicy = "Failed" });
        await _world.SettleAsync();
        await EndAsync("Failed", conditions: [new PodCondition { Type = "DisruptionTarget", Status = "True" }]);
        Assert.Null(Current.Status.Failed);
        Assert.Equal(2, Pods.Count);
        await EndAsync("Failed", exitCode: 42);

        Assert.Equal("PodFailurePolicy", Condition("Failed").Reason);
        Assert.Contains("failed with exit code 42 matching FailJob rule at index 1", Condition("Failed").Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ADeadline_EndsIt()
    {
        Seed(new JobSpec { Parallelism = 2, Completions = 5, ActiveDeadlineSeconds = 30 });
        await _world.SettleAsync();
        await _world.AdvanceAsync(TimeSpan.FromSeconds(30));
        await RemoveAsync();

        Assert.Equal("DeadlineExceeded", Condition("Failed").Reason);
        Assert.Empty(Pods);
    }

    [Fact]
    public async Task SuspendedJobs_HaveNoPods_UntilTheyAreResumed()
    {
        Seed(new JobSpec { Parallelism = 2, Completions = 2 });
        await _world.SettleAsync();
        await _world.Api.UpdateAsync(Current with { Spec = Current.Spec with { Suspend = true } }, default);
        await _world.SettleAsync();
        await RemoveAsync();
        Assert.Empty(Pods);
        Assert.Equal(("Suspended", null, null), (Assert.Single(True()), Current.Status.Failed, Current.Status.StartTime));
        await _world.Api.UpdateAsync(Current with { Spec = Current.Spec with { Suspend = false } }, default);
        await _world.SettleAsync();

        Assert.Equal(2, Pods.Count);
        Assert.Equal("JobResumed", Condition("Suspended").Reason);
        Assert.NotNull(Current.Status.StartTime);
    }

    [Fact]
    public async Task AFinishedJob_GoesWhenItsTimeIsOver()
    {
        Seed(new JobSpec { Parallelism = 1, Completions = 1, TtlSecondsAfterFinished = 60 });
        await _world.SettleAsync();
        await EndAsync("Succeeded");
        Assert.NotNull(Current);
        await _world.AdvanceAsync(TimeSpan.FromSeconds(60));

        Assert.True(_world.Api.Find<Job>("default", "sum") is null or { Metadata.DeletionTimestamp: not null });
    }

    [Fact]
    public async Task PodsOfADeletedJob_AreLetGo()
    {
        Seed(new JobSpec { Parallelism = 2, Completions = 2 });
        await _world.SettleAsync();
        await _world.Api.DeleteAsync<Job>("default", "sum", new DeleteOptions(), default);
        await _world.SettleAsync();

        Assert.All(Pods, pod => Assert.DoesNotContain(JobPods.Finalizer, pod.Metadata.Finalizers ?? []));
    }

    private List<string> True() => [.. (Current.Status.Conditions ?? []).Where(condition => condition.Status == "True").Select(condition => condition.Type).Order()];

    private JobCondition Condition(string type) => Current.Status.Conditions!.Single(condition => condition.Type == type);

    private void Seed(JobSpec spec) => _world.Api.Seed(new Job
    {
        Metadata = new ObjectMeta { Name = "sum", Namespace = "default", Uid = "uid-sum" },
        Spec = spec with
        {
            Selector = new LabelSelector { MatchLabels = Make.Web },
            Template = Make.Template() with { Spec = new PodSpec { RestartPolicy = "Never", Containers = [new Container { Name = "web", Image = "web:1" }] } },
        },
    });

    private async Task EndAsync(string phase, Func<Pod, bool>? which = null, int exitCode = 1, IReadOnlyList<PodCondition>? conditions = null)
    {
        foreach (var pod in Pods.Where(pod => pod.Status.Phase is not ("Succeeded" or "Failed") && (which?.Invoke(pod) ?? true)))
        {
            var ended = new ContainerStatus { Name = "web", State = new ContainerState { Terminated = new ContainerStateTerminated { ExitCode = phase == "Failed" ? exitCode : 0 } } };
            await _world.Api.UpdateStatusAsync(pod with { Status = new PodStatus { Phase = phase, ContainerStatuses = [ended], Conditions = conditions } }, default);
        }

        await _world.SettleAsync();
    }

    // What the node does with pods that are to go.
    private async Task RemoveAsync()
    {
        foreach (var pod in Pods.Where(pod => pod.Metadata.DeletionTimestamp is not null))
        {
            await _world.Api.DeleteAsync<Pod>("default", pod.Metadata.Name!, new DeleteOptions { GracePeriodSeconds = 0 }, default);
        }

        await _world.SettleAsync();
    }
}
