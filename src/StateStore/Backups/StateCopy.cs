namespace KubeAspire.StateStore.Backups;

/// <summary>An engine that can show all that it stores as of one revision, while writes go on.</summary>
public interface IStateCopySource
{
    /// <summary>The newest durable state.</summary>
    StateCopy Copy();
}

/// <summary>All that a store holds at one revision.</summary>
/// <param name="StoreId">The store.</param>
/// <param name="Revision">The revision that it shows.</param>
/// <param name="Entries">Every object, by collection and in key order within one.</param>
public sealed record StateCopy(Guid StoreId, long Revision, IEnumerable<StateEntry> Entries);

/// <summary>A file that a store's data is of no use without, such as a signing key.</summary>
/// <param name="Name">Its path below the data directory, parts joined by <c>/</c>.</param>
/// <param name="Bytes">What is in it.</param>
public sealed record BackupFile(string Name, ReadOnlyMemory<byte> Bytes);

/// <summary>What a backup says of itself.</summary>
/// <param name="StoreId">The store it was taken from.</param>
/// <param name="Revision">The revision that it shows.</param>
/// <param name="TakenAt">When it was begun.</param>
public sealed record BackupHeader(Guid StoreId, long Revision, DateTimeOffset TakenAt);

/// <summary>What a backup holds.</summary>
/// <param name="Header">What it says of itself.</param>
/// <param name="Entries">Objects in it.</param>
/// <param name="Files">Names of the files in it.</param>
/// <param name="Bytes">Its size.</param>
public sealed record BackupSummary(BackupHeader Header, long Entries, IReadOnlyList<string> Files, long Bytes);

/// <summary>A backup is damaged, cut short, or none at all. Nothing is restored from it.</summary>
public sealed class BackupDamagedException(string file, long offset, string reason)
    : StateStoreException($"The backup {file} cannot be used: at offset {offset}: {reason}.")
{
    /// <summary>The backup.</summary>
    public string File { get; } = file;

    /// <summary>Where in it, in bytes.</summary>
    public long Offset { get; } = offset;

    /// <summary>What is wrong there.</summary>
    public string Reason { get; } = reason;
}
