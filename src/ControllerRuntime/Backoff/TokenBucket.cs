namespace KubeAspire.ControllerRuntime.Backoff;

/// <summary>A rate that holds over all who share it. A reservation always succeeds and says how long to wait.</summary>
/// <param name="clock">The clock.</param>
/// <param name="tokensPerSecond">Steady rate. More than zero.</param>
/// <param name="burst">Tokens of a full bucket. At least one.</param>
public sealed class TokenBucket(TimeProvider clock, double tokensPerSecond, double burst)
{
    private readonly Lock _gate = new();
    private readonly double _burst = burst;
    private double _tokens = burst;
    private long _filledAt = clock.GetTimestamp();

    /// <summary>Takes a token, from the future where none is left.</summary>
    /// <returns>How long until the token exists; zero for now.</returns>
    public TimeSpan Reserve()
    {
        lock (_gate)
        {
            Fill();
            _tokens -= 1;
            return _tokens >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-_tokens / tokensPerSecond);
        }
    }

    /// <summary>Takes a token if one is there now.</summary>
    public bool TryTake()
    {
        lock (_gate)
        {
            Fill();
            if (_tokens < 1)
            {
                return false;
            }

            _tokens -= 1;
            return true;
        }
    }

    private void Fill()
    {
        var now = clock.GetTimestamp();
        _tokens = Math.Min(_burst, _tokens + (clock.GetElapsedTime(_filledAt, now).TotalSeconds * tokensPerSecond));
        _filledAt = now;
    }
}
