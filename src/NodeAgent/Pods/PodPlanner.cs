using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Pods;

/// <summary>Decides what a pod needs next; never acts. No runtime, no clock of its own, so every branch is a table row in a test.</summary>
/// <remarks>Follows the kubelet's computePodActions, with the sandbox that a container joined told by its label.</remarks>
internal static class PodPlanner
{
    /// <summary>What to do about a pod that is to run.</summary>
    /// <param name="pod">The pod; not one that is being deleted.</param>
    /// <param name="observed">What the runtime has of it.</param>
    /// <param name="probe">What the probes say of a running container, by its id.</param>
    /// <param name="now">The time.</param>
    public static PodPlan Plan(Pod pod, ObservedPod observed, Func<ObservedContainer, ProbeView> probe, DateTimeOffset now)
    {
        if (pod.Status.Phase is "Succeeded" or "Failed")
        {
            return Terminal(pod, observed);
        }

        var pass = new Pass(pod, observed, probe, now);
        if (observed.Sandbox is not { Exited: false } sandbox)
        {
            return pass.WithNewSandbox();
        }

        return pass.InSandbox(sandbox);
    }

    /// <summary>Everything still running is to stop: the pod has ended, or was refused.</summary>
    public static PodPlan Terminal(Pod pod, ObservedPod observed) => new()
    {
        Terminal = true,
        Stop = [.. observed.Containers.Where(one => one.Running).Select(one => Stopping(pod, one))],
    };

    /// <summary>Whether a container that ended is to run again.</summary>
    public static bool RestartsAfter(Pod pod, Container container, int exitCode)
    {
        var rule = container.RestartPolicyRules?.FirstOrDefault(rule => Matches(rule, exitCode));
        if (rule is { Action: "Restart" })
        {
            return true;
        }

        return (container.RestartPolicy ?? pod.Spec.RestartPolicy ?? "Always") switch
        {
            "Never" => false,
            "OnFailure" => exitCode != 0,
            _ => true,
        };
    }

    /// <summary>Whether an init container goes on beside the others: a sidecar.</summary>
    public static bool IsSidecar(Container container) => container.RestartPolicy == "Always";

    /// <summary>Stopping a container with upstream's words.</summary>
    public static ContainerStop Stopping(Pod pod, ObservedContainer one) =>
        new(one, SpecOf(pod, one.Name), $"Stopping container {one.Name}", null);

    /// <summary>The spec of a container, init container or ephemeral container; null for none.</summary>
    public static Container? SpecOf(Pod pod, string name) =>
        pod.Spec.Containers.FirstOrDefault(one => one.Name == name)
        ?? pod.Spec.InitContainers?.FirstOrDefault(one => one.Name == name)
        ?? EphemeralContainers.Of(pod).FirstOrDefault(one => one.Name == name);

    private static bool Matches(ContainerRestartRule rule, int exitCode) => rule.ExitCodes switch
    {
        { Operator: "In", Values: { } values } => values.Contains(exitCode),
        { Operator: "NotIn", Values: { } values } => !values.Contains(exitCode),
        _ => false,
    };

    /// <summary>One pass: collects while it looks.</summary>
    private sealed class Pass(Pod pod, ObservedPod observed, Func<ObservedContainer, ProbeView> probe, DateTimeOffset now)
    {
        private readonly List<ContainerStop> _stop = [];
        private readonly List<ContainerStart> _start = [];
        private readonly Dictionary<string, BackedOff> _backedOff = [];
        private DateTimeOffset? _wakeAt;

        private IReadOnlyList<Container> InitContainers => pod.Spec.InitContainers ?? [];

        public PodPlan WithNewSandbox()
        {
            // Containers remember the sandbox they joined, even when it was removed behind the agent's back.
            var attempts = observed.Sandboxes.Select(one => one.Attempt).Concat(observed.Containers.Select(one => one.Sandbox)).ToList();
            var attempt = attempts.Count == 0 ? 0 : attempts.Max() + 1;
            foreach (var one in observed.Containers.Where(one => one.Running))
            {
                _stop.Add(new ContainerStop(one, SpecOf(pod, one.Name), "Pod sandbox changed, it will be killed and re-created.", null));
            }

            // What has ended for good keeps the sandbox away; what runs is about to end with its sandbox.
            var pending = pod.Spec.Containers.Where(container => Restarts(container)).ToList();
            if (pending.Count == 0 || (pod.Spec.RestartPolicy == "Never" && observed.Containers.Count > 0))
            {
                return Finish(new PodPlan { Terminal = _stop.Count == 0 });
            }

            if (InitContainers.Count > 0)
            {
                Begin(InitContainers[0], init: true);
            }
            else
            {
                pending.ForEach(container => Begin(container, init: false));
            }

            return Finish(new PodPlan { NewSandbox = attempt });
        }

        public PodPlan InSandbox(ObservedContainer sandbox)
        {
            if (InitContainersDone(sandbox))
            {
                foreach (var container in pod.Spec.Containers)
                {
                    Decide(container, sandbox, init: false);
                }
            }

            BeginEphemeral(sandbox);
            StopStrangers();
            return Finish(new PodPlan
            {
                SandboxToStart = sandbox.Created ? sandbox : null,
                Terminal = _start.Count == 0 && _backedOff.Count == 0 && Ended(sandbox),
            });
        }

