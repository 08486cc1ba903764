using System.Globalization;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources;
using KubeAspire.Resources.Apps;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.StatefulSets;

/// <summary>A StatefulSet's pods and claims: their names, and what they look like.</summary>
internal static class StatefulPods
{
    /// <summary>The label that names the ControllerRevision a pod was made from.</summary>
    public const string RevisionLabel = "controller-revision-hash";

    private const string NameLabel = "statefulset.kubernetes.io/pod-name";
    private const string IndexLabel = "apps.kubernetes.io/pod-index";

    /// <summary>The number in a pod's name; null where the name is not one of the set's.</summary>
    public static int? OrdinalOf(StatefulSet set, Pod pod)
    {
        var prefix = $"{set.Metadata.Name}-";
        var name = pod.Metadata.Name ?? "";
        return name.StartsWith(prefix, StringComparison.Ordinal) && int.TryParse(name[prefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var ordinal) ? ordinal : null;
    }

    /// <summary>The ControllerRevision a pod was made from.</summary>
    public static string? RevisionOf(Pod pod) => pod.Metadata.Labels?.GetValueOrDefault(RevisionLabel);

    /// <summary>The name of a claim of one pod.</summary>
    public static string ClaimName(StatefulSet set, PersistentVolumeClaim template, int ordinal) => $"{template.Metadata.Name}-{set.Metadata.Name}-{ordinal}";

    /// <summary>The template that a revision keeps; null where it keeps none.</summary>
    public static PodTemplateSpec? TemplateOf(ControllerRevision revision)
    {
        if (revision.Data is not { } data || JsonNode.Parse(data.GetRawText())?["spec"]?["template"] is not JsonObject template)
        {
            return null;
        }

        template.Remove("$patch");
        return KubernetesJson.Read<PodTemplateSpec>(System.Text.Encoding.UTF8.GetBytes(template.ToJsonString()));
    }

    /// <summary>The pod of a number.</summary>
    public static Pod For(StatefulSet set, int ordinal, PodTemplateSpec template, string revision)
    {
        var name = $"{set.Metadata.Name}-{ordinal}";
        var spec = template.Spec ?? new PodSpec();
        var claims = (set.Spec.VolumeClaimTemplates ?? []).Select(claim => new Volume
        {
            Name = claim.Metadata.Name ?? "", PersistentVolumeClaim = new PersistentVolumeClaimVolumeSource { ClaimName = ClaimName(set, claim, ordinal) },
        }).ToList();
        var taken = claims.Select(volume => volume.Name).ToHashSet();
        return new Pod
        {
            Metadata = new ObjectMeta
            {
                Name = name,
                Namespace = set.Metadata.Namespace,
                Labels = new Dictionary<string, string>(template.Metadata.Labels ?? new Dictionary<string, string>())
                {
                    [RevisionLabel] = revision, [NameLabel] = name, [IndexLabel] = ordinal.ToString(CultureInfo.InvariantCulture),
                },
                Annotations = template.Metadata.Annotations?.Where(pair => pair.Key != Tracing.Annotation).ToDictionary(),
                Finalizers = template.Metadata.Finalizers,
                OwnerReferences = [Owners.ControllerReference(StatefulSet.ResourceType, set.Metadata)],
            },
            Spec = spec with
            {
                Hostname = name,
                Subdomain = string.IsNullOrEmpty(set.Spec.ServiceName) ? spec.Subdomain : set.Spec.ServiceName,
                Volumes = claims.Count == 0 ? spec.Volumes : [.. (spec.Volumes ?? []).Where(volume => !taken.Contains(volume.Name)), .. claims],
            },
        };
    }

    /// <summary>The claims of a number.</summary>
    public static IEnumerable<PersistentVolumeClaim> ClaimsFor(StatefulSet set, int ordinal) => (set.Spec.VolumeClaimTemplates ?? []).Select(template => new PersistentVolumeClaim
    {
        Metadata = new ObjectMeta
        {
            Name = ClaimName(set, template, ordinal),
            Namespace = set.Metadata.Namespace,
            Labels = (template.Metadata.Labels ?? new Dictionary<string, string>()).Concat(set.Spec.Selector.MatchLabels ?? new Dictionary<string, string>())
                .GroupBy(pair => pair.Key).ToDictionary(pairs => pairs.Key, pairs => pairs.Last().Value),
            Annotations = template.Metadata.Annotations,
            OwnerReferences = set.Spec.PersistentVolumeClaimRetentionPolicy?.WhenDeleted == "Delete" ? [Owners.ControllerReference(StatefulSet.ResourceType, set.Metadata)] : null,
        },
        Spec = template.Spec,
    });

    /// <summary>Who a claim should belong to, and so go with, of the set and its pod; other owners stay.</summary>
    /// <param name="set">The set.</param>
    /// <param name="pod">The claim's pod; null where it is gone.</param>
    /// <param name="condemned">Whether the pod is on its way out because the set shrinks.</param>
    /// <param name="owners">The claim's owners now.</param>
    public static IReadOnlyList<OwnerReference> OwnersOf(StatefulSet set, Pod? pod, bool condemned, IReadOnlyList<OwnerReference>? owners)
    {
        var policy = set.Spec.PersistentVolumeClaimRetentionPolicy;
        var kept = (owners ?? []).Where(owner => owner.Uid != set.Metadata.Uid && (pod is null || owner.Uid != pod.Metadata.Uid)).ToList();
        if (condemned && policy?.WhenScaled == "Delete" && pod is not null)
        {
            kept.Add(new OwnerReference { ApiVersion = "v1", Kind = "Pod", Name = pod.Metadata.Name ?? "", Uid = pod.Metadata.Uid ?? "" });
        }
        else if (policy?.WhenDeleted == "Delete")
        {
            kept.Add(Owners.ControllerReference(StatefulSet.ResourceType, set.Metadata));
        }

        return kept;
    }
}
