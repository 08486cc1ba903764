using System.Buffers.Binary;
using System.Collections.Concurrent;
using KubeAspire.Dns.Wire;

namespace KubeAspire.Dns.Server;

/// <summary>Answers of other servers, for as long as they may be kept. Bounded in entries, in size and in time.</summary>
internal sealed class DnsCache(TimeProvider clock)
{
    private readonly ConcurrentDictionary<Key, Entry> _entries = new();

    /// <summary>A kept answer made to fit the query (id, letter case, remaining seconds), or null.</summary>
    public byte[]? Find(DnsQuery query)
    {
        if (!_entries.TryGetValue(KeyOf(query), out var entry))
        {
            return null;
        }

        var now = clock.GetUtcNow();
        if (entry.Expires <= now)
        {
            _entries.TryRemove(KeyValuePair.Create(KeyOf(query), entry));
            return null;
        }

        var bytes = entry.Message.ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(bytes, query.Id);
        query.Question.CopyTo(bytes.AsSpan(DnsLimits.Header));
        var age = (uint)(now - entry.Stored).TotalSeconds;
        foreach (var offset in entry.TimeToLiveOffsets)
        {
            var given = Math.Min(BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(offset)), entry.Lifetime);
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(offset), given > age ? given - age : 0);
        }

        return bytes;
    }

    /// <summary>Keeps an answer, if it is one to keep.</summary>
    public void Add(DnsQuery query, DnsResponse response, ReadOnlyMemory<byte> message)
    {
        var negative = response.Code == DnsResponseCode.NameError || !response.HasAnswers;
        if (response.Truncated || response.Code is not (DnsResponseCode.NoError or DnsResponseCode.NameError) || response.LowestTimeToLive == 0
            || message.Length > DnsServerLimits.CacheEntrySize || response.Question.Question.Length != query.Question.Length)
        {
            return;
        }

        var now = clock.GetUtcNow();
        var lifetime = Math.Min(response.LowestTimeToLive, negative ? DnsServerLimits.NegativeTimeToLive : DnsServerLimits.PositiveTimeToLive);
        if (_entries.Count >= DnsServerLimits.CacheEntries)
        {
            MakeRoom(now);
        }

        _entries[KeyOf(query)] = new(message.ToArray(), [.. response.TimeToLiveOffsets], now, now + TimeSpan.FromSeconds(lifetime), lifetime);
    }

    // What has run out goes first; when nothing has, a tenth goes in no order, so that room is not made for each newcomer alone.
    private void MakeRoom(DateTimeOffset now)
    {
        var removed = 0;
        foreach (var pair in _entries)
        {
            if (pair.Value.Expires <= now && _entries.TryRemove(pair))
            {
                removed++;
            }
        }

        foreach (var pair in _entries)
        {
            if (removed >= DnsServerLimits.CacheEntries / 10)
            {
                return;
            }

            removed += _entries.TryRemove(pair) ? 1 : 0;
        }
    }

    private static Key KeyOf(DnsQuery query) => new(query.Name, query.Type, query.Class, query.DnssecOk, query.HasEdns);

    private readonly record struct Key(string Name, DnsRecordType Type, ushort Class, bool DnssecOk, bool HasEdns);

    private sealed record Entry(byte[] Message, int[] TimeToLiveOffsets, DateTimeOffset Stored, DateTimeOffset Expires, uint Lifetime);
}
