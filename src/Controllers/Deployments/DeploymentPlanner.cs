using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Apps;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.Deployments;

/// <summary>Decides how a Deployment moves one step towards its template. No API, no clock, no logger.</summary>
internal static class DeploymentPlanner
{
    /// <summary>One step.</summary>
    /// <param name="deployment">What is wanted.</param>
    /// <param name="owned">Its ReplicaSets.</param>
    /// <param name="oldPodsRun">Whether a pod of an old ReplicaSet has not ended yet: Recreate waits for it.</param>
    /// <param name="now">The instant.</param>
    public static DeploymentPlan Plan(Deployment deployment, IReadOnlyList<ReplicaSet> owned, bool oldPodsRun, DateTimeOffset now)
    {
        var world = new DeploymentWorld(deployment, owned, now);
        if (deployment.Metadata.DeletionTimestamp is not null)
        {
            return world.Finish(world.CountStatus()); // The garbage collector owns what a deleted owner leaves behind.
        }

        world.Status = DeploymentStatusRules.Paused(deployment, world.Status, now);
        if (deployment.Spec.Paused == true || IsScaling(deployment, owned))
        {
            world.SyncRevision();
            Scale(world);
            if (deployment.Spec.Paused == true)
            {
                world.CleanUp();
            }

            return world.Finish(world.CountStatus());
        }

        if (DeploymentMath.IsRolling(deployment))
        {
            Roll(world);
        }
        else
        {
            Recreate(world, oldPodsRun);
        }

        var status = world.RolloutStatus();
        return world.Finish(status);
    }

    private static void Roll(DeploymentWorld world)
    {
        world.SyncRevision();
        if (world.New is null)
        {
            world.CreateNew();
            return;
        }

        if (GrowNew(world) || ShrinkOld(world))
        {
            return;
        }

        world.CleanUpIfComplete();
    }

    private static void Recreate(DeploymentWorld world, bool oldPodsRun)
    {
        world.SyncRevision();
        var shrunk = false;
        foreach (var old in world.Old.Where(set => DeploymentMath.Size(set) > 0).ToList())
        {
            world.Resize(old, 0);
            shrunk = true;
        }

        if (shrunk || oldPodsRun || world.Old.Sum(set => set.Status.Replicas) > 0)
        {
            return;
        }

        if (world.New is null)
        {
            world.CreateNew();
            return;
        }

        if (DeploymentMath.Size(world.New) != DeploymentMath.Size(world.Deployment))
        {
            world.Resize(world.New, DeploymentMath.Size(world.Deployment));
            return;
        }

        world.CleanUpIfComplete();
    }

    private static bool GrowNew(DeploymentWorld world)
    {
        var (size, wanted) = (DeploymentMath.Size(world.New!), DeploymentMath.Size(world.Deployment));
        if (size == wanted)
        {
            return false;
        }

        var next = size > wanted ? wanted : DeploymentMath.NewSize(world.Deployment, world.All, world.New);
        if (next == size)
        {
            return false;
        }

        world.Resize(world.New!, next);
        return true;
    }

    private static bool ShrinkOld(DeploymentWorld world)
    {
        if (world.Old.Sum(DeploymentMath.Size) == 0)
        {
            return false;
        }

        var minimum = DeploymentMath.Size(world.Deployment) - DeploymentMath.MaxUnavailable(world.Deployment);
        var newUnavailable = DeploymentMath.Size(world.New!) - (world.New!.Status.AvailableReplicas ?? 0);
        var most = world.All.Sum(DeploymentMath.Size) - minimum - newUnavailable;
        if (most <= 0)
        {
            return false;
        }

        // Pods that serve nobody go first, and cost no availability.
        var gone = 0;
        foreach (var old in world.OldByAge())
        {
            var idle = DeploymentMath.Size(old) - (old.Status.AvailableReplicas ?? 0);
            var take = Math.Min(most - gone, idle);
            if (take > 0)
            {
                world.Resize(old, DeploymentMath.Size(old) - take);
                gone += take;
            }
        }

        var spare = world.All.Sum(set => set.Status.AvailableReplicas ?? 0) - minimum;
        foreach (var old in world.OldByAge())
        {
            var take = Math.Min(DeploymentMath.Size(old), spare);
            if (take > 0)
            {
                world.Resize(old, DeploymentMath.Size(old) - take);
                spare -= take;
                gone += take;
            }
        }

        return gone > 0;
    }

    /// <summary>Whether the size was changed since the ReplicaSets were last scaled.</summary>
    private static bool IsScaling(Deployment deployment, IReadOnlyList<ReplicaSet> owned) => owned
        .Where(set => DeploymentMath.Size(set) > 0)
        .Any(set => DeploymentMath.Annotated(set, DeploymentAnnotations.DesiredReplicas) is { } desired && desired != DeploymentMath.Size(deployment));

    private static void Scale(DeploymentWorld world)
    {
        var wanted = DeploymentMath.Size(world.Deployment);
        if (world.ActiveOrLatest() is { } only)
        {
            world.Resize(only, wanted);
            return;
        }

        var active = world.All.Where(set => DeploymentMath.Size(set) > 0).ToList();
        if (world.New is { } current && DeploymentMath.Size(current) == wanted && (current.Status.AvailableReplicas ?? 0) == wanted
            && DeploymentMath.Annotated(current, DeploymentAnnotations.DesiredReplicas) == wanted)
        {
            foreach (var old in active.Where(set => set != current))
            {
                world.Resize(old, 0);
            }

            return;
        }

        if (DeploymentMath.IsRolling(world.Deployment))
        {
            ScaleInProportion(world, active, wanted);
        }
    }

    private static void ScaleInProportion(DeploymentWorld world, List<ReplicaSet> active, int wanted)
    {
        var allowed = wanted > 0 ? wanted + DeploymentMath.MaxSurge(world.Deployment) : 0;
        var toAdd = allowed - active.Sum(DeploymentMath.Size);

        // Growing favours the larger and newer, shrinking the larger and older.
        var bySize = active.OrderByDescending(DeploymentMath.Size);
        List<ReplicaSet> ordered = toAdd > 0 ? [.. bySize.ThenByDescending(DeploymentWorld.Age)] : [.. bySize.ThenBy(DeploymentWorld.Age)];
        var added = 0;
        var sizes = new int[ordered.Count];
        for (var i = 0; i < ordered.Count; i++)
        {
            var share = DeploymentMath.Proportion(ordered[i], world.Deployment, toAdd, added);
            sizes[i] = DeploymentMath.Size(ordered[i]) + share;
            added += share;
        }

        for (var i = 0; i < ordered.Count; i++)
        {
            var leftover = i == 0 && toAdd != 0 ? toAdd - added : 0;
            world.Resize(ordered[i], Math.Max(0, sizes[i] + leftover));
        }
    }
}
