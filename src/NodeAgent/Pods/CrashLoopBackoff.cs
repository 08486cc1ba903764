namespace KubeAspire.NodeAgent.Pods;

/// <summary>How long to hold a container, or a pull, back before trying again.</summary>
internal static class CrashLoopBackoff
{
    /// <summary>First wait. 10 s.</summary>
    public static readonly TimeSpan Initial = TimeSpan.FromSeconds(10);

    /// <summary>Wait that none exceeds. 300 s.</summary>
    public static readonly TimeSpan Maximum = TimeSpan.FromSeconds(300);

    /// <summary>Uptime after which the count starts over: twice <see cref="Maximum"/>, 600 s.</summary>
    public static readonly TimeSpan ResetAfter = 2 * Maximum;

    /// <summary>Gets the wait after an end: none the first time, then 10, 20, 40, 80, 160 and 300 s for ever.</summary>
    /// <param name="quickRestarts">Restarts since the container last ran for <see cref="ResetAfter"/>. Zero or more.</param>
    /// <remarks>
    /// Same figures as the kubelet: <c>backOffPeriod</c> and <c>MaxContainerBackOff</c>. The first end starts the count and is
    /// followed by a restart at once; KEP-4603, "Kubelet CrashLoopBackOff", describes the reset.
    /// </remarks>
    public static TimeSpan Delay(int quickRestarts)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(quickRestarts);
        if (quickRestarts == 0)
        {
            return TimeSpan.Zero;
        }

        // 2^5 x 10 s already passes the cap; clamping the exponent keeps the shift from overflowing.
        var delay = Initial * (1 << Math.Min(quickRestarts - 1, 5));
        return delay < Maximum ? delay : Maximum;
    }

    /// <summary>The count that an ended container stands for: its own, or none where it ran long enough.</summary>
    public static int CountOf(ObservedContainer ended) => ended.EndedAt - ended.BeganAt >= ResetAfter ? 0 : ended.Backoff;
}
