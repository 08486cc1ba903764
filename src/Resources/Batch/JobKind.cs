using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Batch.Validation;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Batch;

/// <summary>Rules of <c>batch/v1 Job</c>: pods that run to their end, as often as wanted.</summary>
public sealed class JobKind : ResourceKind<Job>
{
    /// <summary>Label of a job's pods: the uid of the job.</summary>
    public const string ControllerUidLabel = "batch.kubernetes.io/controller-uid";

    /// <summary>Label of a job's pods: the name of the job.</summary>
    public const string JobNameLabel = "batch.kubernetes.io/job-name";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["all"];

    /// <inheritdoc/>
    public override bool Traced => true;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<IKubernetesObject, string>> SelectableFields { get; } = Selectable(
        ("status.successful", job => FieldErrors.Text(job.Status.Succeeded ?? 0)));

    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        var spec = value.Ensure("spec");
        if (spec["completions"] is null && spec["parallelism"] is null)
        {
            spec["completions"] = 1;
            spec["parallelism"] = 1;
        }

        spec.Default("parallelism", 1);
        spec.Default("backoffLimit", spec["backoffLimitPerIndex"] is null ? 6 : int.MaxValue);
        spec.Default("completionMode", "NonIndexed");
        spec.Default("suspend", false);
        spec.Default("podReplacementPolicy", spec["podFailurePolicy"] is null ? "TerminatingOrFailed" : "Failed");
        spec.Default("manualSelector", false);
        foreach (var pattern in spec.Child("podFailurePolicy").Items("rules").SelectMany(rule => rule.Items("onPodConditions")))
        {
            pattern.DefaultText("status", "True");
        }

        var template = spec.Ensure("template");
        if (value.Child("metadata").Child("labels") is not { Count: > 0 } && template.Child("metadata").Child("labels") is { Count: > 0 } labels)
        {
            value.Ensure("metadata")["labels"] = labels.DeepClone();
        }

        PodDefaults.ApplyTemplate(template);
    }

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject value)
    {
        value["status"] = new JsonObject();
        var (spec, metadata) = (value.Ensure("spec"), value.Ensure("metadata"));
        if (spec.IsTrue("manualSelector"))
        {
            return;
        }

        var (name, uid) = (metadata.Text("name") ?? "", metadata.Text("uid") ?? "");
        var labels = spec.Ensure("template").Ensure("metadata").Ensure("labels");
        foreach (var (key, owned) in new[] { ("job-name", name), (JobNameLabel, name), ("controller-uid", uid), (ControllerUidLabel, uid) })
        {
            if (labels[key] is not null && labels.Text(key) != owned)
            {
                return; // A label that is ours was set by hand: validation says so.
            }

            labels[key] = owned;
        }

        spec.Ensure("selector").Ensure("matchLabels").Default(ControllerUidLabel, uid);
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(Job value)
    {
        var errors = new FieldErrors();
        JobValidation.Spec(errors, value.Spec, "spec", isTemplate: false);
        JobValidation.GeneratedSelector(errors, value);
        if (value.Spec is { CompletionMode: "Indexed", Completions: > 0 } && value.Metadata.Name is { } name
            && Names.IsDnsLabel($"{name}-{value.Spec.Completions - 1}") is { Count: > 0 } problems)
        {
            errors.Invalid("metadata.name", name, problems.Select(problem => $"will not able to create pod with invalid DNS label: {problem}"));
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(Job value, Job stored) => JobValidation.Update(value, stored);

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateStatusUpdate(Job value, Job stored) => JobValidation.StatusUpdate(value, stored);

    /// <inheritdoc/>
    protected override IEnumerable<string> WarningsFor(Job value) => PodWarnings.For(value.Spec.Template.Spec, "spec.template.spec");

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Status", Description: "How the job stands."),
        new("Completions", Description: "Pods that succeeded, of those wanted."),
        new("Duration", Description: "How long it took, or takes."),
        TableColumn.Age,
        new("Containers", Priority: 1, Description: "Names of the containers."),
        new("Images", Priority: 1, Description: "Images of the containers."),
        new("Selector", Priority: 1, Description: "Which pods are counted."),
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(Job value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        Status(value),
        Completions(value),
        value.Status.StartTime is { } start ? TableCells.HumanDuration((value.Status.CompletionTime ?? now) - start) : "",
        TableCells.Age(value.Metadata.CreationTimestamp, now),
        TemplateCells.Containers(value.Spec.Template),
        TemplateCells.Images(value.Spec.Template),
        LabelSelectorText.OrNone(value.Spec.Selector),
    ];

    private static string Status(Job value) =>
        Is(value, "Complete") ? "Complete"
        : Is(value, "Failed") ? "Failed"
        : value.Metadata.DeletionTimestamp is not null ? "Terminating"
        : Is(value, "Suspended") ? "Suspended"
        : Is(value, "FailureTarget") ? "FailureTarget"
        : Is(value, "SuccessCriteriaMet") ? "SuccessCriteriaMet"
        : "Running";

    private static string Completions(Job value)
    {
        var succeeded = value.Status.Succeeded ?? 0;
        return value.Spec.Completions is { } wanted ? $"{succeeded}/{wanted}"
            : value.Spec.Parallelism is > 1 and var parallel ? $"{succeeded}/1 of {parallel}"
            : $"{succeeded}/1";
    }

    private static bool Is(Job value, string condition) => value.Status.Conditions?.Any(found => found.Type == condition && found.Status == "True") == true;
}
