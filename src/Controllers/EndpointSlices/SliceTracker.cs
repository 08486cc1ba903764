using System.Globalization;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Discovery;

namespace KubeAspire.Controllers.EndpointSlices;

/// <summary>What the controller wrote and has not yet seen in its cache, so that a slow cache never makes it write a slice twice.</summary>
internal sealed class SliceTracker
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectKey, Dictionary<string, Expected>> _services = [];

    /// <summary>A slice was written.</summary>
    public void Wrote(ObjectKey service, EndpointSlice slice) => Note(service, slice.Metadata.Name!, new Expected(RevisionOf(slice), false));

    /// <summary>A slice was deleted.</summary>
    public void Deleted(ObjectKey service, EndpointSlice slice) => Note(service, slice.Metadata.Name!, new Expected(RevisionOf(slice), true));

    /// <summary>The cache lost a slice, by whoever's hand.</summary>
    public void Gone(ObjectKey service, string name)
    {
        lock (_gate)
        {
            if (_services.TryGetValue(service, out var slices) && slices.Remove(name) && slices.Count == 0)
            {
                _services.Remove(service);
            }
        }
    }

    /// <summary>Forgets a Service.</summary>
    public void Forget(ObjectKey service)
    {
        lock (_gate)
        {
            _services.Remove(service);
        }
    }

    /// <summary>Whether the cache lags behind what was written.</summary>
    public bool IsStale(ObjectKey service, IReadOnlyCollection<EndpointSlice> cached)
    {
        lock (_gate)
        {
            if (!_services.TryGetValue(service, out var slices))
            {
                return false;
            }

            foreach (var (name, expected) in slices.ToList())
            {
                var seen = cached.FirstOrDefault(slice => slice.Metadata.Name == name);
                if (expected.Deleted ? seen is not null : seen is null || RevisionOf(seen) < expected.Revision)
                {
                    return true;
                }

                slices.Remove(name);
            }

            _services.Remove(service);
            return false;
        }
    }

    private void Note(ObjectKey service, string name, Expected expected)
    {
        lock (_gate)
        {
            if (!_services.TryGetValue(service, out var slices))
            {
                _services[service] = slices = [];
            }

            slices[name] = expected;
        }
    }

    // A decimal number that only grows, one sequence for the whole cluster.
    private static ulong RevisionOf(EndpointSlice slice) =>
        ulong.TryParse(slice.Metadata.ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out var revision) ? revision : 0;

    private readonly record struct Expected(ulong Revision, bool Deleted);
}
