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

/// <summary>Rules of <c>batch/v1 CronJob</c>: a job whenever a schedule says so.</summary>
public sealed class CronJobKind : ResourceKind<CronJob>
{
    private const int MaximumName = 52; // A job's name adds eleven characters and must stay a label.

    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["cj"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["all"];

    /// <inheritdoc/>
    public override bool Traced => true;

    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        var spec = value.Ensure("spec");
        spec.DefaultText("concurrencyPolicy", "Allow");
        spec.Default("suspend", false);
        spec.Default("successfulJobsHistoryLimit", 3);
        spec.Default("failedJobsHistoryLimit", 1);
        PodDefaults.ApplyTemplate(spec.Ensure("jobTemplate").Ensure("spec").Ensure("template"));
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(CronJob value)
    {
        var errors = new FieldErrors();
        var spec = value.Spec;
        if (value.Metadata.Name?.Length > MaximumName)
        {
            errors.Invalid("metadata.name", value.Metadata.Name, $"must be no more than {MaximumName} characters");
        }

        if (spec.Schedule.Length == 0)
        {
            errors.Required("spec.schedule");
        }
        else if (spec.Schedule.Contains("TZ", StringComparison.Ordinal))
        {
            errors.Invalid("spec.schedule", spec.Schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
        }
        else if (!CronSchedule.TryParse(spec.Schedule, out _, out var problem))
        {
            errors.Invalid("spec.schedule", spec.Schedule, problem);
        }

        if (spec.TimeZone is { } zone)
        {
            TimeZone(errors, zone);
        }

        errors.NotNegative("spec.startingDeadlineSeconds", spec.StartingDeadlineSeconds);
        errors.RequireOneOf("spec.concurrencyPolicy", spec.ConcurrencyPolicy, "Allow", "Forbid", "Replace");
        errors.NotNegative("spec.successfulJobsHistoryLimit", spec.SuccessfulJobsHistoryLimit);
        errors.NotNegative("spec.failedJobsHistoryLimit", spec.FailedJobsHistoryLimit);
        JobValidation.Spec(errors, spec.JobTemplate.Spec ?? new(), "spec.jobTemplate.spec", isTemplate: true);
        return errors;
    }

    private static void TimeZone(FieldErrors errors, string zone)
    {
        if (zone.Length == 0)
        {
            errors.Invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string");
        }
        else if (zone.Equals("Local", StringComparison.OrdinalIgnoreCase))
        {
            errors.Invalid("spec.timeZone", zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
        }
        else if (!TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _))
        {
            errors.Invalid("spec.timeZone", zone, $"unknown time zone {zone}");
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<string> WarningsFor(CronJob value) => PodWarnings.For(value.Spec.JobTemplate.Spec?.Template.Spec, "spec.jobTemplate.spec.template.spec");

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Schedule", Description: "When jobs are made, in cron's five fields."),
        new("Timezone", Description: "The time zone of the schedule."),
        new("Suspend", "boolean", Description: "Whether no new jobs are made."),
        new("Active", "integer", Description: "Jobs that run."),
        new("Last Schedule", Description: "Time since the last job was made."),
        TableColumn.Age,
        new("Containers", Priority: 1, Description: "Names of the containers."),
        new("Images", Priority: 1, Description: "Images of the containers."),
        new("Selector", Priority: 1, Description: "Which pods are counted."),
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(CronJob value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        value.Spec.Schedule,
        value.Spec.TimeZone ?? "<none>",
        value.Spec.Suspend == true ? "True" : "False",
        value.Status.Active?.Count ?? 0,
        value.Status.LastScheduleTime is { } last ? TableCells.Age(last, now) : "<none>",
        TableCells.Age(value.Metadata.CreationTimestamp, now),
        TemplateCells.Containers(value.Spec.JobTemplate.Spec?.Template),
        TemplateCells.Images(value.Spec.JobTemplate.Spec?.Template),
        LabelSelectorText.OrNone(value.Spec.JobTemplate.Spec?.Selector),
    ];
}
