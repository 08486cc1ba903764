using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Core.Validation;

/// <summary>Where a pod may run: affinity, tolerations, spread, gates.</summary>
internal static class SchedulingValidation
{
    private static readonly string[] s_effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

    public static void Validate(FieldErrors errors, PodSpec spec, string path)
    {
        if (spec.Affinity is { } affinity)
        {
            Node(errors, affinity.NodeAffinity, $"{path}.affinity.nodeAffinity");
            Pods(
                errors, affinity.PodAffinity?.RequiredDuringSchedulingIgnoredDuringExecution, affinity.PodAffinity?.PreferredDuringSchedulingIgnoredDuringExecution,
                $"{path}.affinity.podAffinity");
            Pods(
                errors, affinity.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution, affinity.PodAntiAffinity?.PreferredDuringSchedulingIgnoredDuringExecution,
                $"{path}.affinity.podAntiAffinity");
        }

        foreach (var (at, toleration) in (spec.Tolerations ?? []).Index())
        {
            Toleration(errors, toleration, $"{path}.tolerations[{at}]");
        }

        Spread(errors, spec.TopologySpreadConstraints ?? [], $"{path}.topologySpreadConstraints");
        var gates = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (at, gate) in (spec.SchedulingGates ?? []).Index())
        {
            errors.Invalid($"{path}.schedulingGates[{at}]", gate.Name, Names.IsQualifiedName(gate.Name));
            if (!gates.Add(gate.Name))
            {
                errors.Duplicate($"{path}.schedulingGates[{at}]", gate.Name);
            }
        }
    }

    private static void Node(FieldErrors errors, NodeAffinity? affinity, string path)
    {
        if (affinity?.RequiredDuringSchedulingIgnoredDuringExecution is { } required)
        {
            var here = $"{path}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms";
            if (required.NodeSelectorTerms.Count == 0)
            {
                errors.Required(here, "must have at least one node selector term");
            }

            foreach (var (at, term) in required.NodeSelectorTerms.Index())
            {
                Term(errors, term, $"{here}[{at}]");
            }
        }

        foreach (var (at, preferred) in (affinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? []).Index())
        {
            var here = $"{path}.preferredDuringSchedulingIgnoredDuringExecution[{at}]";
            Weight(errors, preferred.Weight, $"{here}.weight");
            Term(errors, preferred.Preference, $"{here}.preference");
        }
    }

    private static void Term(FieldErrors errors, NodeSelectorTerm term, string path)
    {
        foreach (var (at, requirement) in (term.MatchExpressions ?? []).Index())
        {
            var here = $"{path}.matchExpressions[{at}]";
            switch (requirement.Operator)
            {
                case "In" or "NotIn":
                    if (requirement.Values is not { Count: > 0 })
                    {
                        errors.Required($"{here}.values", "must be specified when `operator` is 'In' or 'NotIn'");
                    }

                    break;
                case "Exists" or "DoesNotExist":
                    if (requirement.Values is { Count: > 0 })
                    {
                        errors.Forbidden($"{here}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                    }

                    break;
                case "Gt" or "Lt":
                    if (requirement.Values is not { Count: 1 })
                    {
                        errors.Required($"{here}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'");
                    }

                    break;
                default:
                    errors.Invalid($"{here}.operator", requirement.Operator, "not a valid selector operator");
                    break;
            }

            errors.Invalid($"{here}.key", requirement.Key, Names.IsQualifiedName(requirement.Key));
            foreach (var (index, value) in (requirement.Values ?? []).Index())
            {
                errors.Invalid($"{here}.values[{index}]", value, Names.IsLabelValue(value));
            }
        }

        foreach (var (at, requirement) in (term.MatchFields ?? []).Index())
        {
            var here = $"{path}.matchFields[{at}]";
            if (requirement.Operator is not ("In" or "NotIn"))
            {
                errors.Invalid($"{here}.operator", requirement.Operator, "not a valid selector operator");
            }
            else if (requirement.Values is not { Count: 1 })
            {
                errors.Required($"{here}.values", "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
            }

            if (requirement.Key != "metadata.name")
            {
                errors.Invalid($"{here}.key", requirement.Key, "not a valid field selector key");
            }
        }
    }

    private static void Pods(FieldErrors errors, IReadOnlyList<PodAffinityTerm>? required, IReadOnlyList<WeightedPodAffinityTerm>? preferred, string path)
    {
        foreach (var (at, term) in (required ?? []).Index())
        {
            Term(errors, term, $"{path}.requiredDuringSchedulingIgnoredDuringExecution[{at}]");
        }

        foreach (var (at, weighted) in (preferred ?? []).Index())
        {
            var here = $"{path}.preferredDuringSchedulingIgnoredDuringExecution[{at}]";
            Weight(errors, weighted.Weight, $"{here}.weight");
            Term(errors, weighted.PodAffinityTerm, $"{here}.podAffinityTerm");
        }
    }

    private static void Term(FieldErrors errors, PodAffinityTerm term, string path)
    {
        errors.Selector($"{path}.labelSelector", term.LabelSelector);
        errors.Selector($"{path}.namespaceSelector", term.NamespaceSelector);
        foreach (var name in term.Namespaces ?? [])
        {
            errors.Invalid($"{path}.namespace", name, Names.IsDnsLabel(name));
        }

        errors.RequireName($"{path}.topologyKey", term.TopologyKey, Names.IsQualifiedName, "can not be empty");
    }

    private static void Weight(FieldErrors errors, int weight, string path)
    {
        if (weight is < 1 or > 100)
        {
            errors.Invalid(path, FieldErrors.Text(weight), "must be in the range 1-100");
        }
    }

    public static void Toleration(FieldErrors errors, Toleration toleration, string path)
    {
        if (!string.IsNullOrEmpty(toleration.Key))
        {
            errors.Invalid($"{path}.key", toleration.Key, Names.IsQualifiedName(toleration.Key));
        }
        else if (toleration.Operator != "Exists")
        {
            errors.Invalid($"{path}.operator", toleration.Operator ?? "", "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
        }

        if (toleration.TolerationSeconds is not null && toleration.Effect != "NoExecute")
        {
            errors.Invalid($"{path}.effect", toleration.Effect ?? "", "effect must be 'NoExecute' when `tolerationSeconds` is set");
        }

        switch (toleration.Operator)
        {
            case null or "" or "Equal":
                errors.Invalid($"{path}.operator", toleration.Value ?? "", Names.IsLabelValue(toleration.Value ?? ""));
                break;
            case "Exists":
                if (!string.IsNullOrEmpty(toleration.Value))
                {
                    errors.Invalid($"{path}.operator", JsonComparison.Text(toleration), "value must be empty when `operator` is 'Exists'");
                }

                break;
            default:
                errors.OneOf($"{path}.operator", toleration.Operator, "Equal", "Exists");
                break;
        }

        errors.OneOf($"{path}.effect", toleration.Effect, s_effects);
    }

    private static void Spread(FieldErrors errors, IReadOnlyList<TopologySpreadConstraint> constraints, string path)
    {
        var seen = new HashSet<(string, string)>();
        foreach (var (at, constraint) in constraints.Index())
        {
            var here = $"{path}[{at}]";
            if (constraint.MaxSkew <= 0)
            {
                errors.Invalid($"{here}.maxSkew", FieldErrors.Text(constraint.MaxSkew), "must be greater than zero");
            }

            errors.RequireName($"{here}.topologyKey", constraint.TopologyKey, Names.IsQualifiedName, "can not be empty");
            if (!new[] { "DoNotSchedule", "ScheduleAnyway" }.Contains(constraint.WhenUnsatisfiable))
            {
                errors.Add(ApiMachinery.Errors.FieldError.NotSupported($"{here}.whenUnsatisfiable", constraint.WhenUnsatisfiable, ["DoNotSchedule", "ScheduleAnyway"]));
            }

            if (!seen.Add((constraint.TopologyKey, constraint.WhenUnsatisfiable)))
            {
                errors.Duplicate($"{here}.{{topologyKey, whenUnsatisfiable}}", $"{{{constraint.TopologyKey}, {constraint.WhenUnsatisfiable}}}");
            }

            if (constraint.MinDomains is { } domains)
            {
                if (domains <= 0)
                {
                    errors.Invalid($"{here}.minDomains", FieldErrors.Text(domains), "must be greater than zero");
                }

                if (constraint.WhenUnsatisfiable != "DoNotSchedule")
                {
                    errors.Invalid($"{here}.minDomains", FieldErrors.Text(domains), $"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {constraint.WhenUnsatisfiable}");
                }
            }

            errors.OneOf($"{here}.nodeAffinityPolicy", constraint.NodeAffinityPolicy, "Honor", "Ignore");
            errors.OneOf($"{here}.nodeTaintsPolicy", constraint.NodeTaintsPolicy, "Honor", "Ignore");
            errors.Selector($"{here}.labelSelector", constraint.LabelSelector);
        }
    }
}
