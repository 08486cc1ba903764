using KubeAspire.ContainerRuntime;
using KubeAspire.NodeAgent.Pods;
using KubeAspire.Resources.Core;
using RuntimeState = KubeAspire.ContainerRuntime.ContainerState;

namespace KubeAspire.NodeAgent.Tests.Pods;

public sealed class PodPlannerTests
{
    // The table of pod phases and restart policies: what a policy makes of an end, and the phase that users see.
    public static TheoryData<string, string, int[], bool[], string> RestartPolicies => new()
    {
        // policy      case                          exit codes (-1 runs)  restarted         phase
        { "Always",    "only container exits 0",          [0],      [true],          "Running" },
        { "OnFailure", "only container exits 0",          [0],      [false],         "Succeeded" },
        { "Never",     "only container exits 0",          [0],      [false],         "Succeeded" },
        { "Always",    "only container exits non-zero",   [1],      [true],          "Running" },
        { "OnFailure", "only container exits non-zero",   [1],      [true],          "Running" },
        { "Never",     "only container exits non-zero",   [1],      [false],         "Failed" },
        { "Always",    "one of two exits non-zero",       [1, -1],  [true, false],   "Running" },
        { "OnFailure", "one of two exits non-zero",       [1, -1],  [true, false],   "Running" },
        { "Never",     "one of two exits non-zero",       [1, -1],  [false, false],  "Running" },
        { "Never",     "the second ends well",            [1, 0],   [false, false],  "Failed" },
        { "Never",     "both end well",                   [0, 0],   [false, false],  "Succeeded" },
        { "OnFailure", "one ends well, one badly",        [0, 2],   [false, true],   "Running" },
        { "Always",    "out of memory",                   [137],    [true],          "Running" },
        { "OnFailure", "out of memory",                   [137],    [true],          "Running" },
        { "Never",     "out of memory",                   [137],    [false],         "Failed" },
    };

    [Theory]
    [MemberData(nameof(RestartPolicies))]
    public void RestartPolicy_DecidesWhoRunsAgain_AndThePhase(string policy, string because, int[] codes, bool[] restarted, string phase)
    {
        string[] names = [.. codes.Select((_, index) => $"c{index}")];
        var pod = PodsOf.Pod(policy, names);
        var oom = because == "out of memory";
        var observed = ObservedPod.From([PodsOf.Sandbox(), .. codes.Select((code, index) => code < 0 ? PodsOf.Running(names[index]) : PodsOf.Exited(code, names[index], oom: oom))]);

        var plan = Plan(pod, observed);
        Assert.Equal(names.Where((_, index) => restarted[index]), plan.Start.Select(start => start.Spec.Name));
        Assert.All(plan.Start, start => Assert.Equal(1, start.Attempt));
        Assert.Empty(plan.Stop);

        var status = Status(pod, observed, plan);
        Assert.Equal(phase, status.Phase);
        if (oom)
        {
            Assert.Equal("OOMKilled", status.ContainerStatuses![0].State!.Terminated!.Reason);
        }
    }

    public static TheoryData<int, double, double, double?> Backoffs => new()
    {
        // quick restarts before, ran for s, ended s ago, wait left (null: starts now)
        { 0, 1, 0, null },
        { 1, 1, 0, 10 },
        { 1, 1, 9.999, 0.001 },
        { 1, 1, 10, null },
        { 2, 1, 0, 20 },
        { 3, 1, 0, 40 },
        { 4, 1, 0, 80 },
        { 5, 1, 0, 160 },
        { 6, 1, 0, 300 },
        { 60, 1, 0, 300 },
        { 6, 599.9, 0, 300 },
        { 6, 600, 0, null }, // It ran for ten minutes: the count starts over.
    };

