using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client.Informers;
using KubeAspire.Controllers.Common;

namespace KubeAspire.Controllers.GarbageCollection;

/// <summary>The types whose objects are watched for owners: those that are served, which come and go with CustomResourceDefinitions.</summary>
internal sealed class CollectedTypes(Func<IReadOnlyList<ResourceType>> served, IInformerFactory informers)
{
    private readonly Lock _gate = new();
    private readonly HashSet<ResourceType> _watched = [];
    private volatile Dictionary<(string Group, string Kind), ResourceType> _byKind = [];

    /// <summary>Hears of every change of an object: as it was, as it is. Set before the first <see cref="Refresh"/>.</summary>
    public Action<ResourceType, PartialObjectMetadata?, PartialObjectMetadata?> OnChange { get; set; } = (_, _, _) => { };

    /// <summary>The type that an owner reference names; null where it is not served.</summary>
    public ResourceType? Find(string apiVersion, string kind) => _byKind.GetValueOrDefault((Owners.GroupOf(apiVersion), kind));

    /// <summary>Watches the types that are served now, and no others.</summary>
    public void Refresh()
    {
        lock (_gate)
        {
            var types = served();
            _byKind = types.GroupBy(type => (type.Group, type.Kind)).ToDictionary(group => group.Key, group => group.First());
            var wanted = types.Where(type => type is not { Plural: "events", Group: "" or "events.k8s.io" }).ToHashSet(); // Events own nothing, are owned by nothing, and are many.
            foreach (var gone in _watched.Where(type => !wanted.Contains(type)).ToList())
            {
                _watched.Remove(gone);
                informers.Remove<PartialObjectMetadata>(gone);
            }

            foreach (var type in wanted.Where(_watched.Add))
            {
                informers.For<PartialObjectMetadata>(type).AddHandler((before, after) => OnChange(type, before, after));
            }
        }

        informers.StartNew();
    }
}
