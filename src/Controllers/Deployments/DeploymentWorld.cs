using System.Globalization;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Apps;

namespace KubeAspire.Controllers.Deployments;

/// <summary>The ReplicaSets of a Deployment while a plan is being made: what they were, and what they are to become.</summary>
internal sealed class DeploymentWorld
{
    private readonly IReadOnlyList<ReplicaSet> _before;
    private readonly Dictionary<string, ReplicaSet> _after;
    private readonly List<ReplicaSet> _deletes = [];
    private readonly DateTimeOffset _now;
    private readonly string? _newUid;
    private ReplicaSet? _create;
    private string? _revision;

    public DeploymentWorld(Deployment deployment, IReadOnlyList<ReplicaSet> owned, DateTimeOffset now)
    {
        (Deployment, _before, _now) = (deployment, owned, now);
        _after = owned.ToDictionary(set => set.Metadata.Uid!);

        // The oldest with this template, should there ever be two.
        _newUid = owned.OrderBy(Age).FirstOrDefault(set => PodTemplateHash.SameTemplate(set.Spec.Template, deployment.Spec.Template))?.Metadata.Uid;
        Status = deployment.Status;
    }

    public Deployment Deployment { get; }

    /// <summary>The status so far: conditions that steps of the plan set.</summary>
    public DeploymentStatus Status { get; set; }

    /// <summary>The ReplicaSet of the current template, or null.</summary>
    public ReplicaSet? New => _newUid is null ? null : _after[_newUid];

    public IEnumerable<ReplicaSet> Old => _after.Values.Where(set => set.Metadata.Uid != _newUid);

    public IEnumerable<ReplicaSet> All => _after.Values;

    /// <summary>Sorts by creation, then by name.</summary>
    public static (DateTimeOffset, string) Age(ReplicaSet set) => (set.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue, set.Metadata.Name ?? "");

    public List<ReplicaSet> OldByAge() => [.. Old.OrderBy(Age)];

    /// <summary>The one ReplicaSet that a change of size goes to; null where several are active.</summary>
    public ReplicaSet? ActiveOrLatest()
    {
        var active = All.Where(set => DeploymentMath.Size(set) > 0).ToList();
        return active.Count switch
        {
            0 => New ?? Old.OrderByDescending(Age).FirstOrDefault(),
            1 => active[0],
            _ => null,
        };
    }

    /// <summary>Gives the existing new ReplicaSet the highest revision and the Deployment's annotations.</summary>
    public void SyncRevision()
    {
        if (New is not { } current)
        {
            return;
        }

        var revision = NextRevision();
        var annotated = DeploymentAnnotations.WithNewAnnotations(Deployment, current, revision);
        var minReady = Deployment.Spec.MinReadySeconds ?? 0;
        if ((annotated.Spec.MinReadySeconds ?? 0) != minReady)
        {
            annotated = annotated with { Spec = annotated.Spec with { MinReadySeconds = minReady } };
        }

        _after[current.Metadata.Uid!] = annotated;
        NoteRevision(DeploymentAnnotations.RevisionOf(annotated));
        if (DeploymentMath.HasProgressDeadline(Deployment) && DeploymentStatusRules.Find(Status, DeploymentStatusRules.Progressing) is null)
        {
            Status = DeploymentStatusRules.Set(
                Status, DeploymentStatusRules.Progressing, "True", "FoundNewReplicaSet", $"Found new replica set \"{current.Metadata.Name}\"", _now);
        }
    }

