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

    // Most sets have members or children, not both, and are made by the dozen for each write: what is empty is shared and never written to.
    private static readonly SortedSet<PathElement> s_noMembers = [];
    private static readonly SortedDictionary<PathElement, FieldSet> s_noChildren = [];

    private SortedSet<PathElement> _members = s_noMembers;
    private SortedDictionary<PathElement, FieldSet> _children = s_noChildren;

    /// <summary>Whether no path is in the set.</summary>
    public bool IsEmpty => _members.Count == 0 && _children.Values.All(child => child.IsEmpty);

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

    /// <summary>Adds a path.</summary>
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

        set.AddMember(path[^1]);
    }

    /// <summary>Whether a path is in the set.</summary>
    public bool Has(ReadOnlySpan<PathElement> path)
    {
        var set = this;
        for (var i = 0; i < path.Length - 1; i++)
        {
            if (!set._children.TryGetValue(path[i], out set))
            {
                return false;
            }
        }

        return path.Length > 0 && set._members.Contains(path[^1]);
    }

    /// <summary>Whether a child itself is in the set.</summary>
    internal bool HasMember(PathElement element) => _members.Contains(element);

    /// <summary>What the set says below a child, or null for nothing.</summary>
    internal FieldSet? Below(PathElement element) => _children.GetValueOrDefault(element);

    /// <summary>Paths in either set.</summary>
    public FieldSet Union(FieldSet other)
    {
        var result = new FieldSet();
        result.AddMembers(_members);
        result.AddMembers(other._members);
        foreach (var (element, child) in _children)
        {
            result.SetChild(element, other._children.TryGetValue(element, out var match) ? child.Union(match) : child);
        }

        foreach (var (element, child) in other._children)
        {
            if (!_children.ContainsKey(element))
            {
                result.SetChild(element, child);
            }
        }

        return result;
    }

    /// <summary>Paths in both sets.</summary>
    public FieldSet Intersection(FieldSet other)
    {
        var result = new FieldSet();
        result.AddMembers(_members.Where(other._members.Contains));
        foreach (var (element, child) in _children)
        {
            if (other._children.TryGetValue(element, out var match) && child.Intersection(match) is { IsEmpty: false } both)
            {
                result.SetChild(element, both);
            }
        }

        return result;
    }

    /// <summary>Paths in this set and not in the other.</summary>
    /// <param name="other">The other set.</param>
    /// <param name="recursive">Whether a path in the other set takes everything below it away too.</param>
    public FieldSet Difference(FieldSet other, bool recursive = false)
    {
        var result = new FieldSet();
        result.AddMembers(_members.Where(member => !other._members.Contains(member)));
        foreach (var (element, child) in _children)
        {
            if (recursive && other._members.Contains(element))
            {
                continue;
            }

            var rest = other._children.TryGetValue(element, out var match) ? child.Difference(match, recursive) : child;
            if (!rest.IsEmpty)
            {
                result.SetChild(element, rest);
            }
        }

        return result;
    }

    /// <summary>The set with every declared field of an object in it that a path goes through.</summary>
    internal FieldSet WithNamedFields(Schema? schema)
    {
        var result = new FieldSet();
        result.AddMembers(_members);
        foreach (var (element, child) in _children)
        {
            if (element.Kind == PathElementKind.Field && schema?.Type == SchemaType.Object && schema.Properties.ContainsKey(element.Text))
            {
                result.AddMember(element);
            }

            result.SetChild(element, child.WithNamedFields(TypedTree.Below(schema, element)));
        }

        return result;
    }

    /// <summary>Prints fieldsV1.</summary>
    public JsonObject ToJson()
    {
        var result = new JsonObject();
        foreach (var element in _members.Concat(_children.Keys).Distinct().Order())
        {
            var hasChild = _children.TryGetValue(element, out var child) && !child.IsEmpty;
            var isMember = _members.Contains(element);
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
    public override int GetHashCode() => _members.Count + (397 * _children.Count);

    /// <inheritdoc/>
    public override string ToString() => ToJson().ToJsonString();

    private static FieldSet? Parse(JsonObject map, int depth)
    {
        if (depth > MaximumDepth)
        {
            return null;
        }

        var set = new FieldSet();
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

            if (child.Count == 0 || child.ContainsKey("."))
            {
                set.AddMember(element);
            }

            if (child.Count > 0)
            {
                if (Parse(child, depth + 1) is not { } parsed)
                {
                    return null;
                }

                if (!parsed.IsEmpty)
                {
                    set.SetChild(element, parsed);
                }
            }
        }

        return set;
    }

    private FieldSet Child(PathElement element)
    {
        if (!_children.TryGetValue(element, out var child))
        {
            SetChild(element, child = new FieldSet());
        }

        return child;
    }

    private void AddMember(PathElement element)
    {
        if (ReferenceEquals(_members, s_noMembers))
        {
            _members = [];
        }

        _members.Add(element);
    }

    private void AddMembers(IEnumerable<PathElement> elements)
    {
        foreach (var element in elements)
        {
            AddMember(element);
        }
    }

    private void SetChild(PathElement element, FieldSet child)
    {
        if (ReferenceEquals(_children, s_noChildren))
        {
            _children = [];
        }

        _children[element] = child;
    }

    private IEnumerable<string> Walk(string prefix)
    {
        foreach (var element in _members.Concat(_children.Keys).Distinct().Order())
        {
            var path = prefix + element;
            if (_members.Contains(element))
            {
                yield return path;
            }

            if (_children.TryGetValue(element, out var child))
            {
                foreach (var below in child.Walk(path))
                {
                    yield return below;
                }
            }
        }
    }
}
