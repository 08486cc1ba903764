using System.Globalization;
using KubeAspire.StateStore.Engine;
using KubeAspire.StateStore.Log;
using KubeAspire.StateStore.Snapshots;

namespace KubeAspire.StateStore.Redis;

/// <summary>What a snapshot in Redis says of itself.</summary>
/// <param name="Id">The name of its hash.</param>
/// <param name="Position">The entry of the log that it includes everything up to.</param>
/// <param name="Revision">The revision it shows.</param>
/// <param name="Blocks">How many blocks it has.</param>
/// <param name="Entries">How many objects.</param>
/// <param name="Store">The store.</param>
internal sealed record RedisSnapshot(string Id, LogPosition Position, long Revision, long Blocks, long Entries, Guid Store);

/// <summary>
/// Snapshots in Redis: a hash of blocks, and a small hash that names the one in force. A snapshot is written whole before it is named; the
/// script that names it also trims the log, up to the snapshot before, so that a silo that is a little behind still finds its next entry.
/// </summary>
internal sealed class RedisSnapshots(RedisStateOptions options)
{
    private const string Name =
        "redis.call('HSET', KEYS[1], 'index', ARGV[1], 'crc', ARGV[2], 'revision', ARGV[3], 'id', ARGV[4], 'blocks', ARGV[5], 'entries', ARGV[6], 'store', ARGV[7])";

    private const string PublishScript =
        $"""
        local now = redis.call('HGET', KEYS[1], 'index')
        if now and tonumber(now) >= tonumber(ARGV[1]) then return 0 end
        {Name}
        if now then redis.call('XTRIM', KEYS[2], 'MINID', now + 1) end
        return 1
        """;

    // Whoever asks a second time, because the first answer was lost, is told the same.
    private const string BeginScript =
        $"""
        if redis.call('GET', KEYS[3]) == ARGV[8] then return 1 end
        if redis.call('EXISTS', KEYS[1], KEYS[2], KEYS[3], KEYS[4]) > 0 then return 0 end
        {Name}
        redis.call('SET', KEYS[3], ARGV[8])
        redis.call('SET', KEYS[4], ARGV[9])
        return 1
        """;

    private readonly string _key = options.KeyPrefix + ":snapshot";

    /// <summary>The snapshot in force; null where there is none yet.</summary>
    public async Task<RedisSnapshot?> FindAsync(RedisClient client, CancellationToken cancellationToken)
    {
        var answer = await client.InsistAsync(
            cancellationToken, Word("HMGET"), Word(_key), Word("id"), Word("index"), Word("crc"), Word("revision"), Word("blocks"), Word("entries"), Word("store"));
        return answer.Items is [{ IsNull: false } id, var index, var crc, var revision, var blocks, var entries, var store]
            ? new RedisSnapshot(id.Text, new LogPosition(Number(index), (uint)Number(crc)), Number(revision), Number(blocks), Number(entries), Guid.ParseExact(store.Text, "n")) : null;
    }

    /// <summary>Loads a snapshot.</summary>
    /// <returns>Whether it was all there; otherwise a newer one has taken its place meanwhile.</returns>
    /// <exception cref="StateStoreCorruptException">It is not what was written.</exception>
    public async Task<bool> LoadAsync(RedisClient client, RedisSnapshot snapshot, Action<StateEntry> add, CancellationToken cancellationToken)
    {
        var keys = new KeyInterner();
        var (chain, count) = (0u, 0L);
        for (var block = 0L; block < snapshot.Blocks; block++)
        {
            var answer = await client.InsistAsync(cancellationToken, Word("HGET"), Word(BlocksOf(snapshot.Id)), RespConnection.Word(block));
            if (answer.Bytes is not { } bytes)
            {
                return false;
            }

            if (!TryReadBlock(bytes, keys, add, ref chain, ref count))
            {
                throw new StateStoreCorruptException($"snapshot {snapshot.Id} in Redis", block, "a block is not what was written");
            }
        }

        return count == snapshot.Entries ? true : throw new StateStoreCorruptException($"snapshot {snapshot.Id} in Redis", snapshot.Blocks, $"it has {count} objects, and says {snapshot.Entries}");
    }

    /// <summary>Writes a snapshot, names it, and removes all others.</summary>
    /// <returns>Its bytes; 0 where a newer one was there already.</returns>
    /// <exception cref="RedisRefusedException">There was no room; what was written of it goes with the next one.</exception>
    public async Task<long> WriteAsync(RedisClient client, StoreState state, LogPosition position, Guid store, CancellationToken cancellationToken)
    {
        var (snapshot, bytes) = await WriteBlocksAsync(client, state.All(), cancellationToken);
        var answer = await client.InsistAsync(
            cancellationToken,
            [Word("EVAL"), Word(PublishScript), Word("2"), Word(_key), Word(RedisLog.LogKey(options)), .. Named(snapshot with { Position = position, Revision = state.Revision, Store = store })]);
        await RemoveOthersAsync(client, cancellationToken);
        return answer.Integer == 1 ? bytes : 0;
    }

