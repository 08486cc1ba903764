using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.Controllers.GarbageCollection;

/// <summary>What an owner reference leads to.</summary>
internal enum OwnerState
{
    /// <summary>An object that lives: the dependent stays.</summary>
    Solid,

    /// <summary>Nothing: verified at the API.</summary>
    Absent,

    /// <summary>An object that waits for its dependents to go.</summary>
    Waiting,

    /// <summary>A kind that is not served, or a scope that cannot be: nothing may be concluded.</summary>
    Unknown,
}

/// <summary>What to do about an object.</summary>
internal enum GarbageAction
{
    /// <summary>Nothing.</summary>
    Keep,

    /// <summary>Drop the references that hold nothing any more; the others hold it.</summary>
    DropReferences,

    /// <summary>Delete it, its dependents first, since its owner waits.</summary>
    DeleteForeground,

    /// <summary>Delete it by the policy that its finalizers ask for.</summary>
    Delete,
}

/// <summary>Decides whether an object is garbage. No API, no clock, no logger.</summary>
internal static class GarbagePlanner
{
    /// <summary>The verdict.</summary>
    /// <param name="owners">The state of each owner.</param>
    /// <param name="hasDependents">Whether others name the object as their owner.</param>
    public static GarbageAction Decide(IReadOnlyList<OwnerState> owners, bool hasDependents)
    {
        if (owners.Count == 0 || owners.Contains(OwnerState.Unknown))
        {
            return GarbageAction.Keep;
        }

        if (owners.Contains(OwnerState.Solid))
        {
            return owners.All(state => state == OwnerState.Solid) ? GarbageAction.Keep : GarbageAction.DropReferences;
        }

        return owners.Contains(OwnerState.Waiting) && hasDependents ? GarbageAction.DeleteForeground : GarbageAction.Delete;
    }

    /// <summary>The propagation policy that an object's finalizers ask for.</summary>
    public static string PolicyOf(ObjectMeta metadata) =>
        metadata.Finalizers?.Contains(OwnerGraph.OrphanFinalizer) == true ? "Orphan"
        : metadata.Finalizers?.Contains(OwnerGraph.ForegroundFinalizer) == true ? "Foreground"
        : "Background";
}
