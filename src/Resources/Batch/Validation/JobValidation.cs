using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Batch;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Batch.Validation;

/// <summary>A job's spec, in a Job or in a CronJob.</summary>
/// <remarks>Upstream's pkg/apis/batch/validation.</remarks>
internal static class JobValidation
{
    private const int MaximumIndexedParallelism = 100_000, MaximumPolicyRules = 20, MaximumExitCodes = 255, MaximumConditions = 20, MaximumManager = 63;

    /// <param name="errors">Where problems go.</param>
    /// <param name="spec">The spec.</param>
    /// <param name="path">Where it stands.</param>
    /// <param name="isTemplate">Whether a CronJob holds it: its selector is not made yet.</param>
    public static void Spec(FieldErrors errors, JobSpec spec, string path, bool isTemplate)
    {
        errors.NotNegative($"{path}.parallelism", spec.Parallelism);
        errors.NotNegative($"{path}.completions", spec.Completions);
        errors.NotNegative($"{path}.activeDeadlineSeconds", spec.ActiveDeadlineSeconds);
        errors.NotNegative($"{path}.backoffLimit", spec.BackoffLimit);
        errors.NotNegative($"{path}.ttlSecondsAfterFinished", spec.TtlSecondsAfterFinished);
        errors.NotNegative($"{path}.backoffLimitPerIndex", spec.BackoffLimitPerIndex);
        errors.NotNegative($"{path}.maxFailedIndexes", spec.MaxFailedIndexes);
        Completion(errors, spec, path);
        if (spec.ManagedBy is { } manager)
        {
            if (manager.Length > MaximumManager)
            {
                errors.Add(FieldError.TooLong($"{path}.managedBy", MaximumManager));
            }
            else if (!manager.Contains('/'))
            {
                errors.Invalid($"{path}.managedBy", manager, "must be a domain-prefixed path (such as \"acme.io/foo\")");
            }
        }

        Selector(errors, spec, path, isTemplate);
        TemplateValidation.Validate(errors, spec.Template, $"{path}.template");
        var restart = spec.Template.Spec?.RestartPolicy;
        if (restart is null or "" or "Always")
        {
            errors.Required($"{path}.template.spec.restartPolicy", "valid values: \"OnFailure\", \"Never\"");
        }
        else if (restart is not ("OnFailure" or "Never"))
        {
            errors.Add(FieldError.NotSupported($"{path}.template.spec.restartPolicy", restart, ["OnFailure", "Never"]));
        }
        else if (spec.PodFailurePolicy is not null && restart != "Never")
        {
            errors.Invalid($"{path}.template.spec.restartPolicy", restart, "only \"Never\" is supported when podFailurePolicy is specified");
        }

        FailurePolicy(errors, spec, $"{path}.podFailurePolicy");
        SuccessPolicy(errors, spec, $"{path}.successPolicy");
        if (spec.PodFailurePolicy is null)
        {
            errors.OneOf($"{path}.podReplacementPolicy", spec.PodReplacementPolicy, "Failed", "TerminatingOrFailed");
        }
        else
        {
            errors.OneOf($"{path}.podReplacementPolicy", spec.PodReplacementPolicy, "Failed");
        }
    }

    private static void Selector(FieldErrors errors, JobSpec spec, string path, bool isTemplate)
    {
        if (isTemplate)
        {
            if (spec.ManualSelector == true)
            {
                errors.Add(FieldError.NotSupported($"{path}.manualSelector", "true", ["nil", "false"]));
            }

            return;
        }

        if (spec.Selector is null)
        {
            errors.Required($"{path}.selector");
            return;
        }

        errors.Selector($"{path}.selector", spec.Selector);
        if (!spec.Selector.Matches(spec.Template.Metadata.Labels))
        {
            errors.Invalid($"{path}.template.metadata.labels", TemplateValidation.LabelsText(spec.Template.Metadata.Labels), "`selector` does not match template `labels`");
        }
    }

