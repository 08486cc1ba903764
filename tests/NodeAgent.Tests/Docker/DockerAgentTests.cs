using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.ContainerRuntime;
using KubeAspire.ContainerRuntime.Docker;
using KubeAspire.NodeAgent.Pods;
using KubeAspire.Resources.Core;
using KubeAspire.Testing.Runtime;
using RuntimeState = KubeAspire.ContainerRuntime.ContainerState;

namespace KubeAspire.NodeAgent.Tests.Docker;

/// <summary>The agent and a real Docker Engine, with a network and labels of the test's own. Skipped where no Engine answers.</summary>
public sealed class DockerAgentTests : IAsyncLifetime
{
    private const string Network = "kubeaspire-test-docker";
    private readonly DockerContainerRuntime _docker = new(DockerForTests.Endpoint, TimeProvider.System);
    private AgentHarness? _agent;

    private AgentHarness Agent => _agent!;

    public async ValueTask InitializeAsync()
    {
        var reason = await DockerForTests.WhyNotAsync(_docker);
        Assert.SkipWhen(reason is not null, reason ?? "");
        _agent = new AgentHarness(_docker, TimeProvider.System, Network, "kubeaspiret2", "10.250.93.0/24", "10.250.93.1");
        await Agent.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_agent is not null)
        {
            await Agent.StopAsync();
            foreach (var one in await MineAsync())
            {
                await _docker.RemoveAsync(one.Id, default);
            }

            await _docker.RemoveNetworkAsync(Network, default);
            await Agent.DisposeAsync();
        }

        _docker.Dispose();
    }

    [Fact]
    public async Task Pod_LivesCrashesIsAdoptedAndGoes_WithoutALeak()
    {
        Agent.Api.Seed(new ConfigMap { Metadata = new ObjectMeta { Name = "cm", Namespace = "default" }, Data = new Dictionary<string, string> { ["page"] = "hello" } });
        var pod = Agent.Add("web", new PodSpec
        {
            TerminationGracePeriodSeconds = 5,
            Volumes = [new Volume { Name = "data", EmptyDir = new() }, new Volume { Name = "cm", ConfigMap = new() { Name = "cm" } }],
            InitContainers = [Shell("init", "echo made > /data/x", mounts: ["data"])],
            Containers =
            [
                Shell("web", "cat /cm/page /data/x; cat /etc/hosts; exec httpd -f -p 8080 -h /cm", mounts: ["data", "cm"]) with
                {
                    ReadinessProbe = new Probe { HttpGet = new HTTPGetAction { Path = "/page", Port = new IntOrString(8080) }, PeriodSeconds = 1 },
                },
                Shell("side", "trap 'echo bye; exit 0' TERM; echo up; while true; do sleep 0.05; done"),
            ],
        });
        await Agent.UntilReady("web");
        Assert.Equal("hellomade\n", (await LogsAsync(pod, "web"))[..10]);
        Assert.Contains(Agent.Pod("web")!.Status.PodIP + "\tweb", await LogsAsync(pod, "web"), StringComparison.Ordinal);

        // A new agent finds everything as it was.
        var before = await RunningAsync();
        await Agent.StopAsync();
        await Agent.StartAsync();
        Agent.Add("second", new PodSpec { Containers = [Shell("c", "sleep 1000")], TerminationGracePeriodSeconds = 0 });
        await Agent.UntilReady("second");
        Assert.Superset(before.ToHashSet(), (await RunningAsync()).ToHashSet());

        // What is killed comes back, and what it said before can be read.
        var side = (await _docker.InspectAsync(PodLabels.NameOf(pod, "side", 0), default)).Value!;
        await _docker.KillAsync(side.Id, "SIGKILL", default);
        await Agent.Until(() => Agent.Pod("web")!.Status.ContainerStatuses!.Single(one => one.Name == "side") is { RestartCount: 1, State.Running: not null }, "restart");
        Assert.Equal(137, Agent.Pod("web")!.Status.ContainerStatuses!.Single(one => one.Name == "side").LastState!.Terminated!.ExitCode);
        Assert.Equal("up\n", await LogsAsync(pod, "side"));

        // All goes; nothing stays.
        foreach (var name in new[] { "web", "second" })
        {
            await Agent.Api.DeleteAsync<Pod>("default", name, new DeleteOptions { GracePeriodSeconds = 5 }, default);
        }

        await Agent.Until(() => MineAsync().GetAwaiter().GetResult().Count == 0, "containers gone");
        await Agent.Until(() => !Directory.EnumerateDirectories(Path.Combine(Agent.State, "pods")).Any(), "directories gone");
    }

    [Fact]
    public async Task FailingProbe_RestartsAContainer_AndOomIsTold()
    {
        Agent.Add("live", new PodSpec
        {
            TerminationGracePeriodSeconds = 0,
            Containers = [Shell("c", "sleep 1000") with { LivenessProbe = new Probe { Exec = new ExecAction { Command = ["/bin/false"] }, PeriodSeconds = 1, FailureThreshold = 1 } }],
        });
        Agent.Add("oom", new PodSpec
        {
            RestartPolicy = "Never",
            Containers = [Shell("c", "x=a; while true; do x=$x$x; done") with { Resources = new ResourceRequirements { Limits = new Dictionary<string, ApiMachinery.Quantities.Quantity> { ["memory"] = new("16Mi") } } }],
        });
        await Agent.Until(() => Agent.Pod("oom")!.Status.ContainerStatuses is [{ State.Terminated.Reason: "OOMKilled" }], "OOMKilled");
        await Agent.Until(() => Agent.Pod("oom")!.Status.Phase == "Failed", "failed");
        await Agent.Until(() => Agent.Pod("live")!.Status.ContainerStatuses is [{ RestartCount: >= 1 }], "restart");
    }

    private static Container Shell(string name, string script, params IEnumerable<string> mounts) => new()
    {
        Name = name,
        Image = DockerForTests.ShellImage,
        Command = ["/bin/sh", "-c", script],
        VolumeMounts = [.. mounts.Select(mount => new VolumeMount { Name = mount, MountPath = "/" + mount })],
    };

    private async Task<IReadOnlyList<ContainerInfo>> MineAsync() => (await _docker.ListAsync(new Dictionary<string, string> { [PodLabels.Node] = Agent.NodeName }, default)).Value!;

    private async Task<List<(string Id, int Pid)>> RunningAsync() => [.. (await MineAsync()).Where(one => one.State == RuntimeState.Running).Select(one => (one.Id, one.Pid))];

    private async Task<string> LogsAsync(Pod pod, string container)
    {
        var text = new System.Text.StringBuilder();
        await foreach (var chunk in _docker.ReadLogsAsync(PodLabels.NameOf(pod, container, 0), new LogQuery(), default))
        {
            text.Append(System.Text.Encoding.UTF8.GetString(chunk.Bytes.Span));
        }

        return text.ToString();
    }
}
