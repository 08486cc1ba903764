namespace KubeAspire.ControllerRuntime.Backoff;

/// <summary>How long a failing key waits: doubling from a first delay up to a longest one.</summary>
/// <remarks>client-go's ItemExponentialFailureRateLimiter: first 5 ms, longest 1000 s.</remarks>
public static class ExponentialBackoff
{
    /// <summary>Wait after the first failure. 5 ms.</summary>
    public static readonly TimeSpan Initial = TimeSpan.FromMilliseconds(5);

    /// <summary>Wait that no failure exceeds. 1000 s.</summary>
    public static readonly TimeSpan Maximum = TimeSpan.FromSeconds(1000);

    /// <summary>The wait after so many failures before this one: 5 ms, 10 ms, 20 ms, … 1000 s.</summary>
    /// <param name="failures">Failures before this one. Zero or more.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="failures"/> is negative.</exception>
    public static TimeSpan Delay(int failures) => Delay(failures, Initial, Maximum);

    /// <summary>The wait after so many failures, with other limits.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="failures"/> is negative.</exception>
    public static TimeSpan Delay(int failures, TimeSpan initial, TimeSpan maximum)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(failures);

        // Computed as a double: 2^failures leaves every integer type behind long before a key stops failing.
        var ticks = initial.Ticks * Math.Pow(2, failures);
        return ticks >= maximum.Ticks ? maximum : TimeSpan.FromTicks((long)ticks);
    }
}