    private static void Completion(FieldErrors errors, JobSpec spec, string path)
    {
        errors.OneOf($"{path}.completionMode", spec.CompletionMode, "Indexed", "NonIndexed");
        if (spec.CompletionMode == "Indexed")
        {
            if (spec.Completions is null)
            {
                errors.Required($"{path}.completions", "when completion mode is Indexed");
            }

            if (spec.Parallelism > MaximumIndexedParallelism)
            {
                errors.Invalid($"{path}.parallelism", FieldErrors.Text(spec.Parallelism.Value), $"must be less than or equal to {MaximumIndexedParallelism} when completion mode is Indexed");
            }

            if (spec.MaxFailedIndexes is { } most && spec.Completions is { } completions && most > completions)
            {
                errors.Invalid($"{path}.maxFailedIndexes", FieldErrors.Text(most), "must be less than or equal to completions");
            }
        }
        else if (spec.BackoffLimitPerIndex is { } limit)
        {
            errors.Invalid($"{path}.backoffLimitPerIndex", FieldErrors.Text(limit), "requires indexed completion mode");
        }

        if (spec is { MaxFailedIndexes: { } failed, BackoffLimitPerIndex: null })
        {
            errors.Invalid($"{path}.maxFailedIndexes", FieldErrors.Text(failed), "requires backoffLimitPerIndex to be specified");
        }
    }

    private static void FailurePolicy(FieldErrors errors, JobSpec spec, string path)
    {
        if (spec.PodFailurePolicy is not { } policy)
        {
            return;
        }

        errors.TooMany($"{path}.rules", policy.Rules.Count, MaximumPolicyRules);
        var containers = (spec.Template.Spec?.Containers ?? []).Concat(spec.Template.Spec?.InitContainers ?? []).Select(container => container.Name).ToHashSet();
        foreach (var (at, rule) in policy.Rules.Index())
        {
            var here = $"{path}.rules[{at}]";
            if (rule.Action == "FailIndex" && spec.BackoffLimitPerIndex is null)
            {
                errors.Invalid($"{here}.action", rule.Action, "requires the backoffLimitPerIndex to be set");
            }

            errors.RequireOneOf($"{here}.action", rule.Action, "Count", "FailIndex", "FailJob", "Ignore");
            if (rule.OnExitCodes is { } codes)
            {
                ExitCodes(errors, codes, containers, $"{here}.onExitCodes");
            }

            var conditions = rule.OnPodConditions ?? [];
            errors.TooMany($"{here}.onPodConditions", conditions.Count, MaximumConditions);
            foreach (var (index, pattern) in conditions.Index())
            {
                errors.RequireName($"{here}.onPodConditions[{index}].type", pattern.Type, Names.IsQualifiedName);
                errors.RequireOneOf($"{here}.onPodConditions[{index}].status", pattern.Status, "False", "True", "Unknown");
            }

            if (rule.OnExitCodes is not null && conditions.Count > 0)
            {
                errors.Invalid(here, JsonComparison.Text(rule), "specifying both OnExitCodes and OnPodConditions is not supported");
            }
            else if (rule.OnExitCodes is null && conditions.Count == 0)
            {
                errors.Invalid(here, JsonComparison.Text(rule), "specifying one of OnExitCodes and OnPodConditions is required");
            }
        }
    }

