using KubeAspire.ControllerRuntime.Backoff;
using KubeAspire.Testing;

namespace KubeAspire.ControllerRuntime.Tests.Backoff;

public sealed class BackoffTests
{
    [Theory]
    [InlineData(0, 5)]
    [InlineData(1, 10)]
    [InlineData(10, 5_120)]
    [InlineData(17, 655_360)]
    [InlineData(18, 1_000_000)]
    [InlineData(5_000, 1_000_000)]
    [InlineData(int.MaxValue, 1_000_000)]
    public void Delay_Doubles_UpToTheMaximum(int failures, int milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), ExponentialBackoff.Delay(failures));

    [Fact]
    public void Bucket_GivesItsBurstAtOnce_AndThenItsRate()
    {
        var clock = new ManualClock();
        var bucket = new TokenBucket(clock, 10, 3);

        Assert.Equal([0, 0, 0, 100, 200], Enumerable.Range(0, 5).Select(_ => (int)bucket.Reserve().TotalMilliseconds));

        clock.Advance(TimeSpan.FromMilliseconds(300));
        Assert.True(bucket.TryTake());
        Assert.False(bucket.TryTake());

        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(_ => bucket.TryTake()));
    }
}
