using System.Globalization;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Apps;

namespace KubeAspire.Controllers.Deployments;

/// <summary>The annotations by which a Deployment numbers its ReplicaSets.</summary>
internal static class DeploymentAnnotations
{
    /// <summary>The revision of a rollout.</summary>
    public const string Revision = "deployment.kubernetes.io/revision";

    /// <summary>Earlier revisions of a ReplicaSet that was rolled back to.</summary>
    public const string RevisionHistory = "deployment.kubernetes.io/revision-history";

    /// <summary>The Deployment's size when the ReplicaSet was last scaled.</summary>
    public const string DesiredReplicas = "deployment.kubernetes.io/desired-replicas";

    /// <summary>The same plus the surge.</summary>
    public const string MaxReplicas = "deployment.kubernetes.io/max-replicas";

    /// <summary>Longest revision history. 2000 characters, upstream's maxRevHistoryLengthInChars.</summary>
    public const int RevisionHistoryMax = 2000;

    private static readonly HashSet<string> NotCopied =
    [
        "kubectl.kubernetes.io/last-applied-configuration", Revision, RevisionHistory, DesiredReplicas, MaxReplicas,
        "deprecated.deployment.rollback.to", Tracing.Annotation,
    ];

    /// <summary>The revision of an object; 0 for none.</summary>
    public static long RevisionOf(IKubernetesObject value) =>
        value.Metadata.Annotations is { } annotations && annotations.TryGetValue(Revision, out var text)
        && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var revision) ? revision : 0;

    /// <summary>The annotations of the new ReplicaSet: the Deployment's own, and a revision that is the highest.</summary>
    public static ReplicaSet WithNewAnnotations(Deployment deployment, ReplicaSet replicaSet, long revision)
    {
        var annotations = new Dictionary<string, string>(replicaSet.Metadata.Annotations ?? new Dictionary<string, string>());
        foreach (var (key, value) in deployment.Metadata.Annotations ?? new Dictionary<string, string>())
        {
            if (!NotCopied.Contains(key))
            {
                annotations[key] = value;
            }
        }

        var had = RevisionOf(replicaSet);
        if (had < revision)
        {
            if (annotations.TryGetValue(Revision, out var old) && old.Length > 0)
            {
                annotations[RevisionHistory] = Append(annotations.GetValueOrDefault(RevisionHistory), old);
            }

            annotations[Revision] = revision.ToString(CultureInfo.InvariantCulture);
        }

        return replicaSet.WithMetadata(replicaSet.Metadata with { Annotations = annotations });
    }

    /// <summary>The ReplicaSet with a size, and the Deployment's size noted beside it.</summary>
    public static ReplicaSet WithSize(Deployment deployment, ReplicaSet replicaSet, int size)
    {
        var desired = DeploymentMath.Size(deployment);
        var annotations = new Dictionary<string, string>(replicaSet.Metadata.Annotations ?? new Dictionary<string, string>())
        {
            [DesiredReplicas] = desired.ToString(CultureInfo.InvariantCulture),
            [MaxReplicas] = (desired + DeploymentMath.MaxSurge(deployment)).ToString(CultureInfo.InvariantCulture),
        };
        return replicaSet with { Metadata = replicaSet.Metadata with { Annotations = annotations }, Spec = replicaSet.Spec with { Replicas = size } };
    }

    private static string Append(string? history, string revision)
    {
        if (string.IsNullOrEmpty(history))
        {
            return revision;
        }

        var all = $"{history},{revision}";
        while (all.Length > RevisionHistoryMax && all.Contains(','))
        {
            all = all[(all.IndexOf(',') + 1)..]; // The oldest goes first.
        }

        return all;
    }
}
