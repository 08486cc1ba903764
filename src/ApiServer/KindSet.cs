using System.Collections.Frozen;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.ApiServer;

/// <summary>The kinds that are served at one instant. Immutable.</summary>
public sealed class KindSet
{
    private readonly FrozenDictionary<(string Group, string Version, string Plural), ResourceKind> _builtIn;
    private readonly Dictionary<(string Group, string Version, string Plural), ResourceKind> _custom;
    private readonly Lazy<IReadOnlyList<ResourceType>> _storedTypes;

    internal KindSet(IEnumerable<ResourceKind> builtIn)
        : this(builtIn.Where(kind => kind.Verbs.Contains("list")).ToFrozenDictionary(Key), [])
    {
    }

    private KindSet(FrozenDictionary<(string Group, string Version, string Plural), ResourceKind> builtIn, Dictionary<(string Group, string Version, string Plural), ResourceKind> custom)
    {
        (_builtIn, _custom) = (builtIn, custom);
        All = [.. builtIn.Values.Concat(custom.Values).OrderBy(kind => kind.Type.Plural, StringComparer.Ordinal)];
        _storedTypes = new(() => [.. All.GroupBy(kind => kind.StorageType.GroupResource).Select(versions => versions.MinBy(IsOther)!.Type)]);
    }

    /// <summary>Every kind whose objects are stored, by plural.</summary>
    public IReadOnlyList<ResourceKind> All { get; }

    /// <summary>One type for every collection there is: the stored version, or another where that is not served.</summary>
    public IReadOnlyList<ResourceType> StoredTypes => _storedTypes.Value;

    /// <summary>The same built-in kinds with other custom ones. A custom kind does not displace a built-in one.</summary>
    internal KindSet With(IEnumerable<ResourceKind> custom) => new(_builtIn, custom.Where(kind => !_builtIn.ContainsKey(Key(kind))).ToDictionary(Key));

    /// <summary>The kind of a resource, or null.</summary>
    public ResourceKind? Find(string group, string version, string plural) =>
        _builtIn.GetValueOrDefault((group, version, plural)) ?? _custom.GetValueOrDefault((group, version, plural));

    /// <summary>The kind that a stored collection is read as, such as <c>deployments.apps</c>; null where it is not served.</summary>
    public ResourceKind? FindStored(string groupResource) => All.Where(kind => kind.Type.GroupResource == groupResource).MinBy(IsOther);

    /// <summary>The kind of a group and a kind's name, as owner references name it, whatever the version; null where it is not served.</summary>
    public ResourceKind? FindByKind(string group, string kind) => All.Where(found => found.Type.Group == group && found.Type.Kind == kind).MinBy(IsOther);

    private static (string Group, string Version, string Plural) Key(ResourceKind kind) => (kind.Type.Group, kind.Type.Version, kind.Type.Plural);

    // Of several versions over one store, the stored one stands for all.
    private static bool IsOther(ResourceKind kind) => kind.StorageType != kind.Type;
}