    [Theory]
    [MemberData(nameof(Backoffs))]
    public void CrashLoop_WaitsTenSecondsDoublingToFiveMinutes(int backoff, double ran, double ago, double? left)
    {
        var plan = Plan(PodsOf.Pod(), ObservedPod.From([PodsOf.Sandbox(), PodsOf.Exited(1, attempt: 9, backoff: backoff, secondsAgo: ago, ranSeconds: ran)]));
        if (left is { } seconds)
        {
            Assert.Empty(plan.Start);
            Assert.Equal(PodsOf.Now.AddSeconds(seconds), plan.WakeAt!.Value, TimeSpan.FromMilliseconds(1));
            Assert.True(plan.BackedOff.ContainsKey("c"));
        }
        else
        {
            var start = Assert.Single(plan.Start);
            Assert.Equal((10, ran >= 600 ? 1 : backoff + 1), (start.Attempt, start.Backoff));
        }
    }

    [Fact]
    public void NewPod_GetsASandboxAndItsContainers()
    {
        var plan = Plan(PodsOf.Pod(containers: ["a", "b"]), ObservedPod.Empty);
        Assert.Equal(0, plan.NewSandbox);
        Assert.Equal(["a", "b"], plan.Start.Select(start => start.Spec.Name));
        Assert.All(plan.Start, start => Assert.Equal((0, 0), (start.Attempt, start.Backoff)));
    }

    [Fact]
    public void SettledPod_NeedsNothing()
    {
        var plan = Plan(PodsOf.Pod(), ObservedPod.From([PodsOf.Sandbox(), PodsOf.Running()]));
        Assert.Equal((null, null, false, null), (plan.NewSandbox, plan.SandboxToStart, plan.Terminal, plan.WakeAt));
        Assert.Empty(plan.Start);
        Assert.Empty(plan.Stop);
        Assert.Empty(plan.Remove);
    }

    [Fact]
    public void MadeButNotStarted_IsStartedAsItIs()
    {
        var plan = Plan(PodsOf.Pod(), ObservedPod.From([PodsOf.Sandbox(state: RuntimeState.Created), PodsOf.Created()]));
        Assert.Null(plan.NewSandbox);
        Assert.NotNull(plan.SandboxToStart);
        Assert.Equal("c-0", Assert.Single(plan.Start).Existing!.Id);
    }

    [Theory]
    [InlineData("Always", true)]
    [InlineData("OnFailure", true)]
    [InlineData("Never", false)]
    public void DeadSandbox_IsReplaced_UnlessThePodRunsOnlyOnce(string policy, bool replaced)
    {
        var plan = Plan(PodsOf.Pod(policy), ObservedPod.From([PodsOf.Sandbox(0, RuntimeState.Exited), PodsOf.Exited(137)]));
        Assert.Equal(replaced ? 1 : null, plan.NewSandbox);
        Assert.Equal(!replaced, plan.Terminal);
        Assert.Equal(replaced ? 1 : 0, plan.Start.Count);
        Assert.All(plan.Start, start => Assert.Equal(1, start.Attempt));
    }

    [Fact]
    public void ContainerThatOutlivedItsSandbox_IsStopped()
    {
        var plan = Plan(PodsOf.Pod(), ObservedPod.From([PodsOf.Sandbox(0, RuntimeState.Exited), PodsOf.Running()]));
        Assert.Equal("Pod sandbox changed, it will be killed and re-created.", Assert.Single(plan.Stop).Message);
    }

    [Fact]
    public void RemovedSandbox_IsFollowedByTheNextAttempt()
    {
        var plan = Plan(PodsOf.Pod(), ObservedPod.From([PodsOf.Exited(1, sandbox: 2)]));
        Assert.Equal(3, plan.NewSandbox);
    }

    [Theory]
    [InlineData("liveness", "Container c failed liveness probe, will be restarted")]
    [InlineData("startup", "Container c failed startup probe, will be restarted")]
    public void FailedProbe_StopsTheContainer(string failed, string message)
    {
        var plan = PodPlanner.Plan(PodsOf.Pod(), ObservedPod.From([PodsOf.Sandbox(), PodsOf.Running()]), _ => new ProbeView(true, true, failed), PodsOf.Now);
        Assert.Equal(message, Assert.Single(plan.Stop).Message);
    }

