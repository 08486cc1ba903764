namespace KubeAspire.StateStore.Engine;

/// <summary>The operations on a tree of <see cref="EntryNode"/>s. A null root is an empty tree.</summary>
internal static class EntryTree
{
    // A node this empty is merged with a neighbour where both then fill at most three quarters: room to grow before the next split.
    private const int Sparse = EntryNode.Capacity / 4;
    private const int MergedMost = EntryNode.Capacity * 3 / 4;

    /// <summary>How many entries there are.</summary>
    public static int Count(EntryNode? root) => root?.Total ?? 0;

    /// <summary>The entry of a name, or null.</summary>
    public static StateEntry? Find(EntryNode? root, string ns, string name)
    {
        if (root is null)
        {
            return null;
        }

        var bound = new EntryBound(ns, name);
        var node = root;
        while (!node.IsLeaf)
        {
            node = node.Children![node.ChildOf(bound)];
        }

        var at = node.IndexOf(bound, out var exact);
        return exact ? node.Entries![at] : null;
    }

    /// <summary>Adds or replaces an entry.</summary>
    /// <returns>The new root. Nodes not owned by the edit are left as they were.</returns>
    public static EntryNode Put(EntryNode? root, StateEntry entry, long owner)
    {
        root ??= new EntryNode(owner, leaf: true);
        var bound = new EntryBound(entry.Key.Namespace, entry.Key.Name);
        var changed = Put(root, entry, bound, owner, out var right, out var rightLower);
        if (right is null)
        {
            return changed;
        }

        var above = new EntryNode(owner, leaf: false);
        above.InsertChild(0, changed, EntryBound.Start);
        above.InsertChild(1, right, rightLower);
        above.Total = changed.Total + right.Total;
        return above;
    }

    /// <summary>Removes an entry that is there.</summary>
    /// <returns>The new root; null when nothing is left.</returns>
    public static EntryNode? Remove(EntryNode root, string ns, string name, long owner)
    {
        var changed = Remove(root, new EntryBound(ns, name), owner);
        while (!changed.IsLeaf && changed.Count == 1)
        {
            changed = changed.Children![0];
        }

        return changed.Total == 0 ? null : changed;
    }

    /// <summary>How many entries stand before a bound.</summary>
    public static int Rank(EntryNode? root, in EntryBound bound)
    {
        var rank = 0;
        for (var node = root; node is not null;)
        {
            if (node.IsLeaf)
            {
                return rank + node.IndexOf(bound, out _);
            }

            var at = node.ChildOf(bound);
            for (var i = 0; i < at; i++)
            {
                rank += node.Children![i].Total;
            }

            node = node.Children![at];
        }

        return rank;
    }

    /// <summary>Copies the entries from a bound on, in order, until the target is full.</summary>
    /// <returns>How many were copied.</returns>
    public static int CopyFrom(EntryNode? root, in EntryBound from, Span<StateEntry> target)
    {
        if (root is null || target.IsEmpty)
        {
            return 0;
        }

        if (root.IsLeaf)
        {
            var at = root.IndexOf(from, out _);
            var count = Math.Min(root.Count - at, target.Length);
            root.Entries.AsSpan(at, count).CopyTo(target);
            return count;
        }

        var first = root.ChildOf(from);
        var copied = CopyFrom(root.Children![first], from, target);
        for (var i = first + 1; i < root.Count && copied < target.Length; i++)
        {
            copied += CopyFrom(root.Children[i], EntryBound.Start, target[copied..]);
        }

        return copied;
    }

    /// <summary>The entries from a bound on, in order.</summary>
    public static IEnumerable<StateEntry> From(EntryNode? root, EntryBound from)
    {
        if (root is null)
        {
            yield break;
        }

        if (root.IsLeaf)
        {
            for (var i = root.IndexOf(from, out _); i < root.Count; i++)
            {
                yield return root.Entries![i];
            }

            yield break;
        }

        var first = root.ChildOf(from);
        for (var i = first; i < root.Count; i++)
        {
            foreach (var entry in From(root.Children![i], i == first ? from : EntryBound.Start))
            {
                yield return entry;
            }
        }
    }

    private static EntryNode Put(EntryNode node, StateEntry entry, in EntryBound bound, long owner, out EntryNode? right, out EntryBound rightLower)
    {
        right = null;
        rightLower = default;
        node = node.For(owner);
        if (node.IsLeaf)
        {
            var at = node.IndexOf(bound, out var exact);
            if (exact)
            {
                node.Entries![at] = entry;
            }
            else if (node.Count < EntryNode.Capacity)
            {
                node.InsertEntry(at, entry);
            }
            else
            {
                // Names often come in ascending order: then the left node stays full instead of half empty for ever.
                right = node.SplitAt(at == node.Count ? at : node.Count / 2);
                if (at > node.Count || right.Count == 0)
                {
                    right.InsertEntry(at - node.Count, entry);
                }
                else
                {
                    node.InsertEntry(at, entry);
                }

                rightLower = new EntryBound(right.Entries![0].Key.Namespace, right.Entries[0].Key.Name);
            }

            return node;
        }

        var index = node.ChildOf(bound);
        var child = node.Children![index];
        var before = child.Total;
        child = Put(child, entry, bound, owner, out var newChild, out var newLower);
        node.Children[index] = child;
        node.Total += child.Total + (newChild?.Total ?? 0) - before;
        if (newChild is not null)
        {
            right = InsertChild(node, index + 1, newChild, newLower, out rightLower);
        }

        return node;
    }

    // The child's entries are already counted in the node's total.
    private static EntryNode? InsertChild(EntryNode node, int at, EntryNode child, EntryBound lower, out EntryBound rightLower)
    {
        rightLower = default;
        if (node.Count < EntryNode.Capacity)
        {
            node.InsertChild(at, child, lower);
            return null;
        }

        node.Total -= child.Total;
        var right = node.SplitAt(at == node.Count ? at : node.Count / 2);
        var into = at > node.Count || right.Count == 0 ? right : node;
        into.InsertChild(into == right ? at - node.Count : at, child, lower);
        into.Total += child.Total;
        rightLower = right.Lowers![0];
        return right;
    }

    private static EntryNode Remove(EntryNode node, in EntryBound bound, long owner)
    {
        node = node.For(owner);
        if (node.IsLeaf)
        {
            node.RemoveEntry(node.IndexOf(bound, out _));
            return node;
        }

        var index = node.ChildOf(bound);
        var child = Remove(node.Children![index], bound, owner);
        node.Children[index] = child;
        node.Total--;
        if (child.Count == 0)
        {
            node.RemoveChild(index);
        }
        else if (child.Count < Sparse && node.Count > 1)
        {
            var left = index > 0 ? index - 1 : 0;
            var (first, second) = (node.Children[left], node.Children[left + 1]);
            if (first.Count + second.Count <= MergedMost)
            {
                first = first.For(owner);
                first.Append(second, node.Lowers![left + 1]);
                node.Children[left] = first;
                node.RemoveChild(left + 1);
            }
        }

        return node;
    }
}