    private static void ExitCodes(FieldErrors errors, PodFailurePolicyOnExitCodesRequirement codes, HashSet<string> containers, string path)
    {
        errors.RequireOneOf($"{path}.operator", codes.Operator, "In", "NotIn");
        if (codes.ContainerName is { } name && !containers.Contains(name))
        {
            errors.Invalid($"{path}.containerName", name, "must be one of the container or initContainer names in the pod template");
        }

        if (codes.Values.Count == 0)
        {
            errors.Invalid($"{path}.values", "[]", "at least one value is required");
        }

        errors.TooMany($"{path}.values", codes.Values.Count, MaximumExitCodes);
        var seen = new HashSet<int>();
        foreach (var (at, value) in codes.Values.Index())
        {
            if (codes.Operator == "In" && value == 0)
            {
                errors.Invalid($"{path}.values[{at}]", "0", "must not be 0 for the In operator");
            }

            if (!seen.Add(value))
            {
                errors.Duplicate($"{path}.values[{at}]", FieldErrors.Text(value));
            }
        }

        if (!codes.Values.SequenceEqual(codes.Values.Order()))
        {
            errors.Invalid($"{path}.values", $"[{string.Join(',', codes.Values)}]", "must be ordered");
        }
    }

    private static void SuccessPolicy(FieldErrors errors, JobSpec spec, string path)
    {
        if (spec.SuccessPolicy is not { } policy)
        {
            return;
        }

        if (spec.CompletionMode != "Indexed")
        {
            errors.Invalid(path, JsonComparison.Text(policy), "requires indexed completion mode");
            return;
        }

        if (policy.Rules.Count == 0)
        {
            errors.Required($"{path}.rules", "at least one rules must be specified when the successPolicy is specified");
        }

        errors.TooMany($"{path}.rules", policy.Rules.Count, MaximumPolicyRules);
        var completions = spec.Completions ?? 0;
        foreach (var (at, rule) in policy.Rules.Index())
        {
            var here = $"{path}.rules[{at}]";
            if (rule is { SucceededCount: null, SucceededIndexes: null })
            {
                errors.Required(here, "at least one of succeededCount or succeededIndexes must be specified");
            }

            IndexSet? indexes = null;
            if (rule.SucceededIndexes is { } text && !IndexSet.TryParse(text, completions, out indexes, out var problem))
            {
                errors.Invalid($"{here}.succeededIndexes", text, $"error parsing succeededIndexes: {problem}");
            }

            errors.NotNegative($"{here}.succeededCount", rule.SucceededCount);
            if (rule.SucceededCount is { } count && count > completions)
            {
                errors.Invalid($"{here}.succeededCount", FieldErrors.Text(count), $"must be less than or equal to {completions} (the number of specified completions)");
            }

            if (rule.SucceededCount is { } wanted && indexes is not null && wanted > indexes.Count)
            {
                errors.Invalid($"{here}.succeededCount", FieldErrors.Text(wanted), $"must be less than or equal to {indexes.Count} (the number of indexes in the specified succeededIndexes field)");
            }
        }
    }

    /// <summary>The labels and the selector that the server makes unless a user insists on his own.</summary>
    public static void GeneratedSelector(FieldErrors errors, Job job)
    {
        if (job.Spec.ManualSelector == true || job.Spec.Selector is null)
        {
            return;
        }

        var (name, uid) = (job.Metadata.Name ?? "", job.Metadata.Uid ?? "");
        var labels = job.Spec.Template.Metadata.Labels;
        foreach (var (key, expected) in new[]
        {
            (JobKind.ControllerUidLabel, uid), (JobKind.JobNameLabel, name), ("controller-uid", uid), ("job-name", name),
        })
        {
            if (labels?.GetValueOrDefault(key) is not { } found)
            {
                errors.Required("spec.template.metadata.labels", $"must be '{expected}'");
            }
            else if (found != expected)
            {
                errors.Invalid("spec.template.metadata.labels", TemplateValidation.LabelsText(labels), $"must be '{expected}'");
            }
        }

        var generated = job.Spec.Selector.MatchExpressions is not { Count: > 0 } && job.Spec.Selector.MatchLabels is { Count: > 0 } matched
            && matched.All(pair => (pair.Key is JobKind.ControllerUidLabel or "controller-uid" && pair.Value == uid) || (pair.Key is JobKind.JobNameLabel or "job-name" && pair.Value == name));
        if (!generated)
        {
            errors.Invalid("spec.selector", JsonComparison.Text(job.Spec.Selector), "`selector` not auto-generated");
        }
    }

