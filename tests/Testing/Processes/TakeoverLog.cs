using KubeAspire.StateStore.Log;
using KubeAspire.StateStore.Redis;

namespace KubeAspire.Testing.Processes;

/// <summary>Reads in a cluster's log in Redis who owns the store.</summary>
internal static class TakeoverLog
{
    // Entries of the log looked at in one question.
    private const int EntriesAtOnce = 64;

    /// <summary>The silo that took the store over last. Before the first write nobody did: that is waited for.</summary>
    public static async Task<string> LastAsync(RedisServer server, string cluster, CancellationToken cancellationToken)
    {
        await using var redis = new RedisClient(RedisAddress.Parse(server.ConnectionString), new RedisStateOptions());
        while (true)
        {
            if (await FindLastAsync(redis, cluster, cancellationToken) is { } silo)
            {
                return silo;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, cancellationToken);
        }
    }

    // Backwards, a page at a time. Null where nobody took the store over yet.
    private static async Task<string?> FindLastAsync(RedisClient redis, string cluster, CancellationToken cancellationToken)
    {
        var log = RespConnection.Word(RedisLog.LogKey(new RedisStateOptions { KeyPrefix = $"{{{cluster}}}" }));
        for (var from = "+"; ;)
        {
            var page = await redis.InsistAsync(
                cancellationToken, RespConnection.Word("XREVRANGE"), log, RespConnection.Word(from), RespConnection.Word("-"), RespConnection.Word("COUNT"), RespConnection.Word(EntriesAtOnce));
            foreach (var entry in page.Items ?? [])
            {
                if (TakeoverOf(entry.Items![1].Items![1].Bytes) is { } silo)
                {
                    return silo;
                }
            }

            if (page.Items is not [.., var last])
            {
                return null;
            }

            from = "(" + last.Items![0].Text;
        }
    }

    // Version, kind, writer, the silo's name.
    private static string? TakeoverOf(ReadOnlySpan<byte> entry)
    {
        var reader = new RecordReader(entry);
        reader.Byte();
        if ((LogEntryKind)reader.Byte() != LogEntryKind.Takeover)
        {
            return null;
        }

        reader.Take(16);
        return reader.Text();
    }
}