    /// <summary>Plans the ReplicaSet of the current template.</summary>
    public void CreateNew()
    {
        var template = Deployment.Spec.Template;
        var hash = PodTemplateHash.Of(template, Deployment.Status.CollisionCount);
        var labels = With(template.Metadata.Labels, hash);
        var revision = NextRevision();
        var made = new ReplicaSet
        {
            Metadata = new ObjectMeta
            {
                Name = $"{Deployment.Metadata.Name}-{hash}",
                Namespace = Deployment.Metadata.Namespace,
                Labels = labels,
                OwnerReferences = [Owners.ControllerReference(Deployment.ResourceType, Deployment.Metadata)],
            },
            Spec = new ReplicaSetSpec
            {
                MinReadySeconds = Deployment.Spec.MinReadySeconds,
                Selector = Deployment.Spec.Selector with { MatchLabels = With(Deployment.Spec.Selector.MatchLabels, hash) },
                Template = template with { Metadata = template.Metadata with { Labels = labels } },
            },
        };
        _create = DeploymentAnnotations.WithSize(
            Deployment, DeploymentAnnotations.WithNewAnnotations(Deployment, made, revision), DeploymentMath.NewSize(Deployment, All, null));
        NoteRevision(revision);
        if (DeploymentMath.HasProgressDeadline(Deployment))
        {
            Status = DeploymentStatusRules.Set(
                Status, DeploymentStatusRules.Progressing, "True", "NewReplicaSetCreated", $"Created new replica set \"{made.Metadata.Name}\"", _now);
        }
    }

    /// <summary>Plans a size, and notes the Deployment's size beside it.</summary>
    public void Resize(ReplicaSet set, int size) =>
        _after[set.Metadata.Uid!] = DeploymentAnnotations.WithSize(Deployment, _after[set.Metadata.Uid!], size);

    public void CleanUpIfComplete()
    {
        if (DeploymentStatusRules.IsComplete(Deployment, CountStatus()))
        {
            CleanUp();
        }
    }

    /// <summary>Plans the end of old ReplicaSets beyond <c>revisionHistoryLimit</c>, the oldest revisions first.</summary>
    public void CleanUp()
    {
        if (Deployment.Spec.RevisionHistoryLimit is not { } limit || limit == int.MaxValue)
        {
            return;
        }

        var candidates = Old.Where(set => set.Metadata.DeletionTimestamp is null).ToList();
        foreach (var set in candidates.OrderBy(DeploymentAnnotations.RevisionOf).ThenBy(Age).Take(Math.Max(0, candidates.Count - limit)))
        {
            var idle = set.Status.Replicas == 0 && DeploymentMath.Size(set) == 0 && (set.Metadata.Generation ?? 0) <= (set.Status.ObservedGeneration ?? 0);
            if (idle)
            {
                _deletes.Add(set);
            }
        }
    }

    public DeploymentStatus CountStatus() => DeploymentStatusRules.Count(Deployment, Status, [.. All], New, _now);

    public DeploymentStatus RolloutStatus() => DeploymentStatusRules.Rollout(Deployment, Status, [.. All], New ?? _create, _now);

    public DeploymentPlan Finish(DeploymentStatus status)
    {
        var updates = _before.Select(before => new ReplicaSetUpdate(before, _after[before.Metadata.Uid!])).Where(IsChange).ToList();
        return new DeploymentPlan(_create, updates, _deletes, _revision, status) { NewReplicaSet = (New ?? _create)?.Metadata.Name };
    }

    private static bool IsChange(ReplicaSetUpdate update) => DeploymentMath.Size(update.Before) != DeploymentMath.Size(update.After)
        || (update.Before.Spec.MinReadySeconds ?? 0) != (update.After.Spec.MinReadySeconds ?? 0)
        || !Same.Map(update.Before.Metadata.Annotations, update.After.Metadata.Annotations);

    private static Dictionary<string, string> With(IReadOnlyDictionary<string, string>? labels, string hash) =>
        new(labels ?? new Dictionary<string, string>()) { [PodTemplateHash.Label] = hash };

    private long NextRevision() => Old.Select(set => DeploymentAnnotations.RevisionOf(set)).DefaultIfEmpty(0).Max() + 1;

    private void NoteRevision(long revision)
    {
        if (DeploymentAnnotations.RevisionOf(Deployment) != revision)
        {
            _revision = revision.ToString(CultureInfo.InvariantCulture);
        }
    }
}
