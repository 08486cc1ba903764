using KubeAspire.Resources.Core;

namespace KubeAspire.Client.Events;

/// <summary>Something that happened, before it is decided how it is stored.</summary>
internal sealed record Occurrence(ObjectReference About, string Type, string Reason, string Message, DateTimeOffset At);

/// <summary>How an occurrence is stored: as a new Event, as one more of a known one, or not at all.</summary>
internal sealed record Correlated(EventCorrelator.Entry Entry, string Message);

/// <summary>Keeps a noisy object from flooding the store. Decides; writes nothing. One caller at a time.</summary>
/// <remarks>
/// client-go's three steps. Spam filter: 25 Events about one object, then one every 300 s. Aggregation: more than 10 Events in 600 s
/// that differ in their message only become one. Counting: the same Event again raises its count.
/// </remarks>
internal sealed class EventCorrelator
{
    /// <summary>Events about one object that may come at once. 25.</summary>
    public const int SpamBurst = 25;

    /// <summary>Time in which one more is allowed. 300 s.</summary>
    public static readonly TimeSpan SpamRefill = TimeSpan.FromSeconds(300);

    /// <summary>Different messages after which Events are aggregated. 10.</summary>
    public const int AggregateAfter = 10;

    /// <summary>Time after which an aggregate begins anew. 600 s.</summary>
    public static readonly TimeSpan AggregateWithin = TimeSpan.FromSeconds(600);

    /// <summary>Keys that each of the three memories holds; the least recently used goes. 4096.</summary>
    public const int MemoryMax = 4096;

    private readonly RecentlyUsed<string, Bucket> _spam = new(MemoryMax);
    private readonly RecentlyUsed<string, Aggregate> _aggregates = new(MemoryMax);
    private readonly RecentlyUsed<string, Entry> _entries = new(MemoryMax);

    /// <summary>Decides about one occurrence; null where it is spam.</summary>
    public Correlated? Correlate(Occurrence occurrence)
    {
        var about = $"{occurrence.About.Kind}\n{occurrence.About.Namespace}\n{occurrence.About.Name}\n{occurrence.About.Uid}\n{occurrence.About.ApiVersion}\n{occurrence.About.FieldPath}";
        if (!_spam.GetOrAdd(about, () => new Bucket(occurrence.At)).TryTake(occurrence.At))
        {
            return null;
        }

        var group = $"{about}\n{occurrence.Type}\n{occurrence.Reason}";
        var aggregate = _aggregates.GetOrAdd(group, () => new Aggregate());
        var (key, message) = aggregate.Add(occurrence.Message, occurrence.At)
            ? (group, $"(combined from similar events): {occurrence.Message}")
            : ($"{group}\n{occurrence.Message}", occurrence.Message);
        return new Correlated(_entries.GetOrAdd(key, () => new Entry()), message);
    }

    /// <summary>What was last stored for a key. No name: nothing yet.</summary>
    internal sealed class Entry
    {
        public string? Name { get; set; }

        public int Count { get; set; }

        public DateTimeOffset FirstAt { get; set; }
    }

    private sealed class Bucket(DateTimeOffset made)
    {
        private double _tokens = SpamBurst;
        private DateTimeOffset _filledAt = made;

        public bool TryTake(DateTimeOffset now)
        {
            _tokens = Math.Min(SpamBurst, _tokens + ((now - _filledAt) / SpamRefill));
            _filledAt = now;
            if (_tokens < 1)
            {
                return false;
            }

            _tokens -= 1;
            return true;
        }
    }

    private sealed class Aggregate
    {
        private readonly HashSet<string> _messages = new(StringComparer.Ordinal);
        private DateTimeOffset _last = DateTimeOffset.MinValue;

        /// <summary>Whether the message is one too many of its kind.</summary>
        public bool Add(string message, DateTimeOffset now)
        {
            if (now - _last > AggregateWithin)
            {
                _messages.Clear();
            }

            _last = now;
            if (_messages.Count < AggregateAfter)
            {
                _messages.Add(message);
                return _messages.Count >= AggregateAfter;
            }

            return true;
        }
    }
}
