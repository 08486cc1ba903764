using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Core.Validation;

/// <summary>A pod as a whole, and what may change of one that exists.</summary>
/// <remarks>Upstream's <c>ValidatePodCreate</c>, <c>ValidatePodUpdate</c>, <c>ValidatePodStatusUpdate</c>.</remarks>
internal static class PodValidation
{
    private const string MayChange =
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
        + "`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

    /// <summary>How many changed fields a refusal names.</summary>
    private const int MaximumNamedChanges = 10;

    public static FieldErrors Validate(Pod pod)
    {
        var errors = new FieldErrors();
        PodSpecValidation.Validate(errors, pod.Spec, "spec");
        return errors;
    }

    /// <summary>What holds for a new pod only.</summary>
    public static void Create(FieldErrors errors, Pod pod)
    {
        if (pod.Spec is { SchedulingGates.Count: > 0, NodeName.Length: > 0 })
        {
            errors.Forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared");
        }

        if (pod.Spec.EphemeralContainers is { Count: > 0 })
        {
            errors.Forbidden("spec.ephemeralContainers", "cannot be set on create");
        }
    }

    public static FieldErrors Update(Pod pod, Pod stored)
    {
        var errors = new FieldErrors();
        var (spec, old) = (pod.Spec, stored.Spec);
        if (spec.Containers.Count != old.Containers.Count)
        {
            errors.Forbidden("spec.containers", "pod updates may not add or remove containers");
            return errors;
        }

        if ((spec.InitContainers?.Count ?? 0) != (old.InitContainers?.Count ?? 0))
        {
            errors.Forbidden("spec.initContainers", "pod updates may not add or remove containers");
            return errors;
        }

        Deadline(errors, spec.ActiveDeadlineSeconds, old.ActiveDeadlineSeconds);
        Tolerations(errors, spec.Tolerations ?? [], old.Tolerations ?? []);
        Gates(errors, spec, old);
        var allowed = spec with
        {
            Containers = WithImages(spec.Containers, old.Containers),
            InitContainers = spec.InitContainers is null || old.InitContainers is null ? spec.InitContainers : WithImages(spec.InitContainers, old.InitContainers),
            ActiveDeadlineSeconds = old.ActiveDeadlineSeconds,
            Tolerations = old.Tolerations,
            SchedulingGates = old.SchedulingGates,
            TerminationGracePeriodSeconds = old.TerminationGracePeriodSeconds < 0 && spec.TerminationGracePeriodSeconds == 1
                ? old.TerminationGracePeriodSeconds
                : spec.TerminationGracePeriodSeconds,
        };
        if (old is { SchedulingGates.Count: > 0 } && KeepsAll(spec.NodeSelector, old.NodeSelector))
        {
            // A gated pod may still be steered: its node selector may grow, a node affinity may be given where there was none.
            allowed = allowed with
            {
                NodeSelector = old.NodeSelector,
                Affinity = old.Affinity?.NodeAffinity is not null || allowed.Affinity is null ? allowed.Affinity : WithoutNodeAffinity(allowed.Affinity, old.Affinity),
            };
        }

        if (!JsonComparison.Same(allowed, old))
        {
            errors.Forbidden("spec", $"{MayChange}\n{Difference(allowed, old)}");
        }

        return errors;
    }

    /// <summary>Ephemeral containers come, and never go or change.</summary>
    /// <remarks>Upstream's <c>ValidatePodEphemeralContainersUpdate</c>.</remarks>
    public static FieldErrors EphemeralContainersUpdate(Pod pod, Pod stored)
    {
        const string Path = "spec.ephemeralContainers";
        var errors = new FieldErrors();
        foreach (var old in stored.Spec.EphemeralContainers ?? [])
        {
            var now = (pod.Spec.EphemeralContainers ?? []).FirstOrDefault(container => container.Name == old.Name);
            if (now is null)
            {
                errors.Forbidden(Path, $"existing ephemeral containers \"{old.Name}\" may not be removed\n");
            }
            else if (!JsonComparison.Same(now, old))
            {
                errors.Forbidden(Path, $"existing ephemeral containers \"{old.Name}\" may not be changed\n");
            }
        }

        return errors;
    }

    public static FieldErrors StatusUpdate(Pod pod, Pod stored)
    {
        var errors = new FieldErrors();
        if (!string.IsNullOrEmpty(pod.Status.NominatedNodeName))
        {
            errors.Invalid("status.nominatedNodeName", pod.Status.NominatedNodeName, Names.IsDnsSubdomain(pod.Status.NominatedNodeName));
        }

        if (pod.Spec.NodeName != stored.Spec.NodeName)
        {
            errors.Forbidden("status.nodeName", "may not be changed directly");
        }

        Ended(errors, pod.Status.ContainerStatuses, stored.Status.ContainerStatuses, stored, "status.containerStatuses", stored.Spec.RestartPolicy);
        foreach (var (at, condition) in (pod.Status.Conditions ?? []).Index())
        {
            errors.RequireName($"status.conditions[{at}].type", condition.Type, _ => []);
            if (condition.Type.StartsWith("kubernetes.io/", StringComparison.Ordinal) is false && condition.Status is not ("True" or "False" or "Unknown"))
            {
                errors.Add(FieldError.NotSupported($"status.conditions[{at}].status", condition.Status, ["True", "False", "Unknown"]));
            }
        }

        return errors;
    }

