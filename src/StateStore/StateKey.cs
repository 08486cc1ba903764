namespace KubeAspire.StateStore;

/// <summary>Where an object stands in the store.</summary>
/// <param name="Collection">The resource, as <c>pods</c> or <c>deployments.apps</c>.</param>
/// <param name="Namespace">Empty for a cluster-scoped object.</param>
/// <param name="Name">The object's name.</param>
/// <remarks>Ordered by collection, namespace and name, each by ordinal comparison: the order of every list.</remarks>
public readonly record struct StateKey(string Collection, string Namespace, string Name) : IComparable<StateKey>
{
    /// <inheritdoc/>
    public int CompareTo(StateKey other)
    {
        var order = string.CompareOrdinal(Collection, other.Collection);
        if (order == 0)
        {
            order = string.CompareOrdinal(Namespace, other.Namespace);
        }

        return order != 0 ? order : string.CompareOrdinal(Name, other.Name);
    }

    public static bool operator <(StateKey left, StateKey right) => left.CompareTo(right) < 0;

    public static bool operator >(StateKey left, StateKey right) => left.CompareTo(right) > 0;

    public static bool operator <=(StateKey left, StateKey right) => left.CompareTo(right) <= 0;

    public static bool operator >=(StateKey left, StateKey right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public override string ToString() => Namespace.Length == 0 ? $"{Collection}/{Name}" : $"{Collection}/{Namespace}/{Name}";
}

/// <summary>A collection, one namespace of it, or one object of it.</summary>
/// <param name="Collection">The resource, as <c>pods</c> or <c>deployments.apps</c>.</param>
/// <param name="Namespace">Only this namespace, or null for all.</param>
/// <param name="Name">Only this name, or null for all.</param>
public readonly record struct StateRange(string Collection, string? Namespace = null, string? Name = null)
{
    /// <summary>Whether a key lies in the range.</summary>
    public bool Contains(StateKey key) =>
        key.Collection == Collection && (Namespace is null || Namespace == key.Namespace) && (Name is null || Name == key.Name);
}
