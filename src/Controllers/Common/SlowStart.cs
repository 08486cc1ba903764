using KubeAspire.ApiMachinery.Errors;

namespace KubeAspire.Controllers.Common;

/// <summary>Acts in batches that double from one: a quota or a broken template costs one refusal, not hundreds.</summary>
/// <remarks>Upstream's slowStartBatch.</remarks>
internal static class SlowStart
{
    /// <summary>Runs an act <paramref name="count"/> times; stops after the first batch that had a refusal.</summary>
    /// <returns>How many succeeded, how many were not attempted, and the first refusal.</returns>
    public static async Task<(int Succeeded, int Skipped, ApiError? Error)> RunAsync(int count, Func<Task<ApiError?>> act)
    {
        var (succeeded, remaining) = (0, count);
        for (var batch = Math.Min(1, count); batch > 0; batch = Math.Min(2 * batch, remaining))
        {
            var results = await Task.WhenAll(Enumerable.Range(0, batch).Select(_ => act()));
            remaining -= batch;
            succeeded += results.Count(error => error is null);
            if (results.FirstOrDefault(error => error is not null) is { } first)
            {
                return (succeeded, remaining, first);
            }
        }

        return (succeeded, 0, null);
    }
}
