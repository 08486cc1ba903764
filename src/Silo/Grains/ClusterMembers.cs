using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace KubeAspire.Silo.Grains;

/// <summary>Tells of the silos that come and go, and lets this silo look who they are when it has reason to doubt that it is still one of them.</summary>
internal sealed class ClusterMembers(IClusterMembershipService membership, ILocalSiloDetails self, ILogger<ClusterMembers> logger) : IAsyncDisposable
{
    /// <summary>How long a look at the table of members may take. 5 s: then the table is read anyway.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stop = new();
    private Task _following = Task.CompletedTask;

    /// <summary>Begins to tell.</summary>
    public void Follow() => _following = FollowAsync();

    /// <summary>
    /// Reads the table of members now. A silo that slept until the others held it dead learns of it here, and ends, as Orleans has it: started
    /// again it is a new member. Without this it would serve on until it next reads the table, and its clients would lose it later.
    /// </summary>
    public async Task LookAsync()
    {
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            patience.CancelAfter(s_patience);
            await membership.Refresh(default, patience.Token);
        }
#pragma warning disable CA1031 // Whatever it was, the table is read again by itself.
        catch (Exception failed)
#pragma warning restore CA1031
        {
            logger.CouldNotLook(failed.Message);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task FollowAsync()
    {
        var known = new Dictionary<SiloAddress, SiloStatus>();
        await foreach (var snapshot in membership.MembershipUpdates.WithCancellation(_stop.Token))
        {
            foreach (var member in snapshot.Members.Values.Where(member => !member.SiloAddress.Equals(self.SiloAddress)))
            {
                Tell(member, known.GetValueOrDefault(member.SiloAddress));
            }

            known = snapshot.Members.Values.ToDictionary(member => member.SiloAddress, member => member.Status);
        }
    }

    // Who had ended before this silo came is no news.
    private void Tell(ClusterMember member, SiloStatus before)
    {
        switch (before, member.Status)
        {
            case (not SiloStatus.Active, SiloStatus.Active):
                logger.Came(member.Name, member.SiloAddress.ToString());
                break;
            case (SiloStatus.Active, SiloStatus.Dead):
                logger.HeldDead(member.Name, member.SiloAddress.ToString());
                break;
            case (SiloStatus.ShuttingDown or SiloStatus.Stopping, SiloStatus.Dead):
                logger.Left(member.Name, member.SiloAddress.ToString());
                break;
            default:
                break; // A step on the way to one of these.
        }
    }
}
