using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.Controllers.GarbageCollection;

/// <summary>An object in the graph.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Key">Where it stands.</param>
/// <param name="Uid">Its uid.</param>
internal readonly record struct GraphIdentity(ResourceType Type, ObjectKey Key, string Uid)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Type} {Key} ({Uid})";
}

/// <summary>What is known of an object. A copy: it does not change.</summary>
/// <param name="Identity">Which object.</param>
/// <param name="Owners">Its owner references.</param>
/// <param name="Virtual">Named as an owner by another object, and not seen itself.</param>
/// <param name="Deleting">Being deleted.</param>
/// <param name="Foreground">Being deleted, and waiting for its dependents.</param>
/// <param name="Orphaning">Being deleted, and about to let its dependents go.</param>
/// <param name="Dependents">Uids of the objects that name it as an owner.</param>
internal sealed record GraphNode(
    GraphIdentity Identity, IReadOnlyList<OwnerReference> Owners, bool Virtual, bool Deleting, bool Foreground, bool Orphaning, IReadOnlyList<string> Dependents);

/// <summary>Who must be looked at after a change.</summary>
internal sealed record GraphEffects(IReadOnlyList<string> Uids, IReadOnlyList<(GraphIdentity Child, OwnerReference Reference)> InvalidReferences)
{
    /// <summary>Nobody.</summary>
    public static GraphEffects None { get; } = new([], []);
}

/// <summary>Every object of the cluster and who owns it, by uid. Fed by watches; thread-safe; holds metadata only.</summary>
/// <remarks>
/// An owner that is referred to and not yet seen is a virtual node: the watches of two types are not in step, so it may exist. It is
/// asked for at the API before anything is concluded from its absence.
/// </remarks>
internal sealed class OwnerGraph(Func<string, string, ResourceType?> typeOf)
{
    /// <summary>The finalizer of an object that goes after its dependents.</summary>
    public const string ForegroundFinalizer = "foregroundDeletion";

    /// <summary>The finalizer of an object whose dependents stay.</summary>
    public const string OrphanFinalizer = "orphan";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _nodes = [];

