using System.Collections.Frozen;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.ApiServer;

/// <summary>The kinds that are served.</summary>
public sealed class KindRegistry
{
    private readonly FrozenDictionary<(string Group, string Version, string Plural), ResourceKind> _kinds;
    private readonly FrozenDictionary<(string Group, string Version, string Plural), BuiltInType> _reviews;

    /// <summary>Registers kinds.</summary>
    public KindRegistry(IEnumerable<ResourceKind> kinds)
    {
        _kinds = kinds.Where(kind => kind.Verbs.Contains("list")).ToFrozenDictionary(kind => (kind.Type.Group, kind.Type.Version, kind.Type.Plural));
        _reviews = BuiltInTypes.All.Where(type => type.Verbs is ["create"])
            .ToFrozenDictionary(type => (type.Type.Group, type.Type.Version, type.Type.Plural));
        All = [.. _kinds.Values.OrderBy(kind => kind.Type.Plural, StringComparer.Ordinal)];
        Reviews = [.. _reviews.Values];
    }

    /// <summary>Every stored kind, by plural.</summary>
    public IReadOnlyList<ResourceKind> All { get; }

    /// <summary>Kinds that are asked, not stored: access reviews and the like.</summary>
    public IReadOnlyList<BuiltInType> Reviews { get; }

    /// <summary>The kind of a resource, or null.</summary>
    public ResourceKind? Find(string group, string version, string plural) => _kinds.GetValueOrDefault((group, version, plural));

    /// <summary>The kind of a type, which must be served.</summary>
    public ResourceKind Of(ResourceType type) =>
        Find(type.Group, type.Version, type.Plural) ?? throw new InvalidOperationException($"{type} is not served");

    /// <summary>The kind that a stored collection is read as, such as <c>deployments.apps</c>; null where it is not served.</summary>
    public ResourceKind? FindStored(string groupResource) => All.Where(kind => kind.Type.GroupResource == groupResource).MinBy(IsOther);

    /// <summary>The kind of a group and a kind's name, as owner references name it, whatever the version; null where it is not served.</summary>
    public ResourceKind? FindByKind(string group, string kind) => All.Where(found => found.Type.Group == group && found.Type.Kind == kind).MinBy(IsOther);

    // Of several versions over one store, the stored one stands for all.
    private static bool IsOther(ResourceKind kind) => kind.StorageType != kind.Type;

    /// <summary>The review of a resource, or null.</summary>
    public BuiltInType? FindReview(string group, string version, string plural) => _reviews.GetValueOrDefault((group, version, plural));
}
