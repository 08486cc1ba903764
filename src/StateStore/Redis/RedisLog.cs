using System.Globalization;

namespace KubeAspire.StateStore.Redis;

/// <summary>How an append ended.</summary>
internal enum AppendOutcome
{
    /// <summary>It is in the log, durable as Redis is configured.</summary>
    Appended,

    /// <summary>The log has another entry at this place: somebody else owns it now.</summary>
    Fenced,

    /// <summary>Redis has no room.</summary>
    NoSpace,
}

/// <summary>Where the log ends, as Redis says.</summary>
/// <param name="Index">Entries ever appended.</param>
/// <param name="Store">The store; another one where Redis lost its data and somebody began anew.</param>
internal readonly record struct LogHead(long Index, Guid Store)
{
    /// <summary>As it stands in Redis, compared byte by byte by the fence.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Index}:{Store:n}");

    /// <summary>Refuses to go on with another store than the one that was opened, or with none.</summary>
    public void ThrowIfNot(Guid store)
    {
        if (Store != store)
        {
            throw new StateStoreException(Store == default ? "Redis has lost the state: the log's end is gone" : $"Redis holds another store, {Store:n}, in place of {store:n}");
        }
    }

    public static LogHead Parse(RespValue value)
    {
        var parts = value.IsNull ? [] : value.Text.Split(':');
        return parts.Length == 2 && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var index) && Guid.TryParseExact(parts[1], "n", out var store)
            ? new LogHead(index, store) : default;
    }
}

/// <summary>
/// The log in Redis: a stream whose entry <c>n-0</c> is the n-th entry, and a key with its end. Every append names the end it expects and is
/// carried out by a script, so in one step: where the log ends elsewhere nothing is appended.
/// </summary>
internal sealed class RedisLog(RedisClient client, RedisStateOptions options)
{
    /// <summary>Entries asked for at once. 64: a batch has at most about 4 MiB.</summary>
    private const int EntriesAtOnce = 64;

    /// <summary>How long Redis holds a reader that has everything. 2 s: then the end is looked at, in case an entry was trimmed away under a reader that slept.</summary>
    private const int BlockMilliseconds = 2_000;

    private const string AppendScript =
        """
        local head = redis.call('GET', KEYS[1])
        if head ~= ARGV[1] then return head end
        redis.call('XADD', KEYS[2], ARGV[3], 'e', ARGV[4])
        redis.call('SET', KEYS[1], ARGV[2])
        return 1
        """;

    // Deletes go on where Redis has reached its maxmemory.
    private const string DeleteScript = "#!lua flags=allow-oom\n" + AppendScript;

    private static readonly ReadOnlyMemory<byte> s_eval = RespConnection.Word("EVAL");
    private static readonly ReadOnlyMemory<byte> s_append = RespConnection.Word(AppendScript);
    private static readonly ReadOnlyMemory<byte> s_delete = RespConnection.Word(DeleteScript);
    private static readonly ReadOnlyMemory<byte> s_two = RespConnection.Word("2");
    private static readonly ReadOnlyMemory<byte> s_get = RespConnection.Word("GET");

    private readonly ReadOnlyMemory<byte> _headKey = RespConnection.Word(HeadKey(options));
    private readonly ReadOnlyMemory<byte> _logKey = RespConnection.Word(LogKey(options));

    /// <summary>The key of the log's end.</summary>
    public static string HeadKey(RedisStateOptions options) => options.KeyPrefix + ":head";

    /// <summary>The stream's key.</summary>
    public static string LogKey(RedisStateOptions options) => options.KeyPrefix + ":log";

    /// <summary>Where the log ends; makes an empty one where there is none.</summary>
    public async Task<LogHead> OpenAsync(CancellationToken cancellationToken)
    {
        await client.InsistAsync(cancellationToken, RespConnection.Word("SET"), _headKey, RespConnection.Word(new LogHead(0, Guid.NewGuid()).ToString()), RespConnection.Word("NX"));
        return await HeadAsync(cancellationToken);
    }

    /// <summary>Where the log ends: everything acknowledged before the call lies at or before it.</summary>
    public async Task<LogHead> HeadAsync(CancellationToken cancellationToken) => LogHead.Parse(await client.InsistAsync(cancellationToken, s_get, _headKey));

    /// <summary>Appends an entry, or finds out that it may not. Tries again until Redis has said which.</summary>
    /// <remarks>
    /// An append whose answer was lost is made again, the same in every byte. It finds the place taken where the first one arrived after
    /// all; then the entry there is compared with its own.
    /// </remarks>
    public async Task<AppendOutcome> AppendAsync(LogHead expected, ReadOnlyMemory<byte> entry, bool deletesOnly, CancellationToken cancellationToken)
    {
        var after = expected with { Index = expected.Index + 1 };
        var id = IdOf(after.Index);
        var again = false;
        var pause = RedisClient.ShortestPause;
        while (true)
        {
            try
            {
                var answer = await client.SendAsync(
                    options.CommandTimeout, cancellationToken, s_eval, deletesOnly ? s_delete : s_append, s_two, _headKey, _logKey,
                    RespConnection.Word(expected.ToString()), RespConnection.Word(after.ToString()), id, entry);
                return answer.Kind == RespKind.Integer || (again && await HasAsync(after.Index, entry, cancellationToken)) ? AppendOutcome.Appended : AppendOutcome.Fenced;
            }
            catch (RedisLostException) when (!cancellationToken.IsCancellationRequested)
            {
                again = true;
                pause = await client.PauseAsync(pause, cancellationToken);
            }
            catch (RedisRefusedException refused) when (refused.IsOutOfMemory)
            {
                return AppendOutcome.NoSpace;
            }
        }
    }

    /// <summary>The entries after a place, waited for a little. On a connection of the reader's own: it is held up meanwhile.</summary>
    public async Task<IReadOnlyList<(long Index, byte[] Entry)>> ReadAsync(RedisClient reader, long after, bool wait, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte>[] block = wait ? [RespConnection.Word("BLOCK"), RespConnection.Word(BlockMilliseconds)] : [];
        var answer = await reader.SendAsync(
            options.CommandTimeout + TimeSpan.FromMilliseconds(BlockMilliseconds), cancellationToken,
            [RespConnection.Word("XREAD"), RespConnection.Word("COUNT"), RespConnection.Word(EntriesAtOnce), .. block, RespConnection.Word("STREAMS"), _logKey, IdOf(after)]);
        return answer.Items is [{ Items: [_, { Items: { } entries }] }] ? [.. entries.Select(ParseEntry)] : [];
    }

    /// <summary>A stream id of an entry.</summary>
    public static ReadOnlyMemory<byte> IdOf(long index) => RespConnection.Word(string.Create(CultureInfo.InvariantCulture, $"{index}-0"));

    private async Task<bool> HasAsync(long index, ReadOnlyMemory<byte> entry, CancellationToken cancellationToken)
    {
        var answer = await client.InsistAsync(cancellationToken, RespConnection.Word("XRANGE"), _logKey, IdOf(index), IdOf(index));
        return answer.Items is [var found] && ParseEntry(found).Entry.AsSpan().SequenceEqual(entry.Span);
    }

    private static (long Index, byte[] Entry) ParseEntry(RespValue entry) =>
        entry.Items is [{ Bytes: not null } id, { Items: [_, { Bytes: { } bytes }] }] && long.TryParse(id.Text.Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            ? (index, bytes) : throw new InvalidDataException("An entry of the log in Redis is none of ours.");
}
