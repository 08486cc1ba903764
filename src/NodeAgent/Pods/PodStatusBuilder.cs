using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Pods;

/// <summary>Why a container does not run yet: <c>state.waiting</c>.</summary>
internal sealed record WaitingReason(string Reason, string? Message);

/// <summary>What the status of a pod is made of.</summary>
internal sealed record PodStatusInput
{
    /// <summary>The pod, with the status last written.</summary>
    public required Pod Pod { get; init; }

    /// <summary>What the runtime has of it.</summary>
    public required ObservedPod Observed { get; init; }

    /// <summary>Containers held back, by name.</summary>
    public IReadOnlyDictionary<string, BackedOff> BackedOff { get; init; } = new Dictionary<string, BackedOff>();

    /// <summary>Containers that could not be started, by name.</summary>
    public IReadOnlyDictionary<string, WaitingReason> Waiting { get; init; } = new Dictionary<string, WaitingReason>();

    /// <summary>What the probes say of a running container.</summary>
    public required Func<ObservedContainer, ProbeView> Probe { get; init; }

    /// <summary>Text of a container's termination message; null for none.</summary>
    public Func<ObservedContainer, string?> TerminationMessage { get; init; } = _ => null;

    /// <summary>The pod's address; null for none yet.</summary>
    public string? PodIP { get; init; }

    /// <summary>The node's address.</summary>
    public string HostIP { get; init; } = "";

    /// <summary>Whether nothing runs or will run any more.</summary>
    public bool Terminal { get; init; }

    /// <summary>A phase that something else decided, with its reason and message: rejected, past its deadline.</summary>
    public (string Phase, string Reason, string Message)? Forced { get; init; }

    /// <summary>The time.</summary>
    public required DateTimeOffset Now { get; init; }
}

/// <summary>Computes a pod's status; pure.</summary>
/// <remarks>Follows the kubelet's getPhase and status generators; condition reasons and texts are upstream's.</remarks>
internal static class PodStatusBuilder
{
    /// <summary>Conditions written here; others (PodScheduled, gates, DisruptionTarget) belong to somebody else and stay.</summary>
    private static readonly string[] s_ownConditions = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady"];

    public static PodStatus Build(PodStatusInput input)
    {
        var pod = input.Pod;
        var initDone = InitDone(input);
        var init = (pod.Spec.InitContainers ?? []).Select(container => StatusOf(input, container, initDone: true, PodPlanner.IsSidecar(container))).ToList();
        var main = pod.Spec.Containers.Select(container => StatusOf(input, container, initDone, started: true)).ToList();
        var ephemeral = EphemeralContainers.Of(pod).Select(container => StatusOf(input, container, initDone: true, started: true) with { Started = null, Ready = false }).ToList();
        var phase = input.Forced?.Phase ?? PhaseOf(pod, init, main, input.Terminal);
        if (pod.Status.Phase is "Succeeded" or "Failed")
        {
            phase = pod.Status.Phase; // A pod that has ended stays so.
        }

        var status = pod.Status with
        {
            Phase = phase,
            Reason = input.Forced?.Reason ?? (phase == pod.Status.Phase ? pod.Status.Reason : null),
            Message = input.Forced?.Message ?? (phase == pod.Status.Phase ? pod.Status.Message : null),
            HostIP = input.HostIP,
            HostIPs = [new HostIP { Ip = input.HostIP }],
            PodIP = input.PodIP ?? (phase is "Succeeded" or "Failed" ? pod.Status.PodIP : null),
            StartTime = pod.Status.StartTime ?? input.Now,
            ObservedGeneration = pod.Metadata.Generation,
            InitContainerStatuses = init.Count == 0 ? null : init,
            ContainerStatuses = main,
            EphemeralContainerStatuses = ephemeral.Count == 0 ? null : ephemeral,
        };
        status = status with { PodIPs = status.PodIP is null ? null : [new PodIP { Ip = status.PodIP }] };
        return status with { Conditions = Conditions(input, status, init, main) };
    }