    public static FieldErrors Update(Job value, Job stored)
    {
        var errors = new FieldErrors();
        var (spec, old) = (value.Spec, stored.Spec);
        if (spec.Completions != old.Completions)
        {
            if (spec.CompletionMode != "Indexed" || spec.Completions is null || old.Completions is null)
            {
                errors.Invalid("spec.completions", spec.Completions is { } wanted ? FieldErrors.Text(wanted) : "null", FieldErrors.Immutable);
            }
            else if (spec.Completions != spec.Parallelism)
            {
                errors.Invalid("spec.completions", FieldErrors.Text(spec.Completions.Value), "can only be modified in tandem with parallelism");
            }
        }

        errors.Unchanged("spec.selector", spec.Selector, old.Selector);
        var mayPlace = old.Suspend == true && stored.Status.StartTime is null;
        errors.Unchanged("spec.template", mayPlace ? Placed(spec.Template, old.Template) : spec.Template, old.Template);
        errors.Unchanged("spec.completionMode", spec.CompletionMode, old.CompletionMode);
        errors.Unchanged("spec.podFailurePolicy", spec.PodFailurePolicy, old.PodFailurePolicy);
        errors.Unchanged("spec.backoffLimitPerIndex", Number(spec.BackoffLimitPerIndex), Number(old.BackoffLimitPerIndex));
        errors.Unchanged("spec.managedBy", spec.ManagedBy, old.ManagedBy);
        errors.Unchanged("spec.successPolicy", spec.SuccessPolicy, old.SuccessPolicy);
        return errors;
    }

    private static string? Number(int? number) => number is { } value ? FieldErrors.Text(value) : null;

    // A suspended job that has never run may still be told where to run.
    private static PodTemplateSpec Placed(PodTemplateSpec template, PodTemplateSpec old) => template with
    {
        Metadata = template.Metadata with { Labels = old.Metadata.Labels, Annotations = old.Metadata.Annotations },
        Spec = template.Spec is null || old.Spec is null ? template.Spec : template.Spec with
        {
            Affinity = old.Spec.Affinity, NodeSelector = old.Spec.NodeSelector, Tolerations = old.Spec.Tolerations, SchedulingGates = old.Spec.SchedulingGates,
        },
    };

    public static FieldErrors StatusUpdate(Job value, Job stored)
    {
        var errors = new FieldErrors();
        var (status, old) = (value.Status, stored.Status);
        errors.NotNegative("status.active", status.Active);
        errors.NotNegative("status.succeeded", status.Succeeded);
        errors.NotNegative("status.failed", status.Failed);
        errors.NotNegative("status.ready", status.Ready);
        errors.NotNegative("status.terminating", status.Terminating);
        ReplicaStatusValidation.NotMore(errors, "status.ready", status.Ready, status.Active ?? 0, "status.active");
        foreach (var ended in (string[])["Complete", "Failed"])
        {
            if (Is(old, ended) && !Is(status, ended))
            {
                errors.Invalid("status.conditions", ended, "cannot disable the terminal condition");
            }
        }

        if (Is(status, "Complete") && Is(status, "Failed"))
        {
            errors.Invalid("status.conditions", "Complete", "cannot set Complete=True and Failed=True conditions");
        }

        if (status.CompletionTime is not null && !Is(status, "Complete"))
        {
            errors.Invalid("status.completionTime", "", "cannot set completionTime when there is no Complete=True condition");
        }

        if ((status.Succeeded ?? 0) < (old.Succeeded ?? 0) && value.Spec.CompletionMode != "Indexed")
        {
            errors.Invalid("status.succeeded", FieldErrors.Text(status.Succeeded ?? 0), "cannot decrease the number of succeeded pods");
        }

        return errors;
    }

    private static bool Is(JobStatus status, string condition) => status.Conditions?.Any(found => found.Type == condition && found.Status == "True") == true;
}