    /// <summary>How many objects are known, virtual ones included.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _nodes.Count;
            }
        }
    }

    /// <summary>What is known of an object, or null.</summary>
    public GraphNode? Find(string uid)
    {
        lock (_gate)
        {
            return _nodes.TryGetValue(uid, out var found) ? found.Show() : null;
        }
    }

    /// <summary>An object was added or changed.</summary>
    public GraphEffects Observe(ResourceType type, ObjectMeta metadata)
    {
        lock (_gate)
        {
            var identity = new GraphIdentity(type, new ObjectKey(metadata.Namespace ?? "", metadata.Name ?? ""), metadata.Uid!);
            var touched = new List<string>();
            var invalid = new List<(GraphIdentity, OwnerReference)>();
            var added = !_nodes.TryGetValue(identity.Uid, out var node);
            if (node is null)
            {
                _nodes[identity.Uid] = node = new Entry(identity);
            }
            else if (node.Virtual)
            {
                if (node.Identity != identity)
                {
                    touched.AddRange(node.Dependents); // They named it elsewhere than it is: each must be looked at.
                }

                node.Identity = identity;
                added = true;
                touched.AddRange(CheckScopes(node, invalid));
            }

            var (wasForeground, wasOrphaning) = (node.Foreground, node.Orphaning);
            node.Virtual = false;
            node.Deleting = metadata.DeletionTimestamp is not null;
            node.Foreground = node.Deleting && metadata.Finalizers?.Contains(ForegroundFinalizer) == true;
            node.Orphaning = node.Deleting && metadata.Finalizers?.Contains(OrphanFinalizer) == true;
            Relink(node, metadata.OwnerReferences ?? [], touched, invalid);
            if (node.Foreground && !wasForeground)
            {
                touched.AddRange(node.Dependents);
            }

            // A new object may have come after its owner went; a changed one may have lost or changed an owner.
            if ((added && node.Owners.Count > 0) || node.Foreground || (node.Orphaning && !wasOrphaning) || touched.Contains(identity.Uid))
            {
                touched.Add(identity.Uid);
            }

            return new GraphEffects([.. touched.Distinct()], invalid);
        }
    }

    /// <summary>An object is gone.</summary>
    public GraphEffects Remove(string uid)
    {
        lock (_gate)
        {
            if (!_nodes.TryGetValue(uid, out var node))
            {
                return GraphEffects.None;
            }

            var touched = new List<string>(node.Dependents);
            foreach (var owner in node.Owners)
            {
                if (_nodes.TryGetValue(owner.Uid, out var parent))
                {
                    parent.Dependents.Remove(uid);
                    if (parent.Foreground)
                    {
                        touched.Add(owner.Uid); // It may have waited for this one.
                    }

                    DropIfUnused(parent);
                }
            }

            if (node.Dependents.Count == 0)
            {
                _nodes.Remove(uid);
            }
            else
            {
                // Dependents still name it; it stays as a virtual node until they do not.
                (node.Virtual, node.Deleting, node.Foreground, node.Orphaning) = (true, false, false, false);
                node.Owners = [];
            }

            return new GraphEffects([.. touched.Distinct()], []);
        }
    }

    private static bool IsSame(OwnerReference left, OwnerReference right) => left.Uid == right.Uid && (left.BlockOwnerDeletion ?? false) == (right.BlockOwnerDeletion ?? false);

    private void Relink(Entry node, IReadOnlyList<OwnerReference> owners, List<string> touched, List<(GraphIdentity, OwnerReference)> invalid)
    {
        var before = node.Owners;
        node.Owners = owners;
        foreach (var gone in before.Where(owner => !owners.Any(other => IsSame(owner, other))))
        {
            if (_nodes.TryGetValue(gone.Uid, out var parent))
            {
                if (!owners.Any(other => other.Uid == gone.Uid))
                {
                    parent.Dependents.Remove(node.Identity.Uid);
                }

                if (parent.Foreground)
                {
                    touched.Add(gone.Uid); // No longer held up by this one.
                }

                DropIfUnused(parent);
            }
        }

        foreach (var owner in owners.Where(owner => !before.Any(other => other.Uid == owner.Uid)))
        {
            if (!_nodes.TryGetValue(owner.Uid, out var parent))
            {
                var type = typeOf(owner.ApiVersion, owner.Kind) ?? Unknown(owner);
                parent = new Entry(new GraphIdentity(type, new ObjectKey(type.Namespaced ? node.Identity.Key.Namespace : "", owner.Name), owner.Uid)) { Virtual = true };
                _nodes[owner.Uid] = parent;
                touched.Add(owner.Uid); // Asked for, should its watch never show it.
            }
            else if (!parent.Virtual && parent.Identity.Type.Namespaced && parent.Identity.Key.Namespace != node.Identity.Key.Namespace)
            {
                invalid.Add((node.Identity, owner));
                touched.Add(node.Identity.Uid);
            }

            parent.Dependents.Add(node.Identity.Uid);
            if (parent.Foreground || (!parent.Virtual && parent.Deleting))
            {
                touched.Add(node.Identity.Uid);
            }
        }

        if (owners.Count < before.Count)
        {
            touched.Add(node.Identity.Uid); // What it has left may be gone already.
        }
    }

    private IEnumerable<string> CheckScopes(Entry owner, List<(GraphIdentity, OwnerReference)> invalid)
    {
        foreach (var uid in owner.Dependents)
        {
            if (_nodes.TryGetValue(uid, out var child) && owner.Identity.Type.Namespaced && child.Identity.Key.Namespace != owner.Identity.Key.Namespace
                && child.Owners.FirstOrDefault(reference => reference.Uid == owner.Identity.Uid) is { } reference)
            {
                invalid.Add((child.Identity, reference));
                yield return uid;
            }
        }
    }

    private void DropIfUnused(Entry node)
    {
        if (node.Virtual && node.Dependents.Count == 0)
        {
            _nodes.Remove(node.Identity.Uid);
        }
    }

    // A kind that is not served: never resolved, so never concluded to be absent.
    private static ResourceType Unknown(OwnerReference owner)
    {
        var slash = owner.ApiVersion.IndexOf('/', StringComparison.Ordinal);
        return new ResourceType(slash < 0 ? "" : owner.ApiVersion[..slash], slash < 0 ? owner.ApiVersion : owner.ApiVersion[(slash + 1)..], owner.Kind, "", true);
    }

    private sealed class Entry(GraphIdentity identity)
    {
        public GraphIdentity Identity { get; set; } = identity;

        public IReadOnlyList<OwnerReference> Owners { get; set; } = [];

        public HashSet<string> Dependents { get; } = [];

        public bool Virtual { get; set; }

        public bool Deleting { get; set; }

        public bool Foreground { get; set; }

        public bool Orphaning { get; set; }

        public GraphNode Show() => new(Identity, Owners, Virtual, Deleting, Foreground, Orphaning, [.. Dependents]);
    }
}