        // True once the regular containers may run.
        private bool InitContainersDone(ObservedContainer sandbox)
        {
            var mainBegan = pod.Spec.Containers.Any(container => Current(container, sandbox) is not null);
            foreach (var container in InitContainers)
            {
                var last = Current(container, sandbox);
                if (IsSidecar(container))
                {
                    Decide(container, sandbox, init: true);
                    if (!mainBegan && !(last is { Running: true } && probe(last).Started))
                    {
                        return false;
                    }

                    continue;
                }

                if (mainBegan || last is { Exited: true, ExitCode: 0 })
                {
                    continue;
                }

                Decide(container, sandbox, init: true);
                return false;
            }

            return true;
        }

        private void Decide(Container container, ObservedContainer sandbox, bool init)
        {
            switch (Current(container, sandbox))
            {
                case null:
                    Begin(container, init);
                    break;
                case { Created: true } made:
                    _start.Add(new ContainerStart(container, made.Attempt, made.Backoff, init, made));
                    break;
                case { Running: true } running:
                    if (probe(running).Failed is { } failed)
                    {
                        var again = RestartsAfter(pod, container, exitCode: 1);
                        var grace = failed == "startup" ? container.StartupProbe?.TerminationGracePeriodSeconds : container.LivenessProbe?.TerminationGracePeriodSeconds;
                        _stop.Add(new ContainerStop(running, container, $"Container {container.Name} failed {failed} probe{(again ? ", will be restarted" : "")}", grace));
                    }

                    break;
                case { } ended:
                    if (RestartsAfter(pod, container, ended.RestartCode) && !(init && !IsSidecar(container) && ended.ExitCode == 0))
                    {
                        BeginAgain(container, ended, init);
                    }

                    break;
            }
        }

        // An ephemeral container runs once, whatever becomes of it or of its sandbox.
        private void BeginEphemeral(ObservedContainer sandbox)
        {
            foreach (var container in EphemeralContainers.Of(pod))
            {
                if (observed.Newest(container.Name) is not { } newest)
                {
                    _start.Add(new ContainerStart(container, 0, 0, false, null));
                }
                else if (newest.Created && newest.Sandbox == sandbox.Attempt)
                {
                    _start.Add(new ContainerStart(container, newest.Attempt, newest.Backoff, false, newest));
                }
            }
        }

        // Starts a container for the first time in this sandbox.
        private void Begin(Container container, bool init)
        {
            // One that was made for a sandbox that never came up did not run: it does not count.
            if (observed.Containers.FirstOrDefault(one => one.Name == container.Name && !one.Created) is { } earlier)
            {
                _start.Add(new ContainerStart(container, earlier.Attempt + 1, CrashLoopBackoff.CountOf(earlier) + 1, init, null));
            }
            else
            {
                _start.Add(new ContainerStart(container, 0, 0, init, null));
            }
        }

        private void BeginAgain(Container container, ObservedContainer ended, bool init)
        {
            var count = CrashLoopBackoff.CountOf(ended);
            var delay = CrashLoopBackoff.Delay(count);
            var until = ended.EndedAt + delay;
            if (delay > TimeSpan.Zero && now < until)
            {
                _backedOff[container.Name] = new BackedOff(delay, until);
                _wakeAt = _wakeAt is { } other && other < until ? other : until;
                return;
            }

            _start.Add(new ContainerStart(container, ended.Attempt + 1, count + 1, init, null));
        }

        // A container whose name the spec does not have, or that belongs to a sandbox that is gone.
        private void StopStrangers()
        {
            foreach (var one in observed.Containers.Where(one => one.Running && one.Sandbox != observed.Sandbox!.Attempt))
            {
                _stop.Add(Stopping(pod, one));
            }
        }

        private ObservedContainer? Current(Container container, ObservedContainer sandbox) =>
            observed.Newest(container.Name) is { } newest && newest.Sandbox == sandbox.Attempt ? newest : null;

        private bool Restarts(Container container) =>
            observed.Newest(container.Name) is not { Exited: true } ended || RestartsAfter(pod, container, ended.RestartCode);

        // Nothing that is not a sidecar runs or will run, or an init container failed for good.
        private bool Ended(ObservedContainer sandbox)
        {
            var main = pod.Spec.Containers.Select(container => Current(container, sandbox)).ToList();
            if (main.Count > 0 && main.All(one => one is { Exited: true }))
            {
                return true;
            }

            return InitContainers.Any(container =>
                !IsSidecar(container) && Current(container, sandbox) is { Exited: true } ended && ended.ExitCode != 0 && !RestartsAfter(pod, container, ended.RestartCode));
        }

        private PodPlan Finish(PodPlan plan)
        {
            if (plan.Terminal)
            {
                _stop.AddRange(observed.Containers.Where(one => one.Running).Select(one => Stopping(pod, one)));
            }

            return plan with { Stop = _stop, Start = plan.Terminal ? [] : _start, BackedOff = _backedOff, WakeAt = _wakeAt, Remove = Garbage() };
        }

        // The newest of each name stays, and the one that ended before it: `kubectl logs --previous` reads that.
        private List<ObservedContainer> Garbage() =>
        [
            .. observed.Containers.GroupBy(one => one.Name).SelectMany(group => group.Where(one => !one.Running).Except([group.First()]).Skip(1)),
            .. observed.Sandboxes.Skip(1).Where(one => !one.Running),
        ];
    }
}
