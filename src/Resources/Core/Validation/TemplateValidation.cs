using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Core.Validation;

/// <summary>A workload's pod template and the selector that must match it.</summary>
internal static class TemplateValidation
{
    /// <summary>A template on its own.</summary>
    public static void Validate(FieldErrors errors, PodTemplateSpec template, string path)
    {
        errors.Labels($"{path}.labels", template.Metadata.Labels);
        errors.Annotations($"{path}.annotations", template.Metadata.Annotations);
        PodSpecValidation.Validate(errors, template.Spec ?? new(), $"{path}.spec");
        if (template.Spec?.EphemeralContainers is { Count: > 0 })
        {
            errors.Forbidden($"{path}.spec.ephemeralContainers", "ephemeral containers not allowed in pod template");
        }
    }

    /// <summary>The template of something that keeps its pods running for ever; <paramref name="matches"/> says whether its selector matches their labels.</summary>
    public static void ValidateForReplicas(FieldErrors errors, PodTemplateSpec? template, Func<IReadOnlyDictionary<string, string>?, bool> matches, string path)
    {
        if (template is null)
        {
            errors.Required(path);
            return;
        }

        if (!matches(template.Metadata.Labels))
        {
            errors.Invalid($"{path}.metadata.labels", LabelsText(template.Metadata.Labels), "`selector` does not match template `labels`");
        }

        Validate(errors, template, path);
        if (template.Spec?.RestartPolicy is { Length: > 0 } policy and not "Always")
        {
            errors.Add(FieldError.NotSupported($"{path}.spec.restartPolicy", policy, ["Always"]));
        }

        if (template.Spec?.ActiveDeadlineSeconds is not null)
        {
            errors.Forbidden($"{path}.spec.activeDeadlineSeconds", "activeDeadlineSeconds in ReplicaSet is not Supported");
        }
    }

    /// <summary>A workload's LabelSelector, which must be there and select something.</summary>
    public static void Selector(FieldErrors errors, LabelSelector selector, string path)
    {
        if (IsEmpty(selector))
        {
            errors.Required(path);
        }
        else
        {
            errors.Selector(path, selector);
        }
    }

    /// <summary>Whether a selector matches, for <see cref="ValidateForReplicas"/>: one that is missing matches nothing.</summary>
    public static Func<IReadOnlyDictionary<string, string>?, bool> Matching(LabelSelector selector) => labels => !IsEmpty(selector) && selector.Matches(labels);

    private static bool IsEmpty(LabelSelector selector) => selector is { MatchLabels: not { Count: > 0 }, MatchExpressions: not { Count: > 0 } };

    /// <summary>Labels as upstream shows them.</summary>
    public static string LabelsText(IReadOnlyDictionary<string, string>? labels) => labels is null
        ? "null"
        : "{" + string.Join(',', labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"\"{label.Key}\":\"{label.Value}\"")) + "}";
}
