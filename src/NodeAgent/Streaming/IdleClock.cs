namespace KubeAspire.NodeAgent.Streaming;

/// <summary>Ends a stream that carries nothing for too long.</summary>
internal sealed class IdleClock : IDisposable
{
    private readonly TimeProvider _clock;
    private readonly TimeSpan _limit;
    private readonly CancellationTokenSource _expired;
    private readonly CancellationTokenRegistration _link;
    private readonly ITimer _timer;
    private long _last;

    /// <summary>Starts to count.</summary>
    /// <param name="clock">The clock.</param>
    /// <param name="limit">Longest silence.</param>
    /// <param name="cancellationToken">Ends the stream for another reason.</param>
    public IdleClock(TimeProvider clock, TimeSpan limit, CancellationToken cancellationToken)
    {
        (_clock, _limit, _last) = (clock, limit, clock.GetTimestamp());
        _expired = new CancellationTokenSource();
        _link = cancellationToken.UnsafeRegister(static state => ((IdleClock)state!).End(), this);
        _timer = clock.CreateTimer(_ => Look(), null, limit, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Cancelled when the silence was too long, or the stream ended otherwise.</summary>
    public CancellationToken Token => _expired.Token;

    /// <summary>Something was carried.</summary>
    public void Touch() => Volatile.Write(ref _last, _clock.GetTimestamp());

    /// <summary>Ends the stream.</summary>
    public void End()
    {
        try
        {
            _expired.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended already.
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        _link.Dispose();
        _expired.Dispose();
    }

    private void Look()
    {
        var left = _limit - _clock.GetElapsedTime(Volatile.Read(ref _last));
        if (left <= TimeSpan.Zero)
        {
            End();
            return;
        }

        try
        {
            _timer.Change(left, Timeout.InfiniteTimeSpan);
        }
        catch (ObjectDisposedException)
        {
            // It has ended meanwhile.
        }
    }
}
