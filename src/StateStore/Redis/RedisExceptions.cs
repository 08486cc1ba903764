namespace KubeAspire.StateStore.Redis;

/// <summary>The connection to Redis was lost, could not be made, or the server is not ready to serve. Whether a command in flight was carried out is not known.</summary>
internal sealed class RedisLostException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>Redis refused a command.</summary>
internal sealed class RedisRefusedException(string message) : IOException($"Redis refused: {message}")
{
    // Refusals of a server that cannot serve just now: it loads its data, a script runs, it is a replica of one that is gone.
    private static readonly string[] s_passing = ["LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "READONLY", "MISCONF", "NOREPLICAS"];

    /// <summary>The first word of a refusal for want of memory.</summary>
    public bool IsOutOfMemory { get; } = message.StartsWith("OOM", StringComparison.Ordinal);

    /// <summary>The exception of an error.</summary>
    public static IOException Of(string message) =>
        s_passing.Any(word => message.StartsWith(word, StringComparison.Ordinal)) ? new RedisLostException($"Redis cannot serve now: {message}") : new RedisRefusedException(message);
}
