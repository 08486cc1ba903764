using System.Text.Json.Nodes;
using System.Threading.Channels;
using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.Testing.Api;

/// <summary>The fake's objects as trees, every revision since the last compaction, and who watches. Guarded by its own lock.</summary>
internal sealed class FakeStore
{
    private readonly SortedDictionary<(string Resource, ObjectKey Key), JsonObject> _objects =
        new(Comparer<(string Resource, ObjectKey Key)>.Create((a, b) => string.CompareOrdinal(a.Resource, b.Resource) is var order and not 0 ? order : a.Key.CompareTo(b.Key)));

    private readonly List<FakeChange> _history = [];
    private readonly List<(string Resource, Channel<FakeChange> Channel)> _watchers = [];
    private long _compacted;

    public Lock Gate { get; } = new();

    public long Revision { get; private set; } = 1;

    public JsonObject? Find(string resource, ObjectKey key) => _objects.GetValueOrDefault((resource, key));

    public IEnumerable<JsonObject> All(string resource) => _objects.Where(pair => pair.Key.Resource == resource).Select(pair => pair.Value);

    /// <summary>Stores a tree under a new revision, or removes it where <paramref name="value"/> is null.</summary>
    public JsonObject Commit(string resource, ObjectKey key, JsonObject? value)
    {
        var old = Find(resource, key);
        Revision++;
        // By way of text, so that a number is the same node whether it was parsed or made here.
        var stamped = (JsonObject)JsonNode.Parse((value ?? old!).ToJsonString())!;
        stamped["metadata"]!["resourceVersion"] = Revision.ToString();
        if (value is null)
        {
            _objects.Remove((resource, key));
        }
        else
        {
            _objects[(resource, key)] = stamped;
        }

        var change = new FakeChange(Revision, resource, old, value is null ? null : stamped, stamped);
        _history.Add(change);
        foreach (var (watched, channel) in _watchers)
        {
            if (watched == resource)
            {
                channel.Writer.TryWrite(change);
            }
        }

        return stamped;
    }

    /// <summary>Moves the revision without changing an object.</summary>
    public void Tick() => Revision++;

    /// <summary>Forgets history up to now.</summary>
    public void Compact()
    {
        _compacted = Revision;
        _history.Clear();
    }

    /// <summary>A channel of all changes after a revision, or null where they are compacted.</summary>
    public Channel<FakeChange>? Watch(string resource, long after)
    {
        if (after < _compacted)
        {
            return null;
        }

        var channel = Channel.CreateUnbounded<FakeChange>();
        foreach (var change in _history.Where(change => change.Resource == resource && change.Revision > after))
        {
            channel.Writer.TryWrite(change);
        }

        _watchers.Add((resource, channel));
        return channel;
    }

    public void Unwatch(Channel<FakeChange> channel)
    {
        lock (Gate)
        {
            _watchers.RemoveAll(watcher => watcher.Channel == channel);
        }
    }

    public int CountWatchers(string resource) => _watchers.Count(watcher => watcher.Resource == resource);

    /// <summary>Ends watches: normally, or with an exception as a broken connection does.</summary>
    public void EndWatches(string? resource, Exception? because)
    {
        foreach (var (_, channel) in _watchers.Where(watcher => resource is null || watcher.Resource == resource).ToList())
        {
            channel.Writer.TryComplete(because);
        }
    }

    /// <summary>Sends every watcher of a resource a bookmark of the present revision.</summary>
    public void Bookmark(string resource)
    {
        foreach (var (_, channel) in _watchers.Where(watcher => watcher.Resource == resource).ToList())
        {
            channel.Writer.TryWrite(new FakeChange(Revision, resource, null, null, null));
        }
    }
}

/// <summary>A revision of one object. All three objects null: a bookmark.</summary>
internal sealed record FakeChange(long Revision, string Resource, JsonObject? Old, JsonObject? New, JsonObject? Shown);
