namespace KubeAspire.Client.Informers;

/// <summary>How long an informer waits after a list or a watch that failed.</summary>
/// <remarks>client-go's reflector: 800 ms doubling to 30 s with jitter of up to the same again, forgotten after 2 min without failure.</remarks>
internal sealed class InformerBackoff(TimeProvider clock, Random random)
{
    /// <summary>Wait after the first failure, before jitter. 800 ms.</summary>
    public static readonly TimeSpan Initial = TimeSpan.FromMilliseconds(800);

    /// <summary>Wait that no failure exceeds, before jitter. 30 s.</summary>
    public static readonly TimeSpan Maximum = TimeSpan.FromSeconds(30);

    /// <summary>Time without failure after which the count starts over. 2 min.</summary>
    public static readonly TimeSpan ResetAfter = TimeSpan.FromMinutes(2);

    private int _failures;
    private long _lastFailure = clock.GetTimestamp();

    /// <summary>Counts a failure and says how long to wait.</summary>
    public TimeSpan Next()
    {
        var now = clock.GetTimestamp();
        if (clock.GetElapsedTime(_lastFailure, now) > ResetAfter)
        {
            _failures = 0;
        }

        _lastFailure = now;

        // 2^6 x 800 ms already passes the cap.
        var wait = Initial * (1 << Math.Min(_failures, 6));
        _failures = Math.Min(_failures + 1, 6);
        wait = wait < Maximum ? wait : Maximum;
        return wait + (wait * random.NextDouble());
    }
}
