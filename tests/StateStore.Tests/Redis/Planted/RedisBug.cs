namespace KubeAspire.StateStore.Tests.Redis.Planted;

/// <summary>A way in which an engine of several silos can be wrong, switched on by a test to see whether anything notices. None of them can be switched on in the engine: each is made by something put before or behind it.</summary>
public enum RedisBug
{
    /// <summary>None: the control, with everything else as for the bugs.</summary>
    None,

    /// <summary>An append does not name the end of the log that it expects: it takes its place, whoever's entry is there.</summary>
    AppendsWithoutExpectedPosition,

    /// <summary>An append that the fence refused is told to be done.</summary>
    TellsTheFencedThatTheyAppended,

    /// <summary>A write is acknowledged when its append is sent, not when Redis has answered.</summary>
    AcknowledgesBeforeRedisAnswered,

    /// <summary>A silo takes the end of the log that it heard of a little ago for the end there is.</summary>
    RemembersWhereTheLogEnds,

    /// <summary>A read is answered from what the silo has, without asking where the log ends.</summary>
    ReadsWithoutAsking,

    /// <summary>A silo refuses writes upon what it has, without asking whether that is the newest.</summary>
    RefusesFromMemory,

    /// <summary>The owner does not know a call again that is brought twice.</summary>
    ForgetsTickets,

    /// <summary>A replica applies two entries in the wrong order; index and checksum say that they are right.</summary>
    AppliesOutOfPlace,

    /// <summary>A snapshot lacks an object; its count and checksums say that it is whole.</summary>
    SnapshotMissesAKey,

    /// <summary>A silo that jumped to a snapshot lets its watches go on as if nothing had happened.</summary>
    JumpsWithoutTelling,
}
