namespace KubeAspire.StateStore;

/// <summary>Log messages of the state store. Event ids 1000-1999.</summary>
internal static partial class StateStoreLog
{
    [LoggerMessage(1001, LogLevel.Information, "Opened the state store in {Directory} at revision {Revision} with {Objects} objects: snapshot at {SnapshotRevision}, {Replayed} changes replayed, {Milliseconds} ms")]
    public static partial void Opened(this ILogger logger, string directory, long revision, long objects, long snapshotRevision, long replayed, long milliseconds);

    [LoggerMessage(1002, LogLevel.Warning, "Cut a torn commit off {File} at offset {Offset} ({Bytes} bytes: {Reason}); it was never acknowledged; a copy is in {Copy}")]
    public static partial void TornTailCut(this ILogger logger, string file, long offset, long bytes, string reason, string copy);

    [LoggerMessage(1003, LogLevel.Critical, "Stopped the state store: {Attempt} failed, and what is on disk is unknown until recovery")]
    public static partial void FailStopped(this ILogger logger, Exception exception, string attempt);

    [LoggerMessage(1004, LogLevel.Error, "No room on the disk of {Directory}: refused writes, deletes go on")]
    public static partial void DiskFull(this ILogger logger, string directory);

    [LoggerMessage(1005, LogLevel.Information, "Room again on the disk of {Directory}: writes go on")]
    public static partial void DiskHasRoom(this ILogger logger, string directory);

    [LoggerMessage(1006, LogLevel.Information, "Wrote snapshot {File} of revision {Revision}: {Objects} objects, {Bytes} bytes, {Milliseconds} ms")]
    public static partial void SnapshotWritten(this ILogger logger, string file, long revision, long objects, long bytes, long milliseconds);

    [LoggerMessage(1007, LogLevel.Warning, "No room for a snapshot of revision {Revision}; will try again when the log has grown further")]
    public static partial void SnapshotNoRoom(this ILogger logger, long revision);

    [LoggerMessage(1008, LogLevel.Warning, "Could not delete {File}, which a snapshot has made obsolete")]
    public static partial void DeleteFailed(this ILogger logger, Exception exception, string file);

    [LoggerMessage(1009, LogLevel.Information, "No room for a new log segment after {Sequence}; the current one goes on")]
    public static partial void RollNoRoom(this ILogger logger, long sequence);
}
