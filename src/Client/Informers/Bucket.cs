using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.Client.Informers;

/// <summary>
/// Objects filed under one value. One thread writes; readers take a finished array, which is made anew only when someone reads
/// after a change: reading a settled world takes no lock and allocates nothing.
/// </summary>
internal sealed class Bucket<T>
    where T : class
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectKey, T> _objects = [];
    private T[]? _snapshot = [];

    /// <summary>How many objects are filed.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _objects.Count;
            }
        }
    }

    /// <summary>Files an object in place of the one of that key.</summary>
    public void Set(ObjectKey key, T value)
    {
        lock (_gate)
        {
            _objects[key] = value;
            Volatile.Write(ref _snapshot, null);
        }
    }

    /// <summary>Takes an object out.</summary>
    /// <returns>Whether the bucket is empty now.</returns>
    public bool Remove(ObjectKey key)
    {
        lock (_gate)
        {
            if (_objects.Remove(key))
            {
                Volatile.Write(ref _snapshot, null);
            }

            return _objects.Count == 0;
        }
    }

    /// <summary>The objects as they are now. Not to be changed.</summary>
    public T[] Read()
    {
        if (Volatile.Read(ref _snapshot) is { } ready)
        {
            return ready;
        }

        lock (_gate)
        {
            return _snapshot ??= [.. _objects.Values];
        }
    }
}
