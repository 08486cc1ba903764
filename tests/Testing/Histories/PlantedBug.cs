namespace KubeAspire.Testing.Histories;

/// <summary>A way in which a store can be wrong, switched on by a test to see whether the checks notice.</summary>
public enum PlantedBug
{
    /// <summary>None: the control.</summary>
    None,

    /// <summary>A get shows now and then the state before the last.</summary>
    StaleRead,

    /// <summary>A get after a pause shows the state from before the pause.</summary>
    StaleReadAfterPause,

    /// <summary>A list shows one object of an older revision than the list's.</summary>
    ListOfTwoMoments,

    /// <summary>A page begins one object too late.</summary>
    PageSkipsOne,

    /// <summary>A list tells a revision that is not yet in it.</summary>
    ListRevisionAhead,

    /// <summary>A create over an existing object succeeds.</summary>
    CreateOverwrites,

    /// <summary>An update with an older revision than the stored one succeeds.</summary>
    CompareIgnoresOlder,

    /// <summary>The comparison and the write are two steps, and another's write fits in between.</summary>
    CompareOutsideLock,

    /// <summary>A refused write is stored all the same.</summary>
    RefusedYetStored,

    /// <summary>An acknowledged write was never stored.</summary>
    AcknowledgedNotStored,

    /// <summary>A delete is acknowledged with the revision that the object had.</summary>
    DeleteTellsOldRevision,

    /// <summary>A write is acknowledged with a revision that goes back.</summary>
    RevisionGoesBack,

    /// <summary>A watch loses an event.</summary>
    EventLost,

    /// <summary>A watch that goes on delivers again what it delivered before.</summary>
    DuplicateAfterResume,

    /// <summary>A watch says that it is complete to a revision before it has delivered it.</summary>
    BookmarkEarly,

    /// <summary>A DELETED carries the revision that wrote the object, not the one that removed it.</summary>
    DeletedCarriesOldRevision,

    /// <summary>A watch loses the deletes that come about a compaction.</summary>
    DeleteLostOnCompaction,

    /// <summary>A watch from before the compaction begins after it, and says nothing.</summary>
    CompactionUnsaid,

    /// <summary>Two events of a watch change places.</summary>
    EventsSwapped,

    /// <summary>A change of an object comes as if it were new.</summary>
    ModifiedAsAdded,

    /// <summary>A watch of one object delivers others too.</summary>
    FilterLeaks,
}
