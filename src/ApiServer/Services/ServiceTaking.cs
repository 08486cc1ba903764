using System.Globalization;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.ApiServer.Verbs;
using KubeAspire.StateStore;
using Microsoft.Extensions.Logging;

namespace KubeAspire.ApiServer.Services;

/// <summary>Takes and returns claims, one by one.</summary>
/// <remarks>
/// A claim is made by a conditional write, and taken away only at the revision that was seen: whoever relies on a claim that stands already, without its Service
/// having it, writes it anew first, so that nobody who saw it before can take it away.
/// </remarks>
internal sealed class ServiceTaking(IStateEngine engine, TimeProvider clock, ILogger logger)
{
    /// <summary>What came of one claim.</summary>
    /// <param name="Key">The claim.</param>
    /// <param name="Taken">Whether the Service has it now; otherwise another has.</param>
    /// <param name="Refusal">Why it cannot be had at all, for a reason of the store's.</param>
    public readonly record struct Outcome(StateKey Key, bool Taken, ApiError? Refusal = null);

    /// <summary>Claims a number for a Service that is about to be stored.</summary>
    public async Task<Outcome> TakeAsync(WriteHold hold, ObjectKey service, StateKey claim, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < ApiLimits.WriteAttempts; attempt++)
        {
            var made = await engine.CreateAsync(claim, Value(claim, service), cancellationToken);
            if (made.Outcome == StateOutcome.Committed)
            {
                hold.IfNot(() => ReturnAsync(claim, made.Entry!.Revision));
                hold.Then(() => StillOursAsync(service, claim));
                return new Outcome(claim, true);
            }

            if (made.Outcome != StateOutcome.Exists)
            {
                return new Outcome(claim, false, WritePath.NoSpace());
            }

            if (!made.Entry!.IsOf(service) || hold.Drawn.Contains(claim))
            {
                return new Outcome(claim, false);
            }

            // Of this Service by name: left over, or another's who writes it at this moment. It is not given back here: it may be theirs.
            var adopted = await engine.UpdateAsync(claim, Value(claim, service), made.Entry!.Revision, cancellationToken);
            if (adopted.Outcome == StateOutcome.Committed)
            {
                hold.Then(() => StillOursAsync(service, claim));
                return new Outcome(claim, true);
            }
        }

        return new Outcome(claim, false);
    }

    /// <summary>Arranges that claims are given back once the write that leaves them is stored.</summary>
    public async ValueTask LeaveAsync(WriteHold hold, ObjectKey service, IEnumerable<StateKey> claims, CancellationToken cancellationToken)
    {
        foreach (var claim in claims)
        {
            // The revision from before the write: whoever takes the claim for the same Service afterwards has written it anew.
            if (await engine.GetAsync(claim, cancellationToken) is { } entry && entry.IsOf(service))
            {
                hold.Then(async () =>
                {
                    await ReturnAsync(claim, entry.Revision);
                    return true;
                });
            }
        }
    }

    /// <summary>Makes sure, once a Service is stored, that it still has what was claimed for it: its writer may have slept longer than the repair waits.</summary>
    /// <returns>False where another Service has the number now.</returns>
    public async Task<bool> StillOursAsync(ObjectKey service, StateKey claim)
    {
        try
        {
            for (var attempt = 0; attempt < ApiLimits.WriteAttempts; attempt++)
            {
                var entry = await engine.GetAsync(claim, CancellationToken.None);
                if (entry is not null && !entry.IsOf(service))
                {
                    return false;
                }

                if (entry is not null && !entry.IsUnowned())
                {
                    return true;
                }

                var written = entry is null
                    ? await engine.CreateAsync(claim, Value(claim, service), CancellationToken.None)
                    : await engine.UpdateAsync(claim, Value(claim, service), entry.Revision, CancellationToken.None);
                if (written.Outcome == StateOutcome.Committed)
                {
                    return true;
                }
            }
        }
        catch (StateStoreException failed)
        {
            logger.ClaimUnsure(claim.ToString(), failed.Message);
        }

        return true; // The repair looks again.
    }

    private async Task ReturnAsync(StateKey claim, long revision)
    {
        try
        {
            await engine.DeleteAsync(claim, revision, CancellationToken.None);
        }
        catch (StateStoreException failed)
        {
            logger.ClaimNotReturned(claim.ToString(), failed.Message);
        }
    }

    private StateValue Value(StateKey claim, ObjectKey service) =>
        ServiceClaims.Value(claim, service, clock.GetUtcNow().UtcDateTime.ToString(TimeConverter.Format, CultureInfo.InvariantCulture));
}
