using System.Text;
using KubeAspire.StateStore.Log;
using KubeAspire.StateStore.Redis;
using KubeAspire.StateStore.Snapshots;

namespace KubeAspire.StateStore.Tests.Redis.Planted;

/// <summary>The bugs that lie in how Redis is used: rules for a <see cref="RespRelay"/>, each good for one silo.</summary>
internal static class BuggyRedis
{
    // Whoever's entry has the place, and all after it, make way.
    private const string Unfenced =
        """
        local head = redis.call('GET', KEYS[1])
        if head ~= ARGV[1] then
          local kept = redis.call('XRANGE', KEYS[2], '-', '(' .. ARGV[3])
          redis.call('DEL', KEYS[2])
          for _, entry in ipairs(kept) do redis.call('XADD', KEYS[2], entry[1], 'e', entry[2][2]) end
        end
        redis.call('XADD', KEYS[2], ARGV[3], 'e', ARGV[4])
        redis.call('SET', KEYS[1], ARGV[2])
        return 1
        """;

    private static readonly byte[] s_one = ":1\r\n"u8.ToArray();
    private static readonly TimeSpan s_late = TimeSpan.FromMilliseconds(25);

    /// <summary>The rule of a bug; of one that lies elsewhere, that the silo learns of entries a little late.</summary>
    public static RespRule Rule(RedisBug bug) => bug switch
    {
        RedisBug.AppendsWithoutExpectedPosition => (words, server) => Late(RespRelay.IsAppend(words) ? [words[0], Encoding.UTF8.GetBytes(Unfenced), .. words[2..]] : words, server),
        RedisBug.TellsTheFencedThatTheyAppended => async (words, server) =>
        {
            var answer = await Late(words, server);
            return RespRelay.IsAppend(words) ? s_one : answer;
        },
        RedisBug.AcknowledgesBeforeRedisAnswered => AcknowledgeEarly(),
        RedisBug.RemembersWhereTheLogEnds => RememberHead(),
        RedisBug.AppliesOutOfPlace => new SwappedEntries().RelayAsync,
        RedisBug.SnapshotMissesAKey => MissKey(),
        _ => Late,
    };

    private static async Task<byte[]> Late(byte[][] words, Func<byte[][], Task<byte[]>> server)
    {
        var answer = await server(words);
        if (RespRelay.Is(words, "XREAD"))
        {
            await Task.Delay(s_late, TimeProvider.System);
        }

        return answer;
    }

    private static RespRule AcknowledgeEarly()
    {
        var pending = Task.CompletedTask;
        return async (words, server) =>
        {
            if (RespRelay.IsAppend(words))
            {
                pending = LaterAsync(pending, words, server);
                return s_one;
            }

            if (!RespRelay.Is(words, "XREAD"))
            {
                await pending;
            }

            return await server(words);
        };

        static async Task LaterAsync(Task before, byte[][] words, Func<byte[][], Task<byte[]>> server)
        {
            await before;
            await Task.Delay(s_late, TimeProvider.System);
            await server(words);
        }
    }

    private static RespRule RememberHead()
    {
        var (heard, at) = (Array.Empty<byte>(), 0L);
        return async (words, server) =>
        {
            if (!RespRelay.Is(words, "GET"))
            {
                return await server(words);
            }

            if (heard.Length == 0 || TimeProvider.System.GetElapsedTime(at) > s_late)
            {
                (heard, at) = (await server(words), TimeProvider.System.GetTimestamp());
            }

            return heard;
        };
    }

    // Blocks of a snapshot are written one by one, then it is named with its count. In a small store there is one block.
    private static RespRule MissKey() => (words, server) =>
    {
        if (RespRelay.Is(words, "HSET") && words.Length == 4)
        {
            words[3] = WithoutFirst(words[3]);
        }
        else if (RespRelay.IsScript(words, "XTRIM"))
        {
            words[10] = Encoding.ASCII.GetBytes($"{int.Parse(words[10], System.Globalization.CultureInfo.InvariantCulture) - 1}");
        }

        return server(words);
    };

