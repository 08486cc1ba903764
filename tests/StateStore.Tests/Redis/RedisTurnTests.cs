using KubeAspire.StateStore.Redis;
using KubeAspire.Testing;

namespace KubeAspire.StateStore.Tests.Redis;

public sealed class RedisTurnTests
{
    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(1);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Turns_ComeOneAfterTheOther()
    {
        await using var redis = await RedisStore.OfSharedAsync();
        var (within, most) = (0, 0);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            await using var turn = await RedisTurn.TakeAsync(redis.Options(), "turn", s_long, Token);
            most = Math.Max(most, Interlocked.Increment(ref within));
            await Task.Yield();
            Interlocked.Decrement(ref within);
        }));

        Assert.Equal(1, most);
    }

    [Fact]
    public async Task WhoHasWaitedAsLongAsATurnMayLast_GoesOn_AndTakesNobodysTurnAway()
    {
        await using var redis = await RedisStore.OfSharedAsync();
        var clock = new ManualClock();
        await using var held = await RedisTurn.TakeAsync(redis.Options(), "turn", s_long, Token);
        var waiting = RedisTurn.TakeAsync(redis.Options(options => options.NetworkClock = clock), "turn", s_long, Token);
        while (!waiting.IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await (await waiting).DisposeAsync();

        var third = RedisTurn.TakeAsync(redis.Options(), "turn", s_long, Token);
        Assert.False(third.IsCompleted);
        await held.DisposeAsync();
        await (await third).DisposeAsync();
    }
}
