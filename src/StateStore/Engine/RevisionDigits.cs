namespace KubeAspire.StateStore.Engine;

/// <summary>Writes a revision into the gap of an object's JSON.</summary>
internal static class RevisionDigits
{
    // long.MaxValue has 19 digits.
    private const int MaxDigits = 20;

    /// <summary>The entry that a write of a value at a revision stores.</summary>
    public static StateEntry Fill(StateKey key, StateValue value, long createRevision, long revision) =>
        new(key, createRevision, revision, Splice(value.Json.Span, value.RevisionAt, 0, revision), value.RevisionAt);

    /// <summary>The last state of a deleted object, carrying the revision of its deletion.</summary>
    public static StateEntry Tombstone(StateEntry last, long revision) =>
        new(last.Key, last.CreateRevision, revision, Splice(last.Json.Span, last.RevisionAt, CountOf(last.Revision), revision), last.RevisionAt);

    /// <summary>Whether an entry that was read back has its revision's digits where it says.</summary>
    public static bool Holds(StateEntry entry)
    {
        if (entry.RevisionAt < 0)
        {
            return true;
        }

        Span<byte> digits = stackalloc byte[MaxDigits];
        entry.Revision.TryFormat(digits, out var count);
        return entry.RevisionAt <= entry.Json.Length && entry.Json.Span[entry.RevisionAt..].StartsWith(digits[..count]);
    }

    private static byte[] Splice(ReadOnlySpan<byte> json, int at, int replaced, long revision)
    {
        if (at < 0)
        {
            return json.ToArray();
        }

        Span<byte> digits = stackalloc byte[MaxDigits];
        revision.TryFormat(digits, out var count);
        var result = GC.AllocateUninitializedArray<byte>(json.Length - replaced + count);
        json[..at].CopyTo(result);
        digits[..count].CopyTo(result.AsSpan(at));
        json[(at + replaced)..].CopyTo(result.AsSpan(at + count));
        return result;
    }

    private static int CountOf(long revision)
    {
        Span<byte> digits = stackalloc byte[MaxDigits];
        revision.TryFormat(digits, out var count);
        return count;
    }
}
