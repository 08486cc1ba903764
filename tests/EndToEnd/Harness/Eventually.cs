namespace KubeAspire.EndToEnd.Harness;

/// <summary>Waits for the world to come to a state, asking as often as is cheap; fails with the last answer.</summary>
public static class Eventually
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(100);

    /// <summary>Asks until the answer is right.</summary>
    /// <param name="what">What is waited for; stands in the failure.</param>
    /// <param name="patience">How long at most.</param>
    /// <param name="ask">Gives the current answer.</param>
    /// <param name="isRight">Whether it is the awaited one.</param>
    public static async Task<T> IsAsync<T>(string what, TimeSpan patience, Func<Task<T>> ask, Func<T, bool> isRight)
    {
        var deadline = TimeProvider.System.GetUtcNow() + patience;
        while (true)
        {
            var answer = await ask();
            if (isRight(answer))
            {
                return answer;
            }

            Assert.True(TimeProvider.System.GetUtcNow() < deadline, $"{what} did not come about within {patience.TotalSeconds} s; last: {answer}");
            await Task.Delay(s_interval, TimeProvider.System, CancellationToken.None);
        }
    }
}