    private static byte[] WithoutFirst(byte[] block)
    {
        var reader = new RecordReader(block.AsSpan(..^sizeof(uint)));
        var (keys, buffer, first) = (new KeyInterner(), new RecordBuffer(), true);
        while (reader.Remaining > 0)
        {
            var entry = SnapshotFormat.TryReadEntry(ref reader, keys)!;
            if (!first)
            {
                SnapshotFormat.AddEntry(buffer, entry);
            }

            first = false;
        }

        buffer.UInt32(Crc.Of(0, buffer.Written));
        return buffer.Written.ToArray();
    }

    /// <summary>Entries that come together change places, and everything is chained anew so that each looks right where it is.</summary>
    private sealed class SwappedEntries
    {
        private LogPosition _true;
        private LogPosition _told;

        public async Task<byte[]> RelayAsync(byte[][] words, Func<byte[][], Task<byte[]>> server)
        {
            if (RespRelay.Is(words, "XREAD"))
            {
                // So that several come together.
                await Task.Delay(s_late, TimeProvider.System);
                words = [.. words.Where((_, at) => Encoding.ASCII.GetString(words[at]) != "BLOCK" && (at == 0 || Encoding.ASCII.GetString(words[at - 1]) != "BLOCK"))];
                return Spoil(await server(words));
            }

            return await server(words);
        }

        private byte[] Spoil(byte[] answer)
        {
            // An entry's bytes follow the field's name.
            var parts = Entries(answer);
            var entries = new List<Decoded>();
            foreach (var part in parts)
            {
                if (LogEntry.Decode(answer.AsSpan(part), _true, out var entry, out var crc) is not null)
                {
                    return answer; // It was asked for again.
                }

                entries.Add(new Decoded(entry.Kind, entry.Writer, entry.WriterName, entry.FirstRevision, entry.Tickets, entry.Records.ToArray()));
                _true = new LogPosition(_true.Index + 1, crc);
            }

            for (var i = 0; i + 1 < entries.Count; i++)
            {
                if (entries[i] is { Kind: LogEntryKind.Batch, Tickets.Length: 1 } one && entries[i + 1] is { Kind: LogEntryKind.Batch, Tickets.Length: 1 } two)
                {
                    (entries[i], entries[i + 1]) = (two with { FirstRevision = one.FirstRevision }, one with { FirstRevision = two.FirstRevision });
                    break;
                }
            }

            using var spoilt = new MemoryStream();
            var copied = 0;
            for (var i = 0; i < parts.Count; i++)
            {
                var bytes = LogEntry.Encode(_told, entries[i].Writer, entries[i].Kind, entries[i].Name, entries[i].FirstRevision, entries[i].Tickets, entries[i].Records, out var crc);
                _told = new LogPosition(_told.Index + 1, crc);
                var header = Encoding.ASCII.GetString(answer, copied, parts[i].Start.Value - copied);
                spoilt.Write(Encoding.ASCII.GetBytes(header[..(header.LastIndexOf('$') + 1)] + bytes.Length + "\r\n"));
                spoilt.Write(bytes);
                copied = parts[i].End.Value;
            }

            spoilt.Write(answer.AsSpan(copied));
            return spoilt.ToArray();
        }

        private static List<Range> Entries(byte[] answer)
        {
            List<Range> parts = [];
            for (var at = 0; answer.AsSpan(at).IndexOf("$1\r\ne\r\n$"u8) is var found and >= 0;)
            {
                var length = at + found + 8;
                var end = Array.IndexOf(answer, (byte)'\r', length);
                var bytes = int.Parse(answer.AsSpan(length..end), System.Globalization.CultureInfo.InvariantCulture);
                parts.Add((end + 2)..(end + 2 + bytes));
                at = end + 2 + bytes;
            }

            return parts;
        }

        private sealed record Decoded(LogEntryKind Kind, Guid Writer, string Name, long FirstRevision, WriteTicket[] Tickets, byte[] Records);
    }
}
