namespace KubeAspire.StateStore;

/// <summary>How the embedded engine keeps its data.</summary>
public sealed class StateStoreOptions
{
    /// <summary>The directory of log and snapshots. Made where it is missing. One process at a time.</summary>
    public string Directory { get; set; } = "";

    /// <summary>
    /// Most changes kept for watches and lists at an old revision. 100,000: at the 1,000 writes a second of a busy cluster,
    /// a watcher may lose its connection for a minute and a half and still resume.
    /// </summary>
    public int HistoryEvents { get; set; } = 100_000;

    /// <summary>Oldest change kept. 10 minutes: upstream compacts every 5, and a continue token is to live at least as long. Trimmed on commit; an idle store keeps what it has.</summary>
    public TimeSpan HistoryAge { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Most bytes of object states that history may keep alive. 128 MiB.</summary>
    public long HistoryBytes { get; set; } = 128L << 20;

    /// <summary>A log segment that has grown past this is closed and the next one begun. 64 MiB.</summary>
    public long SegmentBytes { get; set; } = 64L << 20;

    /// <summary>
    /// A snapshot is written once the log has grown by this since the last one, or by the last one's size where that is more
    /// (so that no more is written to snapshots than to the log). 64 MiB: a second or two of recovery.
    /// </summary>
    public long SnapshotAfterLogBytes { get; set; } = 64L << 20;

    /// <summary>Room held back in the log for deletes when the disk is full. 1 MiB: some 8,000 deletes.</summary>
    public long ReserveBytes { get; set; } = 1L << 20;

    /// <summary>Blocks of the log are taken this far ahead, so that a commit seldom changes the file's size: fdatasync is then a third cheaper. 2 MiB.</summary>
    public long AllocationBytes { get; set; } = 2L << 20;

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(Directory);
        ArgumentOutOfRangeException.ThrowIfLessThan(HistoryEvents, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(HistoryAge, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(HistoryBytes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(SegmentBytes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(SnapshotAfterLogBytes, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(ReserveBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(AllocationBytes);
    }
}
