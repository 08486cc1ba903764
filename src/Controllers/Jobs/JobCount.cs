using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Batch;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.Jobs;

/// <summary>How a job's pods stand, what has been counted of them and what is still to be.</summary>
internal sealed class JobCount
{
    private readonly Dictionary<int, int> _failures = [];
    private readonly List<string> _uncountedSucceeded = [], _uncountedFailed = [];
    private int _succeeded, _failed;

    /// <summary>Pods that work and are not on their way out.</summary>
    public required IReadOnlyList<Pod> Active { get; init; }

    /// <summary>Pods that are on their way out and have not ended.</summary>
    public required int Terminating { get; init; }

    /// <summary>Indexes that succeeded; null for a job without indexes.</summary>
    public IndexSet? CompletedIndexes { get; private init; }

    /// <summary>Indexes that failed for good; null for a job that does not count by index.</summary>
    public IndexSet? FailedIndexes { get; private init; }

    /// <summary>Why podFailurePolicy fails the job, or null.</summary>
    public string? PolicyFailure { get; private set; }

    /// <summary>Pods whose end is taken account of: their finalizer may go.</summary>
    public List<Pod> ToFree { get; } = [];

    /// <summary>Ends first seen in this pass.</summary>
    public int NewlyFailed { get; private set; }

    /// <summary>Successes first seen in this pass.</summary>
    public int NewlySucceeded { get; private set; }

    /// <summary>Successes, counted or about to be.</summary>
    public int Succeeded => CompletedIndexes?.Count ?? _succeeded + _uncountedSucceeded.Count;

    /// <summary>Failures, counted or about to be.</summary>
    public int Failed => _failed + _uncountedFailed.Count;

    /// <summary>Whether every end has become a number.</summary>
    public bool IsSettled => _uncountedSucceeded.Count + _uncountedFailed.Count == 0;

    /// <summary>How often an index failed so far.</summary>
    public int FailuresOf(int index) => _failures.GetValueOrDefault(index);

    /// <summary>Counts.</summary>
    public static JobCount Of(Job job, IReadOnlyList<Pod> pods)
    {
        var (spec, status) = (job.Spec, job.Status);
        var completions = spec.Completions ?? 0;
        var count = new JobCount
        {
            Active = [.. pods.Where(PodFacts.IsActive)],
            Terminating = pods.Count(PodFacts.IsTerminating),
            CompletedIndexes = spec.CompletionMode == "Indexed" ? IndexSet.Parse(status.CompletedIndexes, completions) : null,
            FailedIndexes = spec.BackoffLimitPerIndex is not null ? IndexSet.Parse(status.FailedIndexes, completions) : null,
            _succeeded = status.Succeeded ?? 0,
            _failed = status.Failed ?? 0,
        };
        var tracked = pods.Where(JobPods.IsTracked).ToDictionary(pod => pod.Metadata.Uid ?? "");
        count.Flush(status.UncountedTerminatedPods, tracked);
        var over = status.Conditions?.Any(condition => condition is { Type: "SuccessCriteriaMet" or "FailureTarget", Status: "True" }) == true;
        foreach (var pod in pods)
        {
            count.Take(job, pod, over);
        }

        return count;
    }

    /// <summary>The status with the counts in it.</summary>
    public JobStatus Apply(JobStatus status) => status with
    {
        Succeeded = JobPlanner.Some(CompletedIndexes?.Count ?? _succeeded),
        Failed = JobPlanner.Some(_failed),
        CompletedIndexes = CompletedIndexes is { Count: > 0 } ? CompletedIndexes.ToString() : null,
        FailedIndexes = FailedIndexes?.ToString(),
        UncountedTerminatedPods = new UncountedTerminatedPods
        {
            Succeeded = _uncountedSucceeded.Count > 0 ? _uncountedSucceeded : null, Failed = _uncountedFailed.Count > 0 ? _uncountedFailed : null,
        },
    };

    // A uid whose pod has lost its finalizer, or is gone, becomes a number.
    private void Flush(UncountedTerminatedPods? uncounted, Dictionary<string, Pod> tracked)
    {
        foreach (var uid in uncounted?.Succeeded ?? [])
        {
            if (tracked.ContainsKey(uid))
            {
                _uncountedSucceeded.Add(uid);
            }
            else
            {
                _succeeded++;
            }
        }

        foreach (var uid in uncounted?.Failed ?? [])
        {
            if (tracked.ContainsKey(uid))
            {
                _uncountedFailed.Add(uid);
            }
            else
            {
                _failed++;
            }
        }
    }

    private void Take(Job job, Pod pod, bool over)
    {
        var failed = JobPods.IsFailed(job, pod);
        var index = JobPods.IndexOf(pod);
        var verdict = failed && pod.Status.Phase == "Failed" ? FailureVerdict.Of(job, pod) : null;
        if (failed && index is { } number && verdict?.Action != "Ignore")
        {
            _failures[number] = Math.Max(_failures.GetValueOrDefault(number), JobPods.FailuresBefore(pod) + 1);
        }

        var uid = pod.Metadata.Uid ?? "";
        if (!JobPods.IsTracked(pod))
        {
            return;
        }

        if (_uncountedSucceeded.Contains(uid) || _uncountedFailed.Contains(uid))
        {
            ToFree.Add(pod);
            return;
        }

        if (pod.Status.Phase == "Succeeded")
        {
            TakeSuccess(pod, uid, index);
        }
        else if (failed || (pod.Metadata.DeletionTimestamp is not null && over))
        {
            TakeFailure(job, pod, uid, index, verdict, over);
        }
    }

    private void TakeSuccess(Pod pod, string uid, int? index)
    {
        ToFree.Add(pod);
        if (CompletedIndexes is null)
        {
            NewlySucceeded++;
            _uncountedSucceeded.Add(uid);
        }
        else if (index is { } number && !CompletedIndexes.Contains(number))
        {
            NewlySucceeded++;
            CompletedIndexes.Add(number);
        }
    }

    private void TakeFailure(Job job, Pod pod, string uid, int? index, FailureVerdict? verdict, bool over)
    {
        ToFree.Add(pod);
        // What the job itself takes away, because it is suspended or has succeeded, did not fail.
        var taken = pod.Status.Phase != "Failed" && (job.Spec.Suspend == true || over);
        if (verdict?.Action == "Ignore" || taken)
        {
            return;
        }

        if (verdict?.Action == "FailJob")
        {
            PolicyFailure ??= verdict.Message;
        }

        NewlyFailed++;
        _uncountedFailed.Add(uid);
        if (FailedIndexes is { } indexes && index is { } number && !CompletedIndexes!.Contains(number)
            && (verdict?.Action == "FailIndex" || FailuresOf(number) > job.Spec.BackoffLimitPerIndex))
        {
            indexes.Add(number);
        }
    }
}
