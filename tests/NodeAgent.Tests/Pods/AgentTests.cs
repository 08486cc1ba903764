using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.ContainerRuntime;
using KubeAspire.ContainerRuntime.Pause;
using KubeAspire.NodeAgent.Pods;
using KubeAspire.Resources.Coordination;
using KubeAspire.Resources.Core;
using KubeAspire.Testing;
using KubeAspire.Testing.Runtime;
using RuntimeState = KubeAspire.ContainerRuntime.ContainerState;

namespace KubeAspire.NodeAgent.Tests.Pods;

/// <summary>The whole agent over fakes: the clock and the runtime do what the test says.</summary>
public sealed class AgentTests : IAsyncLifetime
{
    private readonly ManualClock _clock = new();
    private readonly FakeContainerRuntime _runtime;
    private readonly AgentHarness _agent;

    public AgentTests()
    {
        _runtime = new FakeContainerRuntime(_clock);
        _runtime.AddImage("shell:1");
        _runtime.AddImage(PauseProgram.Image);
        _agent = new AgentHarness(_runtime, _clock);
    }

    public async ValueTask InitializeAsync() => await _agent.StartAsync();

    public ValueTask DisposeAsync() => _agent.DisposeAsync();

    [Fact]
    public async Task Node_IsRegisteredReadyAndLeased()
    {
        await _agent.Until(() => Node().Status.Conditions?.Any(one => one is { Type: "Ready", Status: "True", Reason: "KubeletReady" }) == true, "node ready");
        await _agent.Until(() => _agent.Api.Find<Lease>("kube-node-lease", _agent.NodeName)?.Spec.LeaseDurationSeconds == 40, "lease");
        Assert.Equal(_agent.NodeName, Node().Metadata.Labels!["kubernetes.io/hostname"]);
        Assert.Equal(["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"], Node().Status.Conditions!.Select(one => one.Type));
        Assert.True(Node().Status.Allocatable!["memory"].Value < Node().Status.Capacity!["memory"].Value);
        Assert.Contains(Node().Status.Addresses!, one => one is { Type: "InternalIP", Address: "127.0.0.1" });
    }

