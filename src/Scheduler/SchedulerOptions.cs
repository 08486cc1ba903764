using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace KubeAspire.Scheduler;

/// <summary>How pods are scheduled. Bound from the <c>Scheduler</c> section; a bad value stops start-up.</summary>
public sealed class SchedulerOptions
{
    /// <summary>The configuration section these are bound from.</summary>
    public const string SectionName = "Scheduler";

    /// <summary>Pods with this <c>spec.schedulerName</c> are ours. Default <c>default-scheduler</c>.</summary>
    [Required]
    public string SchedulerName { get; set; } = "default-scheduler";

    /// <summary>Pause after a pod's first attempt. Default 1 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:10:00")]
    public TimeSpan BackoffInitial { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Pause that no attempt exceeds. Default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "01:00:00")]
    public TimeSpan BackoffMax { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Time after which a pod that fits nowhere is tried although nothing changed. Default 5 min.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "24:00:00")]
    public TimeSpan UnschedulableMax { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long after its binding a pod is counted on its node though the watch has not shown it. Default 15 min.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "24:00:00")]
    public TimeSpan AssumedMax { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Bindings and status writes under way at once; the next decision waits. Default 64.</summary>
    [Range(1, 10_000)]
    public int WritesInFlight { get; set; } = 64;

    /// <summary>Nodes that the event of a pod that fits nowhere names one by one. Default 10.</summary>
    [Range(0, 100)]
    public int NodesInEvent { get; set; } = 10;

    /// <summary>Pods whose last decision is kept for an explanation. Default 2000.</summary>
    [Range(1, 1_000_000)]
    public int DecisionsKept { get; set; } = 2000;
}

/// <summary>Checks each attribute above; generated, so start-up pays no reflection.</summary>
[OptionsValidator]
internal sealed partial class SchedulerOptionsValidator : IValidateOptions<SchedulerOptions>;
