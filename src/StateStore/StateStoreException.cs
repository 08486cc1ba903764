namespace KubeAspire.StateStore;

/// <summary>The store cannot be opened, or can no longer write.</summary>
public class StateStoreException : IOException
{
    public StateStoreException()
    {
    }

    public StateStoreException(string message)
        : base(message)
    {
    }

    public StateStoreException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>A file of the store is damaged elsewhere than at its torn end. Nothing is served from it.</summary>
public sealed class StateStoreCorruptException(string file, long offset, string reason)
    : StateStoreException($"The state store is damaged: {file} at offset {offset}: {reason}. Restore a backup, or move the file away to inspect it.")
{
    /// <summary>The file's name inside the data directory.</summary>
    public string File { get; } = file;

    /// <summary>Where in the file, in bytes.</summary>
    public long Offset { get; } = offset;

    /// <summary>What is wrong there.</summary>
    public string Reason { get; } = reason;
}

/// <summary>Another process has the data directory open.</summary>
public sealed class StateStoreLockedException(string directory, int? ownerProcessId)
    : StateStoreException($"The state store in {directory} is in use by process {(ownerProcessId is { } pid ? pid : "(unknown)")}. One process at a time may open it.")
{
    /// <summary>The process that holds the directory; null where the lock file does not say.</summary>
    public int? OwnerProcessId { get; } = ownerProcessId;
}