    [Fact]
    public async Task Lease_IsRenewedEveryTenSeconds()
    {
        await _agent.Until(() => Lease() is not null, "lease");
        var first = Lease()!.Spec.RenewTime;
        await _agent.Until(
            () =>
            {
                _clock.Advance(TimeSpan.FromSeconds(1));
                return Lease()!.Spec.RenewTime > first;
            },
            "renewal");
        Assert.True(Lease()!.Spec.RenewTime - first >= TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Pod_RunsWithAddressLabelsAndEvents()
    {
        _agent.Add("web", new PodSpec { Containers = [new Container { Name = "c", Image = "shell:1", Env = [new EnvVar { Name = "A", Value = "b" }] }] });
        await _agent.UntilReady("web");

        var pod = _agent.Pod("web")!;
        Assert.Equal(("Running", "10.250.90.2"), (pod.Status.Phase, pod.Status.PodIP));
        var spec = _runtime.SpecOf(PodLabels.NameOf(pod, "c", 0));
        Assert.Contains("A=b", spec.Environment);
        Assert.Contains(spec.Mounts, mount => mount.Target == "/etc/resolv.conf");
        Assert.Contains(spec.Mounts, mount => mount.Target == "/dev/termination-log");
        Assert.Equal(_agent.NodeName, spec.Labels[PodLabels.Node]);
        Assert.Equal(["Pulled", "Created", "Started"], _agent.Events.All.Where(one => one.About.Kind == "Pod").Select(one => one.Reason));
    }

    [Fact]
    public async Task Deleted_LeavesNothing()
    {
        var pod = _agent.Add("web", OneContainer());
        await _agent.UntilReady("web");
        await _agent.Api.DeleteAsync<Pod>("default", "web", new DeleteOptions { GracePeriodSeconds = 0 }, default);
        await _agent.Until(() => _runtime.All.Count == 0, "containers gone");
        await _agent.Until(() => !Directory.Exists(Path.Combine(_agent.State, "pods", pod.Metadata.Uid!)), "directory gone");

        // Its address is free again, but goes to the end of the queue.
        _agent.Add("next", OneContainer());
        await _agent.UntilReady("next");
        Assert.Equal("10.250.90.3", _agent.Pod("next")!.Status.PodIP);
    }

    [Fact]
    public async Task CrashingContainer_RestartsAtOnceThenAfterTenSeconds()
    {
        _agent.Add("web", OneContainer());
        await _agent.UntilReady("web");
        _runtime.Exit(Name("web", 0), 1);
        await _agent.Until(() => _runtime.All.Any(one => one.Name == Name("web", 1) && one.State == RuntimeState.Running), "first restart");
        _runtime.Exit(Name("web", 1), 1);
        await _agent.Until(() => Container("web").State?.Waiting?.Reason == "CrashLoopBackOff", "back-off");
        Assert.Equal((1, 1), (Container("web").RestartCount, Container("web").LastState!.Terminated!.ExitCode));
        Assert.DoesNotContain(_runtime.All, one => one.Name == Name("web", 2));

        await _agent.Until(
            () =>
            {
                _clock.Advance(TimeSpan.FromSeconds(1));
                return _runtime.All.Any(one => one.Name == Name("web", 2));
            },
            "second restart");
        await _agent.Until(() => Container("web").RestartCount == 2, "count");
    }

    [Fact]
    public async Task WaitingPods_CostNothing()
    {
        _agent.Add("settled", OneContainer());
        _agent.Add("refused", new PodSpec { Containers = [new Container { Name = "c", Image = "nowhere:1", ImagePullPolicy = "Never" }] });
        _agent.Add("web", OneContainer());
        await _agent.UntilReady("settled");
        await _agent.UntilReady("web");
        _runtime.Exit(Name("web", 0), 1);
        await _agent.Until(() => _runtime.All.Any(one => one.Name == Name("web", 1) && one.State == RuntimeState.Running), "first restart");
        _runtime.Exit(Name("web", 1), 1);
        await _agent.Until(() => Container("web").State?.Waiting?.Reason == "CrashLoopBackOff", "back-off");
        await _agent.Until(() => Container("refused").State?.Waiting?.Reason == "ErrImageNeverPull", "refusal");

        // Nothing is looked at again while the clock stands still: passes that are under way end, no more begin.
        var calls = -1;
        await _agent.Until(
            () =>
            {
                var before = calls;
                calls = _runtime.Calls.Count;
                return before == calls;
            },
            "rest");
        await Task.Delay(TimeSpan.FromMilliseconds(150), TimeProvider.System);
        Assert.True(_runtime.Calls.Count - calls <= 2, $"{_runtime.Calls.Count - calls} calls of the runtime while everything waits");
    }

    [Fact]
    public async Task AgentRestart_AdoptsWithoutARestart()
    {
        _agent.Add("web", OneContainer());
        await _agent.UntilReady("web");
        var before = _runtime.All.Select(one => (one.Id, one.StartedAt, one.State)).ToList();
        for (var i = 0; i < 5; i++)
        {
            await _agent.StopAsync();
            await _agent.StartAsync();
            await _agent.Until(() => _agent.Services.GetType() is not null && _runtime.Calls.Count > 0, "start");
        }

        // A pod added now is served only after the old one was looked at.
        _agent.Add("second", OneContainer());
        await _agent.UntilReady("second");
        Assert.Equal(before, _runtime.All.Take(before.Count).Select(one => (one.Id, one.StartedAt, one.State)));
        Assert.Equal(0, Container("web").RestartCount);
        Assert.NotEqual(_agent.Pod("web")!.Status.PodIP, _agent.Pod("second")!.Status.PodIP);
    }

    [Fact]
    public async Task PodDeletedWhileTheAgentWasAway_IsCleanedUp()
    {
        _agent.Add("web", OneContainer());
        await _agent.UntilReady("web");
        await _agent.StopAsync();
        await _agent.Api.DeleteAsync<Pod>("default", "web", new DeleteOptions { GracePeriodSeconds = 0 }, default);
        await _agent.StartAsync();
        await _agent.Until(() => _runtime.All.Count == 0, "orphans gone");
        await _agent.Until(() => !Directory.EnumerateDirectories(Path.Combine(_agent.State, "pods")).Any(), "directories gone");
    }

    // The answer of every call of the runtime is lost once, after it took effect and before.
    [Theory]
    [InlineData("create", true)]
    [InlineData("create", false)]
    [InlineData("start", true)]
    [InlineData("start", false)]
    [InlineData("list", false)]
    [InlineData("inspect-image", false)]
    public async Task LostAnswer_LeavesOneOfEach(string call, bool afterwards)
    {
        await _agent.Until(() => Node().Status.Conditions?.Any(one => one is { Type: "Ready", Status: "True" }) == true, "node ready");
        _runtime.FailNext(call, new RuntimeError(RuntimeErrorKind.Unavailable, "answer lost"), afterwards);
        _agent.Add("web", OneContainer());
        await _agent.Until(
            () =>
            {
                _clock.Advance(TimeSpan.FromSeconds(1));
                return _agent.Pod("web")?.Status.Conditions?.Any(one => one is { Type: "Ready", Status: "True" }) == true;
            },
            "ready in spite of it");
        Assert.Equal(2, _runtime.All.Count(one => one.State == RuntimeState.Running));
        Assert.Equal(2, _runtime.All.Count);
    }

    [Fact]
    public async Task MissingConfigMap_IsToldAndHealsWhenItComes()
    {
        _agent.Add("web", new PodSpec
        {
            Containers = [new Container { Name = "c", Image = "shell:1", Env = [new EnvVar { Name = "A", ValueFrom = new() { ConfigMapKeyRef = new() { Name = "cm", Key = "k" } } }] }],
        });
        await _agent.Until(() => Container("web")?.State?.Waiting is { Reason: "CreateContainerConfigError", Message: "configmap \"cm\" not found" }, "the reason");
        _agent.Api.Seed(new ConfigMap { Metadata = new ObjectMeta { Name = "cm", Namespace = "default" }, Data = new Dictionary<string, string> { ["k"] = "v" } });
        await _agent.Until(
            () =>
            {
                _clock.Advance(TimeSpan.FromSeconds(1));
                return _agent.Pod("web")!.Status.Phase == "Running";
            },
            "running");
        Assert.Contains("A=v", _runtime.SpecOf(Name("web", 0)).Environment);
    }

    [Fact]
    public async Task LivenessProbe_RestartsTheContainer()
    {
        _runtime.Exec = (_, _) => new ExecResult(1, "not well");
        _agent.Add("web", new PodSpec
        {
            Containers = [new Container { Name = "c", Image = "shell:1", LivenessProbe = new Probe { Exec = new ExecAction { Command = ["check"] }, PeriodSeconds = 1, FailureThreshold = 3 } }],
        });
        await _agent.Until(
            () =>
            {
                _clock.Advance(TimeSpan.FromMilliseconds(200));
                return Container("web")?.RestartCount == 1;
            },
            "restart");
        Assert.True(_agent.Events.All.Count(one => one is { Reason: "Unhealthy", Message: "Liveness probe failed: not well" }) >= 3);
        Assert.Contains(_agent.Events.All, one => one is { Reason: "Killing", Message: "Container c failed liveness probe, will be restarted" });
    }

    [Fact]
    public async Task RejectedPod_FailsWithTheReason_AndNothingIsMade()
    {
        await _agent.Until(() => Node().Metadata.Labels?.ContainsKey("kubernetes.io/hostname") == true && Node().Status.Allocatable is not null, "node");
        await _agent.Until(() => Node().Status.Conditions?.Any(one => one is { Type: "Ready", Status: "True" }) == true, "node ready");
        _agent.Add("warm", OneContainer());
        await _agent.UntilReady("warm");
        _agent.Add("web", OneContainer() with { NodeSelector = new Dictionary<string, string> { ["disk"] = "ssd" } });
        await _agent.Until(() => _agent.Pod("web")!.Status.Phase == "Failed", "refused");
        Assert.Equal("NodeAffinity", _agent.Pod("web")!.Status.Reason);
        Assert.Equal(2, _runtime.All.Count);
    }

    [Fact]
    public async Task ALabelYoungerThanTheLastLookAtTheNode_AdmitsThePodThatAsksForIt()
    {
        _agent.Add("warm", OneContainer());
        await _agent.UntilReady("warm");
        var node = Node();
        var labels = new Dictionary<string, string>(node.Metadata.Labels!) { ["disk"] = "ssd" };
        var labelled = await _agent.Api.UpdateAsync(KubeAspire.Resources.Core.Node.ResourceType, node with { Metadata = node.Metadata with { Labels = labels } }, null, TestContext.Current.CancellationToken);
        Assert.True(labelled.Succeeded);
        _agent.Add("web", OneContainer() with { NodeSelector = new Dictionary<string, string> { ["disk"] = "ssd" } });
        await _agent.UntilReady("web");
    }

    private static PodSpec OneContainer() => new() { Containers = [new Container { Name = "c", Image = "shell:1" }] };

    private Node Node() => _agent.Api.Find<Node>(null, _agent.NodeName)!;

    private Lease? Lease() => _agent.Api.Find<Lease>("kube-node-lease", _agent.NodeName);

    private ContainerStatus Container(string pod) => _agent.Pod(pod)?.Status.ContainerStatuses is [var only] ? only : new ContainerStatus();

    private string Name(string pod, int attempt) => PodLabels.NameOf(_agent.Pod(pod)!, "c", attempt);
}