    /// <summary>The phase, by the table of the kubelet.</summary>
    public static string PhaseOf(Pod pod, IReadOnlyList<ContainerStatus> init, IReadOnlyList<ContainerStatus> main, bool terminal)
    {
        var never = pod.Spec.RestartPolicy == "Never";
        int pendingInit = 0, failedInit = 0;
        for (var i = 0; i < init.Count; i++)
        {
            var sidecar = PodPlanner.IsSidecar(pod.Spec.InitContainers![i]);
            var ended = init[i].State?.Terminated ?? (init[i].State?.Waiting is null ? null : init[i].LastState?.Terminated);
            if (sidecar)
            {
                pendingInit += init[i].Started == true || ended is not null ? 0 : 1;
            }
            else if (ended is null)
            {
                pendingInit++;
            }
            else if (ended.ExitCode != 0)
            {
                failedInit++;
            }
        }

        if (failedInit > 0 && never)
        {
            return "Failed";
        }

        var running = main.Count(one => one.State?.Running is not null);
        var waiting = main.Count(one => one.State?.Waiting is not null && one.LastState?.Terminated is null);
        var succeeded = main.Count(one => one.State?.Terminated is { ExitCode: 0 });
        var stopped = main.Count - running - waiting;
        if (!terminal && (pendingInit > 0 || failedInit > 0 || waiting > 0))
        {
            return "Pending";
        }

        if (running > 0)
        {
            return "Running";
        }

        if (terminal)
        {
            return stopped > 0 && stopped == succeeded ? "Succeeded" : "Failed";
        }

        return pod.Spec.RestartPolicy switch
        {
            "Never" or "OnFailure" when stopped == succeeded => "Succeeded",
            "Never" => "Failed",
            _ => "Running",
        };
    }

    private static bool InitDone(PodStatusInput input) => (input.Pod.Spec.InitContainers ?? []).All(container =>
        PodPlanner.IsSidecar(container)
            ? input.Observed.Newest(container.Name) is { Running: true }
            : input.Observed.Newest(container.Name) is { Exited: true, ExitCode: 0 })
        || input.Pod.Spec.Containers.Any(container => input.Observed.Newest(container.Name) is not null);

    private static ContainerStatus StatusOf(PodStatusInput input, Container container, bool initDone, bool started)
    {
        var newest = input.Observed.Newest(container.Name);
        var before = input.Pod.Status.ContainerStatuses?.FirstOrDefault(one => one.Name == container.Name)
            ?? input.Pod.Status.InitContainerStatuses?.FirstOrDefault(one => one.Name == container.Name)
            ?? input.Pod.Status.EphemeralContainerStatuses?.FirstOrDefault(one => one.Name == container.Name);
        if (newest is null)
        {
            var reason = input.Waiting.GetValueOrDefault(container.Name) ?? new WaitingReason(initDone ? "ContainerCreating" : "PodInitializing", null);

            // A pod that ended long ago may have no containers left: what was known of it stays.
            return input.Terminal && before is not null
                ? Ended(before)
                : new ContainerStatus
                {
                    Name = container.Name,
                    Image = container.Image ?? "",
                    Started = false,
                    RestartCount = before?.RestartCount ?? 0,
                    LastState = new ContainerState(),
                    State = new ContainerState { Waiting = new ContainerStateWaiting { Reason = reason.Reason, Message = reason.Message } },
                };
        }

        var view = newest.Running ? input.Probe(newest) : default;
        var status = new ContainerStatus
        {
            Name = container.Name,
            Image = container.Image ?? "",
            ImageID = newest.Info.ImageId.Length == 0 ? "" : $"docker://{newest.Info.ImageId}",
            ContainerID = $"docker://{newest.Id}",
            RestartCount = newest.Attempt,
            Started = newest.Running && view.Started,
            Ready = newest.Running ? started && view.Ready && view.Started : !started && newest is { Exited: true, ExitCode: 0 },
            State = StateOf(input, newest),
            LastState = input.Observed.Previous(container.Name) is { } previous ? StateOf(input, previous) : before?.RestartCount == newest.Attempt ? before.LastState : new ContainerState(),
        };

        if (newest.Exited && HeldBack(input, container) is { } held)
        {
            return status with
            {
                State = new ContainerState { Waiting = new ContainerStateWaiting { Reason = held.Reason, Message = held.Message } },
                LastState = StateOf(input, newest),
            };
        }

        return status;
    }

    private static ContainerStatus Ended(ContainerStatus before) => before.State?.Terminated is not null ? before : before with
    {
        Ready = false,
        Started = false,
        State = new ContainerState
        {
            Terminated = before.LastState?.Terminated ?? new ContainerStateTerminated
            {
                ExitCode = 137,
                Reason = "ContainerStatusUnknown",
                Message = "The container could not be located when the pod was terminated",
            },
        },
    };

    private static WaitingReason? HeldBack(PodStatusInput input, Container container)
    {
        if (input.BackedOff.TryGetValue(container.Name, out var held))
        {
            var pod = input.Pod.Metadata;
            return new WaitingReason(
                "CrashLoopBackOff", $"back-off {GoDuration(held.Delay)} restarting failed container={container.Name} pod={pod.Name}_{pod.Namespace}({pod.Uid})");
        }

        return input.Terminal ? null : input.Waiting.GetValueOrDefault(container.Name);
    }