    /// <summary>Begins a store with a snapshot: its log goes on after the snapshot's place. All of it is there in one step, or nothing.</summary>
    /// <param name="client">The way to Redis.</param>
    /// <param name="entries">The objects, in order.</param>
    /// <param name="begins">The store, its revision, and the place in the log that the snapshot stands for: at least 1.</param>
    /// <param name="agreement">What the silos are to agree on from the beginning (<see cref="RedisAgreement"/>), read when the entries are.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether it was begun. Otherwise there is a store already, and nothing was changed.</returns>
    public async Task<bool> BeginAsync(RedisClient client, IEnumerable<StateEntry> entries, RedisSnapshot begins, (string Name, ReadOnlyMemory<byte> Value) agreement, CancellationToken cancellationToken)
    {
        try
        {
            var (blocks, _) = await WriteBlocksAsync(client, entries, cancellationToken);
            var answer = await client.InsistAsync(
                cancellationToken,
                [
                    Word("EVAL"), Word(BeginScript), Word("4"), Word(_key), Word(RedisLog.LogKey(options)), Word(RedisLog.HeadKey(options)), Word($"{options.KeyPrefix}:{agreement.Name}"),
                    .. Named(blocks with { Position = begins.Position, Revision = begins.Revision, Store = begins.Store }),
                    Word(new LogHead(begins.Position.Index, begins.Store).ToString()), agreement.Value,
                ]);
            return answer.Integer == 1;
        }
        finally
        {
            // Those of entries that turned out to be damaged, or that came second. Who gives up leaves them to the next snapshot.
            if (!cancellationToken.IsCancellationRequested)
            {
                await RemoveOthersAsync(client, cancellationToken);
            }
        }
    }

    private async Task<(RedisSnapshot Snapshot, long Bytes)> WriteBlocksAsync(RedisClient client, IEnumerable<StateEntry> state, CancellationToken cancellationToken)
    {
        var id = Guid.NewGuid().ToString("n", CultureInfo.InvariantCulture);
        await client.InsistAsync(cancellationToken, Word("SADD"), Word(_key + "s"), Word(id));
        var (bytes, blocks, entries, chain) = (0L, 0L, 0L, 0u);
        var buffer = new RecordBuffer();
        foreach (var entry in state)
        {
            SnapshotFormat.AddEntry(buffer, entry);
            entries++;
            if (buffer.Length >= SnapshotFormat.BlockLength)
            {
                await FlushAsync();
            }
        }

        if (buffer.Length > 0)
        {
            await FlushAsync();
        }

        return (new RedisSnapshot(id, default, 0, blocks, entries, default), bytes);

        async Task FlushAsync()
        {
            chain = Crc.Of(chain, buffer.Written);
            buffer.UInt32(chain);
            await client.InsistAsync(cancellationToken, Word("HSET"), Word(BlocksOf(id)), RespConnection.Word(blocks++), buffer.Written.ToArray());
            bytes += buffer.Length;
            buffer.Clear();
        }
    }

    // As the scripts take it: ARGV 1 to 7.
    private static ReadOnlyMemory<byte>[] Named(RedisSnapshot snapshot) =>
    [
        RespConnection.Word(snapshot.Position.Index), RespConnection.Word(snapshot.Position.Crc), RespConnection.Word(snapshot.Revision), Word(snapshot.Id),
        RespConnection.Word(snapshot.Blocks), RespConnection.Word(snapshot.Entries), Word(snapshot.Store.ToString("n", CultureInfo.InvariantCulture)),
    ];

    // Whoever was writing one of them finds its blocks gone and its position passed.
    private async Task RemoveOthersAsync(RedisClient client, CancellationToken cancellationToken)
    {
        var current = await FindAsync(client, cancellationToken);
        var known = await client.InsistAsync(cancellationToken, Word("SMEMBERS"), Word(_key + "s"));
        foreach (var other in (known.Items ?? []).Where(id => id.Text != current?.Id))
        {
            await client.InsistAsync(cancellationToken, Word("UNLINK"), Word(BlocksOf(other.Text)));
            await client.InsistAsync(cancellationToken, Word("SREM"), Word(_key + "s"), Word(other.Text));
        }
    }

    private static bool TryReadBlock(ReadOnlySpan<byte> bytes, KeyInterner keys, Action<StateEntry> add, ref uint chain, ref long count)
    {
        if (bytes.Length < sizeof(uint))
        {
            return false;
        }

        chain = Crc.Of(chain, bytes[..^sizeof(uint)]);
        if (new RecordReader(bytes[^sizeof(uint)..]).UInt32() != chain)
        {
            return false;
        }

        var reader = new RecordReader(bytes[..^sizeof(uint)]);
        while (reader.Remaining > 0)
        {
            if (SnapshotFormat.TryReadEntry(ref reader, keys) is not { } entry)
            {
                return false;
            }

            add(entry);
            count++;
        }

        return true;
    }

    private string BlocksOf(string id) => $"{_key}:{id}";

    private static ReadOnlyMemory<byte> Word(string text) => RespConnection.Word(text);

    private static long Number(RespValue value) => long.Parse(value.Text, NumberStyles.None, CultureInfo.InvariantCulture);
}
