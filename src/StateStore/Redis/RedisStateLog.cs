namespace KubeAspire.StateStore.Redis;

/// <summary>Log messages of the engine that keeps its state in Redis. Event ids 1100-1199.</summary>
internal static partial class RedisStateLog
{
    [LoggerMessage(1101, LogLevel.Information, "Opened the state in Redis at {Redis}: store {Store}, entry {Index}, revision {Revision} with {Objects} objects, {Milliseconds} ms")]
    public static partial void OpenedRedis(this ILogger logger, string redis, Guid store, long index, long revision, long objects, long milliseconds);

    [LoggerMessage(1102, LogLevel.Information, "Took the store over on {Silo} as writer {Writer} with entry {Index} after revision {Revision}")]
    public static partial void TookOver(this ILogger logger, string silo, Guid writer, long index, long revision);

    [LoggerMessage(1103, LogLevel.Information, "Ended as the owner of the store (writer {Writer}): somebody else has the log's next place after entry {Index}")]
    public static partial void Deposed(this ILogger logger, Guid writer, long index);

    [LoggerMessage(1104, LogLevel.Error, "Ended as the owner of the store (writer {Writer})")]
    public static partial void OwnerFailed(this ILogger logger, Exception exception, Guid writer);

    [LoggerMessage(1105, LogLevel.Information, "Saw {Silo} take the store over as writer {Writer}")]
    public static partial void SawTakeover(this ILogger logger, string silo, Guid writer);

    [LoggerMessage(1106, LogLevel.Warning, "Lost Redis while following the log after entry {Index}: {Reason}; trying again")]
    public static partial void FollowingInterrupted(this ILogger logger, long index, string reason);

    [LoggerMessage(1107, LogLevel.Warning, "Jumped from entry {From} to the snapshot at entry {To}: the log between was trimmed before this silo had read it; its watches begin anew")]
    public static partial void Jumped(this ILogger logger, long from, long to);

    [LoggerMessage(1108, LogLevel.Information, "Wrote a snapshot of revision {Revision} at entry {Index} to Redis: {Bytes} bytes, {Milliseconds} ms")]
    public static partial void RedisSnapshotWritten(this ILogger logger, long revision, long index, long bytes, long milliseconds);

    [LoggerMessage(1109, LogLevel.Warning, "Could not write a snapshot of revision {Revision} to Redis; will try again when the log has grown further")]
    public static partial void RedisSnapshotFailed(this ILogger logger, Exception exception, long revision);

    [LoggerMessage(1110, LogLevel.Critical, "Stopped the state store: Redis no longer holds what it promised")]
    public static partial void RedisBroken(this ILogger logger, Exception exception);

    [LoggerMessage(1111, LogLevel.Warning, "Redis is configured with {Setting} {Value}, not {Wanted}: {Loss}")]
    public static partial void WeakRedis(this ILogger logger, string setting, string value, string wanted, string loss);

    [LoggerMessage(1112, LogLevel.Information, "Redis does not tell how it is configured ({Reason}); see docs/specs/clustering.md for what it must be")]
    public static partial void SilentRedis(this ILogger logger, string reason);
}