    [Fact]
    public void ContainerStoppedByItsProbe_RunsAgain_ThoughItEndedWell()
    {
        var ended = PodsOf.Exited(0);
        var plan = Plan(PodsOf.Pod("OnFailure"), ObservedPod.From([PodsOf.Sandbox(), ended], new HashSet<string> { ended.Id }));
        Assert.Single(plan.Start);
    }

    public static TheoryData<string, ContainerInfo[], string[], bool> InitCases => new()
    {
        // case                                   containers                                                             started          terminal
        { "first init first",                     [],                                                                    ["i1"],          false },
        { "waits while it runs",                  [PodsOf.Running("i1")],                                                [],              false },
        { "second after the first",               [PodsOf.Exited(0, "i1")],                                              ["i2"],          false },
        { "main after both",                      [PodsOf.Exited(0, "i1"), PodsOf.Exited(0, "i2")],                      ["c"],           false },
        { "a failed one again",                   [PodsOf.Exited(3, "i1")],                                              ["i1"],          false },
        { "not again once main ran",              [PodsOf.Exited(0, "i1"), PodsOf.Exited(0, "i2"), PodsOf.Running()],    [],              false },
        { "of an earlier sandbox does not count", [PodsOf.Exited(0, "i1", sandbox: 7)],                                  ["i1"],          false },
    };

    [Theory]
    [MemberData(nameof(InitCases))]
    public void InitContainers_RunInOrder(string because, ContainerInfo[] containers, string[] started, bool terminal)
    {
        var pod = PodsOf.Pod(init: [new Container { Name = "i1" }, new Container { Name = "i2" }]);
        var plan = Plan(pod, ObservedPod.From([PodsOf.Sandbox(), .. containers]));
        Assert.True(started.SequenceEqual(plan.Start.Select(start => start.Spec.Name)), $"{because}: {string.Join(' ', plan.Start.Select(start => start.Spec.Name))}");
        Assert.Equal(terminal, plan.Terminal);
    }

    [Fact]
    public void FailedInitContainer_OfAPodThatRunsOnce_IsTheEnd()
    {
        var pod = PodsOf.Pod("Never", init: [new Container { Name = "i1" }]);
        var observed = ObservedPod.From([PodsOf.Sandbox(), PodsOf.Exited(1, "i1")]);
        var plan = Plan(pod, observed);
        Assert.True(plan.Terminal);
        Assert.Equal("Failed", Status(pod, observed, plan).Phase);
    }

    [Fact]
    public void Sidecar_StartsFirst_LetsTheRestStartWhenStarted_AndStopsWithThem()
    {
        var pod = PodsOf.Pod("Never", init: [new Container { Name = "s", RestartPolicy = "Always" }]);
        Assert.Equal(["s"], Plan(pod, ObservedPod.From([PodsOf.Sandbox()])).Start.Select(start => start.Spec.Name));

        var waiting = PodPlanner.Plan(pod, ObservedPod.From([PodsOf.Sandbox(), PodsOf.Running("s")]), _ => new ProbeView(false, false, null), PodsOf.Now);
        Assert.Empty(waiting.Start);
        Assert.Equal(["c"], Plan(pod, ObservedPod.From([PodsOf.Sandbox(), PodsOf.Running("s")])).Start.Select(start => start.Spec.Name));
        Assert.Equal(["s"], Plan(pod, ObservedPod.From([PodsOf.Sandbox(), PodsOf.Exited(1, "s"), PodsOf.Running()])).Start.Select(start => start.Spec.Name));

        var ending = Plan(pod, ObservedPod.From([PodsOf.Sandbox(), PodsOf.Running("s"), PodsOf.Exited(0)]));
        Assert.True(ending.Terminal);
        Assert.Equal(["s"], ending.Stop.Select(stop => stop.Observed.Name));
    }