    // What has ended and is not to be restarted stays ended.
    private static void Ended(FieldErrors errors, IReadOnlyList<ContainerStatus>? statuses, IReadOnlyList<ContainerStatus>? before, Pod pod, string path, string? restartPolicy)
    {
        if (restartPolicy == "Always")
        {
            return;
        }

        foreach (var old in before ?? [])
        {
            if (old.State?.Terminated is not { } terminated || (terminated.ExitCode != 0 && restartPolicy == "OnFailure")
                || pod.Spec.FindContainer(old.Name) is { RestartPolicy: not null } or { RestartPolicyRules: not null })
            {
                continue;
            }

            if ((statuses ?? []).FirstOrDefault(status => status.Name == old.Name) is { State.Terminated: null })
            {
                errors.Forbidden($"{path}.state", "may not be transitioned to non-terminated state");
            }
        }
    }

    private static void Deadline(FieldErrors errors, long? seconds, long? before)
    {
        const string Path = "spec.activeDeadlineSeconds";
        if (seconds is { } now and (< 0 or > int.MaxValue))
        {
            errors.Invalid(Path, FieldErrors.Text(now), "must be between 0 and 2147483647, inclusive");
        }
        else if (seconds > before)
        {
            errors.Invalid(Path, FieldErrors.Text(seconds.Value), "must be less than or equal to previous value");
        }
        else if (seconds is null && before is not null)
        {
            errors.Invalid(Path, "null", "must not update from a positive integer to nil value");
        }
    }

    private static void Tolerations(FieldErrors errors, IReadOnlyList<Toleration> tolerations, IReadOnlyList<Toleration> before)
    {
        foreach (var old in before)
        {
            if (!tolerations.Any(toleration => toleration with { TolerationSeconds = old.TolerationSeconds } == old))
            {
                errors.Forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds");
            }
        }
    }

    private static void Gates(FieldErrors errors, PodSpec spec, PodSpec old)
    {
        foreach (var gate in (spec.SchedulingGates ?? []).Where(gate => old.SchedulingGates?.Contains(gate) != true))
        {
            errors.Forbidden("spec.schedulingGates", $"only deletion is allowed, but found new scheduling gate '{gate.Name}'");
        }
    }

    private static List<Container> WithImages(IReadOnlyList<Container> containers, IReadOnlyList<Container> images) =>
        [.. containers.Zip(images, (container, old) => container with { Image = old.Image })];

    private static bool KeepsAll(IReadOnlyDictionary<string, string>? labels, IReadOnlyDictionary<string, string>? before) =>
        (before ?? new Dictionary<string, string>()).All(label => labels?.GetValueOrDefault(label.Key) == label.Value);

    private static Affinity? WithoutNodeAffinity(Affinity affinity, Affinity? old) =>
        affinity with { NodeAffinity = null } is { PodAffinity: null, PodAntiAffinity: null } ? old : affinity with { NodeAffinity = null };

    // Names what changed, as upstream's diff does, but one line a field.
    private static string Difference(PodSpec spec, PodSpec old)
    {
        var lines = new List<string>();
        Compare("spec", JsonComparison.Node(old), JsonComparison.Node(spec), lines);
        return string.Join('\n', lines.Take(MaximumNamedChanges)) + (lines.Count > MaximumNamedChanges ? "\n  ..." : "");
    }

    private static void Compare(string path, JsonNode? before, JsonNode? after, List<string> lines)
    {
        if (JsonNode.DeepEquals(before, after))
        {
            return;
        }

        switch (before, after)
        {
            case (JsonObject old, JsonObject now):
                foreach (var name in old.Select(member => member.Key).Union(now.Select(member => member.Key)).Order(StringComparer.Ordinal))
                {
                    Compare($"{path}.{name}", old[name], now[name], lines);
                }

                break;
            case (JsonArray old, JsonArray now) when old.Count == now.Count:
                for (var at = 0; at < old.Count; at++)
                {
                    Compare($"{path}[{at}]", old[at], now[at], lines);
                }

                break;
            default:
                lines.Add($"  {path}: {before?.ToJsonString() ?? "null"} -> {after?.ToJsonString() ?? "null"}");
                break;
        }
    }
}
