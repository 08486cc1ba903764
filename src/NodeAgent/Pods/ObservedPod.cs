using KubeAspire.ContainerRuntime;

namespace KubeAspire.NodeAgent.Pods;

/// <summary>One container, or sandbox, of a pod as the runtime shows it.</summary>
internal sealed record ObservedContainer(ContainerInfo Info)
{
    public string Id => Info.Id;

    public string Name { get; } = Info.Labels.GetValueOrDefault(PodLabels.ContainerName, "");

    public int Attempt { get; } = IntLabel(Info, PodLabels.Attempt);

    /// <summary>Attempt of the sandbox it joined.</summary>
    public int Sandbox { get; } = IntLabel(Info, PodLabels.Sandbox);

    /// <summary>Quick restarts that preceded it.</summary>
    public int Backoff { get; } = IntLabel(Info, PodLabels.Backoff);

    public bool IsSandbox { get; } = Info.Labels.GetValueOrDefault(PodLabels.Kind) == PodLabels.KindSandbox;

    public bool Running => Info.State == ContainerState.Running;

    public bool Created => Info.State == ContainerState.Created;

    public bool Exited => Info.State == ContainerState.Exited;

    /// <summary>When it ended; one that never started ended when it was made.</summary>
    public DateTimeOffset EndedAt => Info.FinishedAt ?? Info.StartedAt ?? Info.CreatedAt;

    /// <summary>When it began.</summary>
    public DateTimeOffset BeganAt => Info.StartedAt ?? Info.CreatedAt;

    /// <summary>Exit code in upstream's terms: one that could not be started ended with 128.</summary>
    public int ExitCode => Info.StartFailed ? 128 : Info.ExitCode;

    /// <summary>Whether a probe had it stopped: it runs again whatever its exit code, unless its policy is Never.</summary>
    public bool MustRestart { get; init; }

    /// <summary>The exit code by which the restart policy decides.</summary>
    public int RestartCode => MustRestart ? 1 : ExitCode;

    private static int IntLabel(ContainerInfo info, string label) =>
        info.Labels.TryGetValue(label, out var text) && int.TryParse(text, out var value) ? value : 0;
}

/// <summary>What the runtime has of one pod: newest attempts first.</summary>
internal sealed record ObservedPod(IReadOnlyList<ObservedContainer> Sandboxes, IReadOnlyList<ObservedContainer> Containers)
{
    public static ObservedPod Empty { get; } = new([], []);

    public static ObservedPod From(IEnumerable<ContainerInfo> infos, IReadOnlySet<string>? mustRestart = null)
    {
        var all = infos.Select(info => new ObservedContainer(info) { MustRestart = mustRestart?.Contains(info.Id) == true }).OrderByDescending(one => one.Attempt).ToList();
        return new ObservedPod([.. all.Where(one => one.IsSandbox)], [.. all.Where(one => !one.IsSandbox)]);
    }

    /// <summary>The newest sandbox; null for none.</summary>
    public ObservedContainer? Sandbox => Sandboxes.Count > 0 ? Sandboxes[0] : null;

    /// <summary>The newest container of a name; null for none.</summary>
    public ObservedContainer? Newest(string name) => Containers.FirstOrDefault(one => one.Name == name);

    /// <summary>The newest container of a name that ended before the newest; null for none.</summary>
    public ObservedContainer? Previous(string name) => Containers.Where(one => one.Name == name).Skip(1).FirstOrDefault(one => one.Exited);

    /// <summary>Whether there is anything at all.</summary>
    public bool Any => Sandboxes.Count + Containers.Count > 0;
}
