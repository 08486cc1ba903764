namespace KubeAspire.StateStore;

/// <summary>What every engine refuses to store.</summary>
internal static class StateLimits
{
    /// <summary>Refuses a key that could not be written down.</summary>
    public static void ThrowIfUnfit(StateKey key)
    {
        ThrowIfUnfit(key.Collection, mayBeEmpty: false);
        ThrowIfUnfit(key.Namespace, mayBeEmpty: true);
        ThrowIfUnfit(key.Name, mayBeEmpty: false);
    }

    /// <summary>Refuses a value that is too large, or whose gap lies outside of it.</summary>
    public static StateValue Checked(StateValue value)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value.Json.Length, EmbeddedStateEngine.MaxValueBytes, nameof(value));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value.RevisionAt, value.Json.Length, nameof(value));
        return value;
    }

    private static void ThrowIfUnfit(string? part, bool mayBeEmpty)
    {
        if (part is null || part.Length > EmbeddedStateEngine.MaxKeyPartLength || (part.Length == 0 && !mayBeEmpty) || part.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException($"A part of a key is missing, longer than {EmbeddedStateEngine.MaxKeyPartLength}, or has a zero in it.", nameof(part));
        }
    }
}
