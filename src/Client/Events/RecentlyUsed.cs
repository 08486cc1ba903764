namespace KubeAspire.Client.Events;

/// <summary>A map that holds so many entries and forgets the least recently used. Not thread-safe.</summary>
internal sealed class RecentlyUsed<TKey, TValue>(int capacity)
    where TKey : notnull
{
    private readonly Dictionary<TKey, LinkedListNode<(TKey Key, TValue Value)>> _nodes = [];
    private readonly LinkedList<(TKey Key, TValue Value)> _order = new();

    public int Count => _nodes.Count;

    public TValue GetOrAdd(TKey key, Func<TValue> make)
    {
        if (_nodes.TryGetValue(key, out var node))
        {
            _order.Remove(node);
            _order.AddFirst(node);
            return node.Value.Value;
        }

        if (_nodes.Count >= capacity)
        {
            _nodes.Remove(_order.Last!.Value.Key);
            _order.RemoveLast();
        }

        var value = make();
        _nodes[key] = _order.AddFirst((key, value));
        return value;
    }
}
