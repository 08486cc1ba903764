using System.Text.Json;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Controllers.Common;
using KubeAspire.Controllers.Deployments;
using KubeAspire.Resources;
using KubeAspire.Resources.Apps;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.DaemonSets;

/// <summary>What one pass should do to a DaemonSet's ControllerRevisions.</summary>
/// <param name="Hash">The current template's revision.</param>
/// <param name="Create">The revision to create, or null.</param>
/// <param name="Renumber">An older revision that became the newest again, or null.</param>
/// <param name="Delete">Revisions that history no longer keeps.</param>
internal sealed record DaemonHistoryPlan(string Hash, ControllerRevision? Create, ControllerRevision? Renumber, IReadOnlyList<ControllerRevision> Delete);

/// <summary>Keeps a DaemonSet's templates as ControllerRevisions, so that <c>kubectl rollout undo</c> has something to go back to.</summary>
internal static class DaemonHistory
{
    /// <summary>Revisions kept where a DaemonSet names no limit. 10, the API's default.</summary>
    public const int LimitDefault = 10;

    /// <summary>The plan.</summary>
    public static DaemonHistoryPlan Plan(DaemonSet set, IReadOnlyList<ControllerRevision> owned, IReadOnlyList<Pod> pods)
    {
        var patch = PatchOf(set.Spec.Template);
        var newest = owned.Select(revision => revision.Revision).DefaultIfEmpty(0).Max();
        var current = owned.Where(revision => revision.Data is { } data && IsSame(data, patch)).OrderByDescending(revision => revision.Revision).FirstOrDefault();
        var hash = current?.Metadata.Labels?.GetValueOrDefault(DaemonPods.HashLabel) ?? PodTemplateHash.Of(set.Spec.Template, set.Status.CollisionCount);
        var made = current is not null ? null : new ControllerRevision
        {
            Metadata = new ObjectMeta
            {
                Name = $"{set.Metadata.Name}-{hash}",
                Namespace = set.Metadata.Namespace,
                Labels = new Dictionary<string, string>(set.Spec.Template.Metadata.Labels ?? new Dictionary<string, string>()) { [DaemonPods.HashLabel] = hash },
                Annotations = set.Metadata.Annotations?.Where(pair => pair.Key is not (Tracing.Annotation or "kubectl.kubernetes.io/last-applied-configuration")).ToDictionary(),
                OwnerReferences = [Owners.ControllerReference(DaemonSet.ResourceType, set.Metadata)],
            },
            Data = JsonSerializer.SerializeToElement(patch),
            Revision = newest + 1,
        };
        var renumber = current is not null && current.Revision < newest ? current with { Revision = newest + 1 } : null;
        return new DaemonHistoryPlan(hash, made, renumber, Superfluous(set, owned, current, pods));
    }

    private static List<ControllerRevision> Superfluous(DaemonSet set, IReadOnlyList<ControllerRevision> owned, ControllerRevision? current, IReadOnlyList<Pod> pods)
    {
        var live = pods.Select(pod => pod.Metadata.Labels?.GetValueOrDefault(DaemonPods.HashLabel)).ToHashSet();
        var old = owned.Where(revision => revision != current).OrderBy(revision => revision.Revision).ToList();
        var excess = old.Count - (set.Spec.RevisionHistoryLimit ?? LimitDefault);
        return [.. old.Where(revision => !live.Contains(revision.Metadata.Labels?.GetValueOrDefault(DaemonPods.HashLabel))).Take(Math.Max(0, excess))];
    }

    // What undo sends back: a patch that replaces the template.
    internal static JsonObject PatchOf(PodTemplateSpec template)
    {
        var body = (JsonObject)JsonNode.Parse(KubernetesJson.Write(template))!;
        body["$patch"] = "replace";
        return new JsonObject { ["spec"] = new JsonObject { ["template"] = body } };
    }

    internal static bool IsSame(JsonElement stored, JsonObject patch) =>
        Same.Canonical(JsonNode.Parse(stored.GetRawText())) == Same.Canonical(patch.DeepClone());
}
