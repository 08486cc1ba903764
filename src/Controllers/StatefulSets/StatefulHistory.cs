using System.Text.Json;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Controllers.Common;
using KubeAspire.Controllers.DaemonSets;
using KubeAspire.Controllers.Deployments;
using KubeAspire.Resources.Apps;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.StatefulSets;

/// <summary>What one pass should do to a StatefulSet's ControllerRevisions.</summary>
/// <param name="Update">The revision of the template as it is; not stored yet where <see cref="Create"/> is set.</param>
/// <param name="Current">The revision that the pods had before; the same once they are all updated.</param>
/// <param name="Create">Whether <see cref="Update"/> is to be created.</param>
/// <param name="Renumber">An older revision that became the newest again, or null.</param>
/// <param name="Delete">Revisions that history no longer keeps.</param>
internal sealed record StatefulHistoryPlan(ControllerRevision Update, ControllerRevision Current, bool Create, ControllerRevision? Renumber, IReadOnlyList<ControllerRevision> Delete);

/// <summary>Keeps a StatefulSet's templates as ControllerRevisions: for <c>kubectl rollout undo</c>, and for pods below a partition.</summary>
internal static class StatefulHistory
{
    private const string HashLabel = "controller.kubernetes.io/hash";
    private const int LimitDefault = 10;

    public static StatefulHistoryPlan Plan(StatefulSet set, IReadOnlyList<ControllerRevision> owned, IReadOnlyList<Pod> pods)
    {
        var patch = DaemonHistory.PatchOf(set.Spec.Template);
        var newest = owned.Select(revision => revision.Revision).DefaultIfEmpty(0).Max();
        var found = owned.Where(revision => revision.Data is { } data && DaemonHistory.IsSame(data, patch)).MaxBy(revision => revision.Revision);
        var update = found ?? Make(set, PodTemplateHash.Of(set.Spec.Template, set.Status.CollisionCount is 0 ? null : set.Status.CollisionCount), patch, newest + 1);
        var renumber = found is not null && found.Revision < newest ? found with { Revision = newest + 1 } : null;
        var current = owned.FirstOrDefault(revision => revision.Metadata.Name == set.Status.CurrentRevision) ?? update;
        var live = pods.Select(StatefulPods.RevisionOf).Append(update.Metadata.Name).Append(current.Metadata.Name).ToHashSet();
        var old = owned.Where(revision => !live.Contains(revision.Metadata.Name)).OrderBy(revision => revision.Revision).ToList();
        var excess = old.Count - (set.Spec.RevisionHistoryLimit ?? LimitDefault);
        return new StatefulHistoryPlan(update, current, found is null, renumber, [.. old.Take(Math.Max(0, excess))]);
    }

    private static ControllerRevision Make(StatefulSet set, string hash, System.Text.Json.Nodes.JsonObject patch, long number) => new()
    {
        Metadata = new ObjectMeta
        {
            Name = $"{set.Metadata.Name}-{hash}",
            Namespace = set.Metadata.Namespace,
            Labels = new Dictionary<string, string>(set.Spec.Template.Metadata.Labels ?? new Dictionary<string, string>()) { [HashLabel] = hash },
            Annotations = set.Metadata.Annotations?.Where(pair => pair.Key is not (Tracing.Annotation or "kubectl.kubernetes.io/last-applied-configuration")).ToDictionary(),
            OwnerReferences = [Owners.ControllerReference(StatefulSet.ResourceType, set.Metadata)],
        },
        Data = JsonSerializer.SerializeToElement(patch),
        Revision = number,
    };
}
