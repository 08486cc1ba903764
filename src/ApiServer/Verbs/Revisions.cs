using System.Globalization;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Verbs;

/// <summary>Waits for revisions that a client has seen and this store has not.</summary>
internal sealed class Revisions(IStateEngine engine, TimeProvider clock)
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);

    /// <summary>A resourceVersion as a number; null where it is none.</summary>
    public static long? Parse(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var revision) ? revision : null;

    /// <summary>Waits until the store has reached a revision, at most <see cref="ApiLimits.FutureRevisionWait"/>.</summary>
    public async ValueTask<ApiError?> ReachAsync(string text, CancellationToken cancellationToken)
    {
        if (Parse(text) is not { } revision)
        {
            return ApiErrors.BadRequest($"invalid resource version \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax");
        }

        for (var waited = TimeSpan.Zero; engine.Revision < revision; waited += s_look)
        {
            if (waited >= ApiLimits.FutureRevisionWait)
            {
                return ApiErrors.TooLargeResourceVersion(revision, engine.Revision);
            }

            await Task.Delay(s_look, clock, cancellationToken);
        }

        return null;
    }
}
