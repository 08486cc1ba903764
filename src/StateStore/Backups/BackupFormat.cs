namespace KubeAspire.StateStore.Backups;

/// <summary>
/// A backup on disk: docs/specs/state-store.md. A header, then blocks, each with a checksum that builds on the one before: the files that
/// belong to the store, its entries in order, and an end that holds the counts and the SHA-256 of all that stands before it.
/// </summary>
internal static class BackupFormat
{
    /// <summary>The version this code writes, and the newest it reads.</summary>
    public const int Version = 1;

    /// <summary>Magic, version, store id, revision, time in milliseconds of Unix, checksum.</summary>
    public const int HeaderLength = 8 + sizeof(int) + 16 + sizeof(long) + sizeof(long) + sizeof(uint);

    /// <summary>Kind, length of the body, checksum of both and the body.</summary>
    public const int BlockHeaderLength = sizeof(byte) + sizeof(int) + sizeof(uint);

    /// <summary>Bytes of entries after which a block is closed. 256 KiB.</summary>
    public const int BlockLength = 256 << 10;

    /// <summary>Largest block that is believed. 64 MiB.</summary>
    public const int MaxBlockLength = 64 << 20;

    /// <summary>Largest file that is taken along. 1 MiB: keys and certificates are a few KiB.</summary>
    public const int MaxFileBytes = 1 << 20;

    /// <summary>Most files that are taken along. 1,000.</summary>
    public const int MaxFiles = 1_000;

    /// <summary>Bytes of a SHA-256.</summary>
    public const int DigestLength = 32;

    public static ReadOnlySpan<byte> Magic => "KubeABak"u8;
}

/// <summary>The kinds of block in a backup, in the order in which they come.</summary>
internal enum BackupBlock : byte
{
    /// <summary>A file beside the store: name and bytes.</summary>
    File = 1,

    /// <summary>Entries, as in a snapshot.</summary>
    Entries = 2,

    /// <summary>How many entries and files there are, and the digest of everything before this block.</summary>
    End = 3,
}
