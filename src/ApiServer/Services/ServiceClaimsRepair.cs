using System.Globalization;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Networking;
using KubeAspire.StateStore;
using Microsoft.Extensions.Logging;

namespace KubeAspire.ApiServer.Services;

/// <summary>Makes claims and Services agree again where a process died between the two, a user removed a claim, or the store is from a time before there were any.</summary>
/// <remarks>
/// Runs in every API server, as upstream's; all it does is compared with what it read, so that several do no harm. A claim that no Service has is taken away in three steps:
/// it was seen unowned a pass before, at the same revision; it is marked; and the Service is looked up once more. A Service that is stored before the mark is seen by that look, and one
/// that is stored after it sees the mark, or that the claim is gone, and takes it again (<see cref="ServiceTaking.StillOursAsync"/>). So no clock is relied on.
/// </remarks>
internal sealed class ServiceClaimsRepair(IStateEngine engine, ServiceTaking taking, TimeProvider clock, ILogger logger)
{
    /// <summary>Between two passes: upstream's three minutes.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(3);

    /// <summary>Most claims taken away in one pass; the others are left to the next. 1,000.</summary>
    public const int Freed = 1000;

    // Claims of Services made at once, at the first start on an old store.
    private const int AtOnce = 64;

    // What was seen unowned in the pass before, with the revision. No more than a pass can free are remembered.
    private Dictionary<StateKey, long> _unowned = [];

    /// <summary>Passes until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Interval, clock, cancellationToken);
                try
                {
                    await PassAsync(cancellationToken);
                }
                catch (StateStoreException failed)
                {
                    logger.RepairFailed(failed.Message);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    /// <summary>Looks at everything once.</summary>
    public async Task PassAsync(CancellationToken cancellationToken)
    {
        // The claims first: what is listed and has no Service then was claimed before the Services were listed.
        var claims = new Dictionary<StateKey, StateEntry>();
        foreach (var collection in (string[])[ServiceClaims.Addresses, ServiceClaims.Ports])
        {
            var page = await engine.ListAsync(new StateRange(collection), 0, 0, null, cancellationToken);
            foreach (var entry in page.Entries)
            {
                claims[entry.Key] = entry;
            }
        }

        var services = await engine.AllAsync<Service>("", cancellationToken);
        var owners = new Dictionary<StateKey, List<ObjectKey>>();
        foreach (var service in services)
        {
            foreach (var claim in ServiceClaims.Of(service))
            {
                (owners.TryGetValue(claim, out var list) ? list : owners[claim] = []).Add(ObjectKey.Of(service));
            }
        }

        await Parallel.ForEachAsync(
            owners, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (owned, stop) => await OwnAsync(owned.Key, owned.Value, claims.GetValueOrDefault(owned.Key), stop));
        await FreeAsync(claims.Values.Where(claim => !owners.ContainsKey(claim.Key) && claim.IsManaged()).Take(Freed).ToList(), cancellationToken);
    }

    // A number that a Service has and that is not claimed, or claimed for one that does not have it.
    private async Task OwnAsync(StateKey key, List<ObjectKey> services, StateEntry? claim, CancellationToken cancellationToken)
    {
        if (services.Count > 1)
        {
            logger.ClaimedTwice(key.ToString(), string.Join(", ", services));
        }

        if (claim is not null && (!claim.IsManaged() || services.Exists(service => claim.IsOf(service) && !claim.IsUnowned())))
        {
            return;
        }

        if (claim is null)
        {
            if (await taking.StillOursAsync(services[0], key))
            {
                logger.ClaimMade(key.ToString(), services[0].ToString());
            }

            return;
        }

        var written = await engine.UpdateAsync(key, ServiceClaims.Value(key, services[0], Now()), claim.Revision, cancellationToken);
        if (written.Outcome == StateOutcome.Committed)
        {
            logger.ClaimMade(key.ToString(), services[0].ToString());
        }
    }

    private async Task FreeAsync(List<StateEntry> unowned, CancellationToken cancellationToken)
    {
        var seen = new Dictionary<StateKey, long>();
        foreach (var claim in unowned)
        {
            if (_unowned.GetValueOrDefault(claim.Key) != claim.Revision && !claim.IsUnowned())
            {
                seen[claim.Key] = claim.Revision;
                continue;
            }

            var parent = claim.As<IPAddress>().Spec.ParentRef;
            var service = new ObjectKey(parent.Namespace ?? "", parent.Name);
            var marked = await engine.UpdateAsync(claim.Key, ServiceClaims.Value(claim.Key, service, Now(), unowned: true), claim.Revision, cancellationToken);
            if (marked.Outcome != StateOutcome.Committed)
            {
                continue; // Somebody has it now.
            }

            if (await engine.FindAsync<Service>(service.Namespace, service.Name, cancellationToken) is { } found && ServiceClaims.Of(found).Contains(claim.Key))
            {
                await taking.StillOursAsync(service, claim.Key);
                continue;
            }

            if ((await engine.DeleteAsync(claim.Key, marked.Entry!.Revision, cancellationToken)).Outcome == StateOutcome.Committed)
            {
                logger.ClaimFreed(claim.Key.ToString(), service.ToString());
            }
        }

        _unowned = seen;
    }

    private string Now() => clock.GetUtcNow().UtcDateTime.ToString(TimeConverter.Format, CultureInfo.InvariantCulture);
}