    [Fact]
    public void Garbage_LeavesTheNewestAndOneBefore()
    {
        var plan = Plan(PodsOf.Pod(), ObservedPod.From([PodsOf.Sandbox(), PodsOf.Running(attempt: 4), PodsOf.Exited(1, attempt: 3), PodsOf.Exited(1, attempt: 2), PodsOf.Exited(1, attempt: 1)]));
        Assert.Equal(["c-2", "c-1"], plan.Remove.Select(one => one.Id));
    }

    [Fact]
    public void EndedPod_StaysEnded()
    {
        var pod = PodsOf.Pod() with { Status = new PodStatus { Phase = "Failed" } };
        var plan = Plan(pod, ObservedPod.From([PodsOf.Sandbox(), PodsOf.Running()]));
        Assert.True(plan.Terminal);
        Assert.Single(plan.Stop);
        Assert.Empty(plan.Start);
    }

    [Fact]
    public void AnyWorld_SettlesOrWaits_WithoutEverRunningTwoOfOneName()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            Replay(seed);
        }
    }

    // Plays plans on a simple world: starts succeed, ends come by chance, time passes.
    private static void Replay(int seed)
    {
        var random = new Random(seed);
        var policy = random.GetItems<string>(["Always", "OnFailure", "Never"], 1)[0];
        var pod = PodsOf.Pod(policy, ["a", "b"], random.Next(2) == 0 ? null : [new Container { Name = "i" }]);
        var world = new List<ContainerInfo>();
        var attempts = new Dictionary<string, int>();
        for (var pass = 0; pass < 40; pass++)
        {
            var plan = Plan(pod, ObservedPod.From(world));
            if (plan.Stop.Count > 0)
            {
                world = [.. world.Select(one => plan.Stop.Any(stop => stop.Observed.Id == one.Id) ? Ended(one, random) : one)];
                continue; // The worker looks again after it stopped something.
            }

            if (plan.NewSandbox is { } sandbox)
            {
                world.RemoveAll(one => one.Labels[PodLabels.Kind] == PodLabels.KindSandbox);
                world.Add(PodsOf.Sandbox(sandbox));
            }

            foreach (var start in plan.Start)
            {
                Assert.False(attempts.TryGetValue(start.Spec.Name, out var last) && start.Attempt <= last, $"seed {seed}: {start.Spec.Name} attempt {start.Attempt} came again");
                attempts[start.Spec.Name] = start.Attempt;
                world.Add(PodsOf.Running(start.Spec.Name, start.Attempt, world.Where(one => one.Labels[PodLabels.Kind] == PodLabels.KindSandbox).Max(one => int.Parse(one.Labels[PodLabels.Attempt])), start.Backoff));
            }

            Assert.True(world.Where(one => one.State == RuntimeState.Running).GroupBy(one => one.Labels[PodLabels.ContainerName]).All(group => group.Count() == 1), $"seed {seed}: two at once");
            if (plan.Terminal)
            {
                Assert.True(policy != "Always", $"seed {seed}: a pod that always restarts ended");
                return;
            }

            var index = world.FindIndex(one => one.State == RuntimeState.Running && random.Next(3) == 0);
            if (index >= 0)
            {
                world[index] = Ended(world[index], random);
            }
        }
    }

    private static ContainerInfo Ended(ContainerInfo one, Random random) => one with
    {
        State = RuntimeState.Exited,
        ExitCode = random.Next(2),
        FinishedAt = PodsOf.Now.AddSeconds(-random.Next(0, 400)),
        StartedAt = PodsOf.Now.AddSeconds(-500),
    };

    private static PodPlan Plan(Pod pod, ObservedPod observed) => PodPlanner.Plan(pod, observed, _ => ProbeView.Healthy, PodsOf.Now);

    private static PodStatus Status(Pod pod, ObservedPod observed, PodPlan plan) => PodStatusBuilder.Build(new PodStatusInput
    {
        Pod = pod,
        Observed = observed,
        BackedOff = plan.BackedOff,
        Probe = _ => ProbeView.Healthy,
        PodIP = "10.0.0.1",
        HostIP = "10.0.0.2",
        Terminal = plan.Terminal,
        Now = PodsOf.Now,
    });
}
