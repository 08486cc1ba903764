using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Controllers.CronJobs;
using KubeAspire.Controllers.Tests.World;
using KubeAspire.Resources.Batch;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.Tests.CronJobs;

public sealed class CronJobTests
{
    private readonly TestWorld _world = TestWorld.Of(CronJobReconciler.Create);

    private CronJob Current => _world.Api.Find<CronJob>("default", "tick")!;

    private IReadOnlyList<Job> Jobs => _world.Api.All<Job>();

    [Fact]
    public async Task AJobIsMade_WheneverTheScheduleComesRound()
    {
        Seed(new CronJobSpec());
        await _world.SettleAsync();
        Assert.Empty(Jobs);
        await NextMinuteAsync();
        var job = Assert.Single(Jobs);
        Assert.Equal(("tick", $"tick-{Current.Status.LastScheduleTime!.Value.ToUnixTimeSeconds() / 60}"), (job.Metadata.OwnerReferences![0].Name, job.Metadata.Name));
        Assert.Equal(job.Metadata.Name, Assert.Single(Current.Status.Active!).Name);
        await NextMinuteAsync();
        Assert.Equal(2, Jobs.Count);
    }

    [Theory]
    [InlineData("Forbid", 1, "JobAlreadyActive")]
    [InlineData("Replace", 1, "SuccessfulDelete")]
    [InlineData("Allow", 2, "SuccessfulCreate")]
    public async Task WhatBecomesOfAJobThatStillRuns(string policy, int jobs, string reason)
    {
        Seed(new CronJobSpec { ConcurrencyPolicy = policy });
        await _world.SettleAsync();
        await NextMinuteAsync();
        var first = Assert.Single(Jobs).Metadata.Name;
        await NextMinuteAsync();

        Assert.Equal(jobs, Jobs.Count);
        Assert.Equal(policy != "Replace", Jobs.Any(job => job.Metadata.Name == first));
        Assert.Contains(_world.Events.All, e => e.Reason == reason);
    }

    [Fact]
    public async Task History_IsKeptShort()
    {
        Seed(new CronJobSpec { SuccessfulJobsHistoryLimit = 1, FailedJobsHistoryLimit = 0 });
        await _world.SettleAsync();
        foreach (var ended in new[] { "Complete", "Failed", "Complete" })
        {
            await NextMinuteAsync();
            var running = Jobs.Single(job => job.Status.Conditions is null);
            var now = _world.Clock.GetUtcNow();
            await _world.Api.UpdateStatusAsync(running with { Status = new JobStatus { StartTime = now, CompletionTime = ended == "Complete" ? now : null, Conditions = [new JobCondition { Type = ended, Status = "True" }] } }, default);
            await _world.SettleAsync();
        }

        Assert.Equal("Complete", Assert.Single(Jobs).Status.Conditions![0].Type);
        Assert.Null(Current.Status.Active);
        Assert.Equal(_world.Clock.GetUtcNow(), Current.Status.LastSuccessfulTime);
    }

    [Fact]
    public async Task WhileSuspended_NothingIsMade()
    {
        Seed(new CronJobSpec { Suspend = true });
        await _world.SettleAsync();
        await NextMinuteAsync();
        Assert.Empty(Jobs);
    }

    [Fact]
    public async Task AfterALongSilence_OnlyTheLastTimeIsMadeGood()
    {
        Seed(new CronJobSpec());
        _world.Clock.Advance(TimeSpan.FromDays(3));
        await _world.SettleAsync();

        var job = Assert.Single(Jobs);
        Assert.True(_world.Clock.GetUtcNow() - Current.Status.LastScheduleTime!.Value < TimeSpan.FromMinutes(1));
        Assert.Contains(_world.Events.All, e => e.Reason == "TooManyMissedTimes");
        Assert.NotNull(job.Metadata.Annotations![CronJobPlanner.ScheduledAnnotation]);
    }

    [Fact]
    public async Task ATimeMissedByMoreThanItsDeadline_IsGivenUp()
    {
        Seed(new CronJobSpec { Schedule = "0 0 1 1 *", StartingDeadlineSeconds = 30 });
        _world.Clock.Advance(TimeSpan.FromDays(400));
        await _world.SettleAsync();
        Assert.Empty(Jobs);
    }

    private void Seed(CronJobSpec spec) => _world.Api.Seed(new CronJob
    {
        Metadata = new ObjectMeta { Name = "tick", Namespace = "default", Uid = "uid-tick", CreationTimestamp = _world.Clock.GetUtcNow() },
        Spec = spec with { Schedule = string.IsNullOrEmpty(spec.Schedule) ? "* * * * *" : spec.Schedule, JobTemplate = new JobTemplateSpec { Spec = new JobSpec { Template = Make.Template() } } },
    });

    private Task NextMinuteAsync() => _world.AdvanceAsync(TimeSpan.FromSeconds(61));
}
