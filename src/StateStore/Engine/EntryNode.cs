namespace KubeAspire.StateStore.Engine;

/// <summary>A place in the order of one collection: before the entry of this namespace and name, or at it.</summary>
internal readonly record struct EntryBound(string Namespace, string Name)
{
    /// <summary>Before everything.</summary>
    public static readonly EntryBound Start = new("", "");

    /// <summary>Just after a key.</summary>
    public static EntryBound After(StateKey key) => new(key.Namespace, key.Name + '\0');

    /// <summary>Just after the last key of a namespace.</summary>
    public static EntryBound EndOf(string ns) => new(ns + '\0', "");

    /// <summary>Ordinal, as every list is.</summary>
    public int CompareTo(in EntryBound other)
    {
        var order = ReferenceEquals(Namespace, other.Namespace) ? 0 : string.CompareOrdinal(Namespace, other.Namespace);
        return order != 0 ? order : string.CompareOrdinal(Name, other.Name);
    }
}

/// <summary>
/// A node of a B+tree that is copied when changed, so that whoever holds a root holds a snapshot. Within one edit, nodes that the
/// edit itself made are changed in place: their <see cref="Owner"/> is the edit's number.
/// </summary>
internal sealed class EntryNode
{
    /// <summary>Most entries of a leaf, most children of an inner node. A copy on write of one path is then about 2 KB for 100,000 objects.</summary>
    public const int Capacity = 32;

    public readonly long Owner;
    public readonly StateEntry[]? Entries;
    public readonly EntryNode[]? Children;

    // Lowers[i] is a lower bound of everything in Children[i]; that of child 0 is not looked at.
    public readonly EntryBound[]? Lowers;

    /// <summary>Entries or children in use.</summary>
    public int Count;

    /// <summary>Entries below, in all.</summary>
    public int Total;

    public EntryNode(long owner, bool leaf)
    {
        Owner = owner;
        if (leaf)
        {
            Entries = new StateEntry[Capacity];
        }
        else
        {
            Children = new EntryNode[Capacity];
            Lowers = new EntryBound[Capacity];
        }
    }

    public bool IsLeaf => Entries is not null;

    /// <summary>This node, or a copy of it that the edit may change.</summary>
    public EntryNode For(long owner)
    {
        if (Owner == owner)
        {
            return this;
        }

        var copy = new EntryNode(owner, IsLeaf) { Count = Count, Total = Total };
        if (IsLeaf)
        {
            Array.Copy(Entries!, copy.Entries!, Count);
        }
        else
        {
            Array.Copy(Children!, copy.Children!, Count);
            Array.Copy(Lowers!, copy.Lowers!, Count);
        }

        return copy;
    }

    /// <summary>Of a leaf: where the first entry at or after a bound stands, and whether it stands exactly there.</summary>
    public int IndexOf(in EntryBound bound, out bool exact)
    {
        int low = 0, high = Count;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            var key = Entries![middle].Key;
            var order = new EntryBound(key.Namespace, key.Name).CompareTo(bound);
            if (order == 0)
            {
                exact = true;
                return middle;
            }

            if (order < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        exact = false;
        return low;
    }

    /// <summary>Of an inner node: the child in which a bound falls.</summary>
    public int ChildOf(in EntryBound bound)
    {
        int low = 1, high = Count;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (Lowers![middle].CompareTo(bound) <= 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low - 1;
    }

    public void InsertEntry(int at, StateEntry entry)
    {
        Array.Copy(Entries!, at, Entries!, at + 1, Count - at);
        Entries![at] = entry;
        Count++;
        Total++;
    }

    public void InsertChild(int at, EntryNode child, EntryBound lower)
    {
        Array.Copy(Children!, at, Children!, at + 1, Count - at);
        Array.Copy(Lowers!, at, Lowers!, at + 1, Count - at);
        Children![at] = child;
        Lowers![at] = lower;
        Count++;
    }

    public void RemoveEntry(int at)
    {
        Count--;
        Total--;
        Array.Copy(Entries!, at + 1, Entries!, at, Count - at);
        Entries![Count] = null!;
    }

    public void RemoveChild(int at)
    {
        Count--;
        Array.Copy(Children!, at + 1, Children!, at, Count - at);
        Array.Copy(Lowers!, at + 1, Lowers!, at, Count - at);
        Children![Count] = null!;
        Lowers![Count] = default;
    }

    /// <summary>Moves what stands from an index on into a new node to the right.</summary>
    public EntryNode SplitAt(int at)
    {
        var right = new EntryNode(Owner, IsLeaf) { Count = Count - at };
        if (IsLeaf)
        {
            Array.Copy(Entries!, at, right.Entries!, 0, right.Count);
            Array.Clear(Entries!, at, right.Count);
            right.Total = right.Count;
        }
        else
        {
            Array.Copy(Children!, at, right.Children!, 0, right.Count);
            Array.Copy(Lowers!, at, right.Lowers!, 0, right.Count);
            Array.Clear(Children!, at, right.Count);
            Array.Clear(Lowers!, at, right.Count);
            for (var i = 0; i < right.Count; i++)
            {
                right.Total += right.Children![i].Total;
            }
        }

        Count = at;
        Total -= right.Total;
        return right;
    }

    /// <summary>Appends all that a right neighbour holds.</summary>
    /// <param name="right">The neighbour; not changed.</param>
    /// <param name="lower">The neighbour's lower bound as its parent knows it.</param>
    public void Append(EntryNode right, EntryBound lower)
    {
        if (IsLeaf)
        {
            Array.Copy(right.Entries!, 0, Entries!, Count, right.Count);
        }
        else
        {
            Array.Copy(right.Children!, 0, Children!, Count, right.Count);
            Array.Copy(right.Lowers!, 0, Lowers!, Count, right.Count);
            Lowers![Count] = lower;
        }

        Count += right.Count;
        Total += right.Total;
    }
}
