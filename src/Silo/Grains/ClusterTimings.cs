using Orleans.Configuration;

namespace KubeAspire.Silo.Grains;

/// <summary>
/// How soon the death of a silo is noticed. Orleans' defaults, three probes of 5 s, suit calls that may wait; here every write of the
/// cluster waits for the owner of the store. A silo held to be dead by mistake costs a restart of that silo and nothing else: the log's
/// fence, not the membership, keeps the store one.
/// </summary>
internal static class ClusterTimings
{
    /// <summary>Period and timeout of a probe. 1 s: ten times the longest pause of the collector that is usual.</summary>
    public static readonly TimeSpan Probe = TimeSpan.FromSeconds(1);

    /// <summary>Probes missed before a silo is suspected. 3, as by default: one lost packet, or one stop of a second, kills nobody.</summary>
    public const int MissedProbes = 3;

    /// <summary>How long a call between silos may take. 10 s: writes are asked for again after 3 s by themselves.</summary>
    public static readonly TimeSpan Response = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection between silos may take. 2 s.</summary>
    public static readonly TimeSpan Connect = TimeSpan.FromSeconds(2);

    /// <summary>How long a silo that joins may hold up the next. 5 s: a join takes a second or two.</summary>
    public static readonly TimeSpan Join = TimeSpan.FromSeconds(5);

    public static void Apply(ClusterMembershipOptions membership)
    {
        membership.ProbeTimeout = Probe;
        membership.NumMissedProbesLimit = MissedProbes;

        // The last probe goes by no third silo. Among three that one has missed the same probes, so it is held sick itself and its word counts
        // for nothing: measured, a silo that hangs was held dead after 13 s with it and after 4 s without. Two votes are asked for anyway.
        membership.EnableIndirectProbes = false;

        // Gossip tells of changes at once; the table is read this often in case gossip was lost. 5 s.
        membership.TableRefreshTimeout = TimeSpan.FromSeconds(5);

        // A silo that finds entries of dead ones at its start, all of them silent for three of these, does not wait for them. 5 s.
        membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
        membership.DeathVoteExpirationTimeout = TimeSpan.FromSeconds(30);
    }
}
