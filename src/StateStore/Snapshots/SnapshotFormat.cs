using System.Globalization;
using KubeAspire.StateStore.Engine;
using KubeAspire.StateStore.Log;

namespace KubeAspire.StateStore.Snapshots;

/// <summary>
/// A snapshot on disk: docs/specs/state-store.md. A header, blocks of entries, and an empty block with the count at the end, each
/// with a checksum that builds on the one before.
/// </summary>
internal static class SnapshotFormat
{
    public const int Version = 1;
    public const string Suffix = ".snapshot";

    /// <summary>Bytes of entries after which a block is closed. 256 KiB.</summary>
    public const int BlockLength = 256 << 10;

    /// <summary>Largest block that is believed. 64 MiB.</summary>
    public const int MaxBlockLength = 64 << 20;

    public static ReadOnlySpan<byte> Magic => "KubeASnp"u8;

    /// <summary>The file name of a revision's snapshot.</summary>
    public static string NameOf(long revision) => revision.ToString("D19", CultureInfo.InvariantCulture) + Suffix;

    /// <summary>The revision in a snapshot's file name.</summary>
    public static bool TryParseName(string name, out long revision)
    {
        revision = 0;
        return name.Length == 19 + Suffix.Length && name.EndsWith(Suffix, StringComparison.Ordinal)
            && long.TryParse(name.AsSpan(0, 19), NumberStyles.None, CultureInfo.InvariantCulture, out revision);
    }

    /// <summary>Appends an entry.</summary>
    public static void AddEntry(RecordBuffer buffer, StateEntry entry)
    {
        LogFormat.AddKey(buffer, entry.Key);
        buffer.Int64(entry.CreateRevision);
        buffer.Int64(entry.Revision);
        buffer.Int32(entry.RevisionAt);
        buffer.Int32(entry.Json.Length);
        buffer.Bytes(entry.Json.Span);
    }

    /// <summary>Reads an entry back; null where its fields are cut short or do not fit together.</summary>
    public static StateEntry? TryReadEntry(ref RecordReader reader, KeyInterner keys)
    {
        var key = keys.Intern(reader.Text(), reader.Text(), reader.Text());
        var createRevision = reader.Int64();
        var revision = reader.Int64();
        var revisionAt = reader.Int32();
        var json = reader.Take(reader.Int32());
        if (reader.Failed)
        {
            return null;
        }

        var entry = new StateEntry(key, createRevision, revision, json.ToArray(), revisionAt);
        return RevisionDigits.Holds(entry) ? entry : null;
    }
}

/// <summary>What a snapshot says of itself.</summary>
/// <param name="StoreId">The store it belongs to.</param>
/// <param name="Revision">The revision it shows.</param>
internal readonly record struct SnapshotHeader(Guid StoreId, long Revision);
