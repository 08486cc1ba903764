using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.Controllers.Common;

/// <summary>
/// What a controller has done and not yet seen in its cache: pods created, by count; pods deleted, by uid. While something is
/// outstanding the controller does not count again, so a slow cache never makes it create twice.
/// </summary>
/// <remarks>Upstream's UIDTrackingControllerExpectations. Creations that are never seen are forgotten after <see cref="Expiry"/>.</remarks>
internal sealed class Expectations(TimeProvider clock)
{
    /// <summary>How long an expectation is waited for. 5 min, upstream's ExpectationsTimeout.</summary>
    public static readonly TimeSpan Expiry = TimeSpan.FromMinutes(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectKey, Outstanding> _outstanding = [];

    /// <summary>Whether everything done was seen, or was done so long ago that it never will be.</summary>
    public bool Satisfied(ObjectKey key)
    {
        lock (_gate)
        {
            return !_outstanding.TryGetValue(key, out var found)
                || (found.Creations <= 0 && found.Deletions.Count == 0)
                || clock.GetElapsedTime(found.Since) > Expiry;
        }
    }

    /// <summary>How long until an unsatisfied expectation is given up; null where nothing is outstanding.</summary>
    public TimeSpan? GivenUpIn(ObjectKey key)
    {
        lock (_gate)
        {
            return _outstanding.TryGetValue(key, out var found) && (found.Creations > 0 || found.Deletions.Count > 0)
                ? Expiry - clock.GetElapsedTime(found.Since) + TimeSpan.FromSeconds(1) : null;
        }
    }

    /// <summary>Notes what is about to be done. Replaces what was noted before.</summary>
    public void Expect(ObjectKey key, int creations, IEnumerable<string> deletions)
    {
        lock (_gate)
        {
            _outstanding[key] = new Outstanding(creations, [.. deletions], clock.GetTimestamp());
        }
    }

    /// <summary>A creation was seen, or will not happen.</summary>
    public void CreationSeen(ObjectKey key, int count = 1)
    {
        lock (_gate)
        {
            if (_outstanding.TryGetValue(key, out var found))
            {
                found.Creations = Math.Max(0, found.Creations - count);
            }
        }
    }

    /// <summary>A deletion was seen, or will not happen.</summary>
    public void DeletionSeen(ObjectKey key, string? uid)
    {
        lock (_gate)
        {
            if (uid is not null && _outstanding.TryGetValue(key, out var found))
            {
                found.Deletions.Remove(uid);
            }
        }
    }

    /// <summary>Forgets an owner that is gone.</summary>
    public void Forget(ObjectKey key)
    {
        lock (_gate)
        {
            _outstanding.Remove(key);
        }
    }

    private sealed class Outstanding(int creations, HashSet<string> deletions, long since)
    {
        public int Creations { get; set; } = creations;

        public HashSet<string> Deletions { get; } = deletions;

        public long Since { get; } = since;
    }
}