    // As Go prints it, which upstream's texts use: 10s, 1m20s, 5m0s.
    private static string GoDuration(TimeSpan delay) => delay < TimeSpan.FromMinutes(1) ? $"{delay.TotalSeconds:0}s" : $"{(int)delay.TotalMinutes}m{delay.Seconds}s";

    private static ContainerState StateOf(PodStatusInput input, ObservedContainer one)
    {
        if (one.Running)
        {
            return new ContainerState { Running = new ContainerStateRunning { StartedAt = one.Info.StartedAt } };
        }

        if (one.Created)
        {
            var reason = input.Waiting.GetValueOrDefault(one.Name) ?? new WaitingReason("ContainerCreating", null);
            return new ContainerState { Waiting = new ContainerStateWaiting { Reason = reason.Reason, Message = reason.Message } };
        }

        return new ContainerState
        {
            Terminated = new ContainerStateTerminated
            {
                ContainerID = $"docker://{one.Id}",
                ExitCode = one.ExitCode,
                Reason = one.Info.StartFailed ? "StartError" : one.Info.OomKilled ? "OOMKilled" : one.ExitCode == 0 ? "Completed" : "Error",
                Message = one.Info.StartFailed ? one.Info.Error : input.TerminationMessage(one),
                StartedAt = one.Info.StartedAt ?? one.Info.CreatedAt,
                FinishedAt = one.EndedAt,
            },
        };
    }

    private static List<PodCondition> Conditions(PodStatusInput input, PodStatus status, List<ContainerStatus> init, List<ContainerStatus> main)
    {
        var incomplete = init.Where(one => !IsInitialized(input, one)).Select(one => one.Name).ToList();
        var initialized = incomplete.Count == 0 || status.Phase == "Succeeded"
            ? new PodCondition { Type = "Initialized", Status = "True", Reason = status.Phase == "Succeeded" ? "PodCompleted" : null }
            : new PodCondition { Type = "Initialized", Status = "False", Reason = "ContainersNotInitialized", Message = $"containers with incomplete status: [{string.Join(' ', incomplete)}]" };

        var sidecars = init.Where((_, index) => PodPlanner.IsSidecar(input.Pod.Spec.InitContainers![index]));
        var unready = sidecars.Concat(main).Where(one => !one.Ready).Select(one => one.Name).ToList();
        var containersReady = status.Phase switch
        {
            "Succeeded" => new PodCondition { Type = "ContainersReady", Status = "False", Reason = "PodCompleted" },
            "Failed" => new PodCondition { Type = "ContainersReady", Status = "False", Reason = "PodFailed" },
            _ when unready.Count > 0 => new PodCondition
            {
                Type = "ContainersReady", Status = "False", Reason = "ContainersNotReady", Message = $"containers with unready status: [{string.Join(' ', unready)}]",
            },
            _ => new PodCondition { Type = "ContainersReady", Status = "True" },
        };

        var ready = containersReady with { Type = "Ready" };
        if (ready.Status == "True" && GateProblem(input.Pod) is { } problem)
        {
            ready = ready with { Status = "False", Reason = "ReadinessGatesNotReady", Message = problem };
        }

        var sandbox = new PodCondition { Type = "PodReadyToStartContainers", Status = input.PodIP is not null && input.Observed.Sandbox is { Running: true } ? "True" : "False" };
        var before = input.Pod.Status.Conditions ?? [];
        List<PodCondition> own = [sandbox, initialized, ready, containersReady];
        return
        [
            .. own.Select(condition => Kept(before, condition with { ObservedGeneration = input.Pod.Metadata.Generation }, input.Now)),
            .. before.Where(condition => !s_ownConditions.Contains(condition.Type)),
        ];
    }

    private static bool IsInitialized(PodStatusInput input, ContainerStatus one)
    {
        var spec = input.Pod.Spec.InitContainers!.First(container => container.Name == one.Name);
        return PodPlanner.IsSidecar(spec) ? one.Started == true : one.Ready;
    }

    private static string? GateProblem(Pod pod)
    {
        foreach (var gate in pod.Spec.ReadinessGates ?? [])
        {
            var condition = pod.Status.Conditions?.FirstOrDefault(one => one.Type == gate.ConditionType);
            if (condition is null)
            {
                return $"corresponding condition of pod readiness gate \"{gate.ConditionType}\" does not exist.";
            }

            if (condition.Status != "True")
            {
                return $"the status of pod readiness gate \"{gate.ConditionType}\" is not \"True\", but {condition.Status}";
            }
        }

        return null;
    }

    private static PodCondition Kept(IReadOnlyList<PodCondition> before, PodCondition condition, DateTimeOffset now) =>
        condition with { LastTransitionTime = before.FirstOrDefault(one => one.Type == condition.Type && one.Status == condition.Status)?.LastTransitionTime ?? now };
}
