using System.Collections.Frozen;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.ApiServer;

/// <summary>The kinds that are served: built in, and those that CustomResourceDefinitions bring and take away.</summary>
/// <remarks>Readers see one <see cref="KindSet"/>, which is replaced whole: nobody waits, and nobody sees half a change.</remarks>
public sealed class KindRegistry
{
    private readonly FrozenDictionary<(string Group, string Version, string Plural), BuiltInType> _reviews;
    private volatile KindSet _current;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Registers built-in kinds.</summary>
    public KindRegistry(IEnumerable<ResourceKind> kinds)
    {
        _current = new KindSet(kinds);
        _reviews = BuiltInTypes.All.Where(type => type.Verbs is ["create"])
            .ToFrozenDictionary(type => (type.Type.Group, type.Type.Version, type.Type.Plural));
        Reviews = [.. _reviews.Values];
    }

    /// <summary>The kinds as they are served now.</summary>
    public KindSet Current => _current;

    /// <summary>Every stored kind, by plural.</summary>
    public IReadOnlyList<ResourceKind> All => _current.All;

    /// <summary>Kinds that are asked, not stored: access reviews and the like.</summary>
    public IReadOnlyList<BuiltInType> Reviews { get; }

    /// <summary>Serves other custom kinds than before.</summary>
    public void Serve(IEnumerable<ResourceKind> custom)
    {
        _current = _current.With(custom);
        Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    /// <summary>Done when other kinds are served than now. Take it before looking.</summary>
    public Task Changed => Volatile.Read(ref _changed).Task;

    /// <inheritdoc cref="KindSet.Find"/>
    public ResourceKind? Find(string group, string version, string plural) => _current.Find(group, version, plural);

    /// <summary>The kind of a type, which must be served.</summary>
    public ResourceKind Of(ResourceType type) =>
        Find(type.Group, type.Version, type.Plural) ?? throw new InvalidOperationException($"{type} is not served");

    /// <inheritdoc cref="KindSet.FindStored"/>
    public ResourceKind? FindStored(string groupResource) => _current.FindStored(groupResource);

    /// <inheritdoc cref="KindSet.FindByKind"/>
    public ResourceKind? FindByKind(string group, string kind) => _current.FindByKind(group, kind);

    /// <summary>The review of a resource, or null.</summary>
    public BuiltInType? FindReview(string group, string version, string plural) => _reviews.GetValueOrDefault((group, version, plural));
}
