namespace KubeAspire.Scheduler.Queue;

/// <summary>How long pods wait.</summary>
/// <param name="BackoffInitial">Pause after the first attempt. 1 s, upstream's podInitialBackoffSeconds.</param>
/// <param name="BackoffMax">Pause that no attempt exceeds. 10 s, upstream's podMaxBackoffSeconds.</param>
/// <param name="UnschedulableMax">Time after which a pod is tried although nothing changed. 5 min, upstream's.</param>
public sealed record QueueTimes(TimeSpan BackoffInitial, TimeSpan BackoffMax, TimeSpan UnschedulableMax)
{
    /// <summary>Upstream's figures.</summary>
    public static QueueTimes Default { get; } = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(5));

    /// <summary>The pause after so many attempts: doubling.</summary>
    public TimeSpan BackoffAfter(int attempts)
    {
        var pause = BackoffInitial;
        for (var i = 1; i < attempts && pause < BackoffMax; i++)
        {
            pause *= 2;
        }

        return pause < BackoffMax ? pause : BackoffMax;
    }
}
