using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ContainerRuntime;
using KubeAspire.NodeAgent.Hosting;
using KubeAspire.NodeAgent.Pods;
using KubeAspire.Resources.Core;
using RuntimeState = KubeAspire.ContainerRuntime.ContainerState;

namespace KubeAspire.NodeAgent.Tests.Pods;

/// <summary>Small pods and observations for tables.</summary>
internal static class PodsOf
{
    public static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static readonly NodeAgentOptions Options = new() { NodeName = "node-1", StateDirectory = "/state", Kubeconfig = "k" };

    public static Pod Pod(string restartPolicy = "Always", string[]? containers = null, Container[]? init = null) => new()
    {
        Metadata = new ObjectMeta { Name = "web", Namespace = "default", Uid = "0000-1" },
        Spec = new PodSpec
        {
            NodeName = "node-1",
            RestartPolicy = restartPolicy,
            Containers = [.. (containers ?? ["c"]).Select(name => new Container { Name = name, Image = "shell:1" })],
            InitContainers = init,
        },
    };

    public static ContainerInfo Sandbox(int attempt = 0, RuntimeState state = RuntimeState.Running) => Info(null, state, attempt, 0, 0, TimeSpan.Zero, TimeSpan.Zero);

    /// <summary>A container that runs.</summary>
    public static ContainerInfo Running(string name = "c", int attempt = 0, int sandbox = 0, int backoff = 0) =>
        Info(name, RuntimeState.Running, attempt, sandbox, backoff, TimeSpan.FromSeconds(-5), null);

    /// <summary>A container that ended a while ago.</summary>
    public static ContainerInfo Exited(
        int code, string name = "c", int attempt = 0, int sandbox = 0, int backoff = 0, double secondsAgo = 0, double ranSeconds = 1, bool oom = false) =>
        Info(name, RuntimeState.Exited, attempt, sandbox, backoff, TimeSpan.FromSeconds(-secondsAgo - ranSeconds), TimeSpan.FromSeconds(-secondsAgo)) with { ExitCode = code, OomKilled = oom };

    public static ContainerInfo Created(string name = "c", int attempt = 0, int sandbox = 0) => Info(name, RuntimeState.Created, attempt, sandbox, 0, null, null);

    private static ContainerInfo Info(string? name, RuntimeState state, int attempt, int sandbox, int backoff, TimeSpan? started, TimeSpan? finished)
    {
        var labels = PodLabels.Of(Pod(), Options, name, attempt);
        labels[PodLabels.Sandbox] = sandbox.ToString();
        labels[PodLabels.Backoff] = backoff.ToString();
        return new ContainerInfo
        {
            Id = $"{name ?? "sandbox"}-{attempt}",
            Name = PodLabels.NameOf(Pod(), name, attempt),
            ImageId = "sha256:1",
            Labels = labels,
            State = state,
            CreatedAt = Now + (started ?? TimeSpan.Zero),
            StartedAt = started is { } since ? Now + since : null,
            FinishedAt = state == RuntimeState.Exited && finished is { } ago ? Now + ago : null,
        };
    }
}
