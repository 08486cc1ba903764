using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Schemas;

namespace KubeAspire.ApiMachinery.Patching.Apply;

/// <summary>A set of paths in an object: what one field manager owns. The operations return new sets.</summary>
/// <remarks>
/// Printed as <c>fieldsV1</c>: <c>{"f:spec":{"f:replicas":{}}}</c>; a path that is in the set although others go through it is told by
/// <c>".":{}</c>. Source: sigs.k8s.io/structured-merge-diff.
/// </remarks>
public sealed class FieldSet
{
    /// <summary>Levels of a set that is read. 200.</summary>
    private const int MaximumDepth = 200;

    // In the order of their elements, each element once: sets are made by the dozen for each write, and merging two is one pass.
    private readonly List<Entry> _entries;

    /// <summary>An empty set.</summary>
    public FieldSet()
        : this([])
    {
    }

    private FieldSet(List<Entry> entries) => _entries = entries;

    /// <summary>Whether no path is in the set.</summary>
    public bool IsEmpty
    {
        get
        {
            foreach (var entry in _entries)
            {
                if (entry.IsMember || entry.Below is { IsEmpty: false })
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>The paths of the set, each as conflicts are told: <c>.spec.replicas</c>.</summary>
    public IEnumerable<string> Paths => Walk("");

    /// <summary>A set of field paths such as <c>metadata.name</c>.</summary>
    public static FieldSet Of(params IEnumerable<string> paths)
    {
        var set = new FieldSet();
        foreach (var path in paths)
        {
            set.Insert([.. path.Split('.').Select(PathElement.Field)]);
        }

        return set;
    }

    /// <summary>Reads fieldsV1; null where it is none. Unknown elements are left out.</summary>
    public static FieldSet? Parse(JsonNode? fields) => fields is JsonObject map ? Parse(map, 0) : null;

    /// <summary>Adds a path. Cheapest where paths come in order.</summary>
    public void Insert(ReadOnlySpan<PathElement> path)
    {
        if (path.Length == 0)
        {
            return;
        }

        var set = this;
        foreach (var element in path[..^1])
        {
            set = set.Child(element);
        }

        var at = set.Place(path[^1]);
        set._entries[at] = set._entries[at] with { IsMember = true };
    }

    /// <summary>Whether a path is in the set.</summary>
    public bool Has(ReadOnlySpan<PathElement> path)
    {
        var set = this;
        for (var i = 0; i < path.Length - 1; i++)
        {
            if (set.Below(path[i]) is not { } below)
            {
                return false;
            }

            set = below;
        }

        return path.Length > 0 && set.HasMember(path[^1]);
    }

    /// <summary>Whether a child itself is in the set.</summary>
    internal bool HasMember(PathElement element) => Find(element) is >= 0 and var at && _entries[at].IsMember;

    /// <summary>What the set says below a child, or null for nothing.</summary>
    internal FieldSet? Below(PathElement element) => Find(element) is >= 0 and var at ? _entries[at].Below : null;

    /// <summary>Paths in either set.</summary>
    public FieldSet Union(FieldSet other) => other._entries.Count == 0 ? this : _entries.Count == 0 ? other : Merge(other, static (mine, others) => mine with
    {
        IsMember = mine.IsMember || others.IsMember,
        Below = mine.Below is null ? others.Below : others.Below is null ? mine.Below : mine.Below.Union(others.Below),
    });

    /// <summary>Paths in both sets.</summary>
    public FieldSet Intersection(FieldSet other) => Merge(other, static (mine, others) => mine with
    {
        IsMember = mine.IsMember && others.IsMember,
        Below = mine.Below is null || others.Below is null ? null : NotEmpty(mine.Below.Intersection(others.Below)),
    });

    /// <summary>Paths in this set and not in the other.</summary>
    /// <param name="other">The other set.</param>
    /// <param name="recursive">Whether a path in the other set takes everything below it away too.</param>
    public FieldSet Difference(FieldSet other, bool recursive = false) =>
        _entries.Count == 0 || other._entries.Count == 0 ? this : recursive ? Merge(other, s_withoutAllBelow) : Merge(other, s_without);

    private static readonly Func<Entry, Entry, Entry> s_without = (mine, others) => Without(mine, others, recursive: false);
    private static readonly Func<Entry, Entry, Entry> s_withoutAllBelow = (mine, others) => Without(mine, others, recursive: true);

    private static Entry Without(Entry mine, Entry others, bool recursive) => mine with
    {
        IsMember = mine.IsMember && !others.IsMember,
        Below = mine.Below is null || (recursive && others.IsMember) ? null : NotEmpty(others.Below is null ? mine.Below : mine.Below.Difference(others.Below, recursive)),
    };

    /// <summary>The set with every declared field of an object in it that a path goes through.</summary>
    internal FieldSet WithNamedFields(Schema? schema)
    {
        var entries = new List<Entry>(_entries.Count);
        foreach (var (element, isMember, below) in _entries)
        {
            var isNamed = below is not null && element.Kind == PathElementKind.Field && schema?.Type == SchemaType.Object && schema.Properties.ContainsKey(element.Text);
            entries.Add(new Entry(element, isMember || isNamed, below?.WithNamedFields(TypedTree.Below(schema, element))));
        }

        return new FieldSet(entries);
    }

    /// <summary>Prints fieldsV1.</summary>
    public JsonObject ToJson()
    {
        var result = new JsonObject();
        foreach (var (element, isMember, child) in _entries)
        {
            var hasChild = child is { IsEmpty: false };
            if (!hasChild && !isMember)
            {
                continue;
            }

            var below = hasChild ? child!.ToJson() : [];
            if (hasChild && isMember)
            {
                below.Insert(0, ".", new JsonObject());
            }

            result[element.Encoded] = below;
        }

        return result;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is FieldSet other && JsonNode.DeepEquals(ToJson(), other.ToJson());

    /// <inheritdoc/>
    public override int GetHashCode() => _entries.Count(entry => entry.IsMember) + (397 * _entries.Count(entry => entry.Below is not null));

    /// <inheritdoc/>
    public override string ToString() => ToJson().ToJsonString();

    private static FieldSet? Parse(JsonObject map, int depth)
    {
        if (depth > MaximumDepth)
        {
            return null;
        }

        var entries = new List<Entry>(map.Count);
        foreach (var (text, below) in map)
        {
            if (PathElement.Parse(text) is not { } element)
            {
                continue;
            }

            if (below is not JsonObject child)
            {
                return null;
            }

            if (child.Count == 0)
            {
                entries.Add(new Entry(element, true, null));
            }
            else if (Parse(child, depth + 1) is { } parsed)
            {
                entries.Add(new Entry(element, child.ContainsKey("."), NotEmpty(parsed)));
            }
            else
            {
                return null;
            }
        }

        return Sorted(entries);
    }

    // A client may send them in any order, and one element in two spellings.
    private static FieldSet Sorted(List<Entry> entries)
    {
        entries.Sort(static (left, right) => left.Element.CompareTo(right.Element));
        var set = new FieldSet(new List<Entry>(entries.Count));
        foreach (var entry in entries)
        {
            var at = set.Place(entry.Element);
            var before = set._entries[at];
            set._entries[at] = new Entry(entry.Element, before.IsMember || entry.IsMember, before.Below is null ? entry.Below : entry.Below is null ? before.Below : before.Below.Union(entry.Below));
        }

        return set;
    }

    private static FieldSet? NotEmpty(FieldSet set) => set.IsEmpty ? null : set;

    // What two sets say of each element that either knows, combined; an element that is not known is there without anything.
    private FieldSet Merge(FieldSet other, Func<Entry, Entry, Entry> combine)
    {
        var (left, right) = (_entries, other._entries);
        var entries = new List<Entry>(left.Count);
        for (int i = 0, j = 0; i < left.Count || j < right.Count;)
        {
            var order = i == left.Count ? 1 : j == right.Count ? -1 : left[i].Element.CompareTo(right[j].Element);
            var combined = combine(
                order <= 0 ? left[i] : new Entry(right[j].Element, false, null),
                order >= 0 ? right[j] : new Entry(left[i].Element, false, null));
            i += order <= 0 ? 1 : 0;
            j += order >= 0 ? 1 : 0;
            if (combined.IsMember || combined.Below is not null)
            {
                entries.Add(combined);
            }
        }

        return new FieldSet(entries);
    }

    private FieldSet Child(PathElement element)
    {
        var at = Place(element);
        if (_entries[at].Below is { } below)
        {
            return below;
        }

        below = new FieldSet();
        _entries[at] = _entries[at] with { Below = below };
        return below;
    }

    // Where an element stands; it is put there if it is not yet. The last one is the likeliest: walks go in order.
    private int Place(PathElement element)
    {
        var order = _entries.Count == 0 ? 1 : element.CompareTo(_entries[^1].Element);
        if (order == 0)
        {
            return _entries.Count - 1;
        }

        var at = order > 0 ? ~_entries.Count : Find(element);
        if (at < 0)
        {
            at = ~at;
            _entries.Insert(at, new Entry(element, false, null));
        }

        return at;
    }

    // The position of an element, or the complement of where it would stand.
    private int Find(PathElement element)
    {
        var (low, high) = (0, _entries.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = _entries[middle].Element.CompareTo(element);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return ~low;
    }

    private IEnumerable<string> Walk(string prefix)
    {
        foreach (var (element, isMember, child) in _entries)
        {
            var path = prefix + element;
            if (isMember)
            {
                yield return path;
            }

            foreach (var below in child?.Walk(path) ?? [])
            {
                yield return below;
            }
        }
    }

    // What a set says of one child: whether it is in the set itself, and what is below it.
    private readonly record struct Entry(PathElement Element, bool IsMember, FieldSet? Below);
}
