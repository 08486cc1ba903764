using System.Collections.Concurrent;
using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.Client.Informers;

/// <summary>The informer's copy: objects by key, by namespace and by index. Written by one thread, read by any.</summary>
internal sealed class ObjectCache<T>
    where T : class, IKubernetesObject
{
    private readonly ConcurrentDictionary<ObjectKey, T> _byKey = new();
    private readonly Bucket<T> _all = new();
    private readonly ConcurrentDictionary<string, Bucket<T>> _byNamespace = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Index> _indexes = new(StringComparer.Ordinal);

    /// <summary>Every key there is; a snapshot.</summary>
    public ICollection<ObjectKey> Keys => _byKey.Keys;

    /// <summary>Adds an index. Before the first <see cref="Set"/> only.</summary>
    public void AddIndex(string name, Func<T, IEnumerable<string>> valuesOf) => _indexes.Add(name, new Index(valuesOf));

    public bool HasIndex(string name) => _indexes.ContainsKey(name);

    public T? Find(ObjectKey key) => _byKey.GetValueOrDefault(key);

    public T[] List(string? ns)
    {
        if (ns is null)
        {
            return _all.Read();
        }

        return _byNamespace.TryGetValue(ns, out var bucket) ? bucket.Read() : [];
    }

    public T[] ByIndex(string index, string value)
    {
        if (!_indexes.TryGetValue(index, out var found))
        {
            throw new ArgumentException($"the informer of {typeof(T).Name} has no index \"{index}\"", nameof(index));
        }

        return found.Buckets.TryGetValue(value, out var bucket) ? bucket.Read() : [];
    }

    /// <summary>Puts an object in.</summary>
    public void Set(ObjectKey key, T value)
    {
        var old = Find(key);
        foreach (var index in _indexes.Values)
        {
            var values = index.ValuesOf(value).ToHashSet(StringComparer.Ordinal);
            if (old is not null)
            {
                foreach (var left in index.ValuesOf(old).Where(was => !values.Contains(was)))
                {
                    Take(index.Buckets, left, key);
                }
            }

            foreach (var entered in values)
            {
                index.Buckets.GetOrAdd(entered, static _ => new Bucket<T>()).Set(key, value);
            }
        }

        _byKey[key] = value;
        _all.Set(key, value);
        _byNamespace.GetOrAdd(key.Namespace, static _ => new Bucket<T>()).Set(key, value);
    }

    /// <summary>Takes an object out.</summary>
    /// <returns>What was there, or null.</returns>
    public T? Remove(ObjectKey key)
    {
        if (!_byKey.TryRemove(key, out var old))
        {
            return null;
        }

        foreach (var index in _indexes.Values)
        {
            foreach (var value in index.ValuesOf(old))
            {
                Take(index.Buckets, value, key);
            }
        }

        _all.Remove(key);
        Take(_byNamespace, key.Namespace, key);
        return old;
    }

    // Only the one writer adds and removes buckets, so an empty one cannot be filled between the two steps.
    private static void Take(ConcurrentDictionary<string, Bucket<T>> buckets, string value, ObjectKey key)
    {
        if (buckets.TryGetValue(value, out var bucket) && bucket.Remove(key))
        {
            buckets.TryRemove(value, out _);
        }
    }

    private sealed record Index(Func<T, IEnumerable<string>> ValuesOf)
    {
        public ConcurrentDictionary<string, Bucket<T>> Buckets { get; } = new(StringComparer.Ordinal);
    }
}
