using System.Globalization;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Batch;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Controllers.Jobs;

/// <summary>A job's pods: what one looks like, and how one ended.</summary>
internal static class JobPods
{
    /// <summary>Keeps a pod until its end has been counted.</summary>
    public const string Finalizer = "batch.kubernetes.io/job-tracking";

    /// <summary>Label and annotation of an indexed job's pod: which index it works on.</summary>
    public const string IndexKey = "batch.kubernetes.io/job-completion-index";

    private const string FailureCount = "batch.kubernetes.io/job-index-failure-count";
    private const string IndexVariable = "JOB_COMPLETION_INDEX";

    /// <summary>Whether the end of the pod is still to be counted.</summary>
    public static bool IsTracked(Pod pod) => pod.Metadata.Finalizers?.Contains(Finalizer) == true;

    /// <summary>The index that a pod works on; null where it names none.</summary>
    public static int? IndexOf(Pod pod) =>
        int.TryParse(pod.Annotation(IndexKey) ?? pod.Label(IndexKey), NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : null;

    /// <summary>How often the index had failed before this pod.</summary>
    public static int FailuresBefore(Pod pod) => int.TryParse(pod.Annotation(FailureCount), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;

    /// <summary>Whether the pod counts as failed: it failed, or it is going and need not have ended to be replaced.</summary>
    public static bool IsFailed(Job job, Pod pod) => pod.Status.Phase == "Failed"
        || (pod.Metadata.DeletionTimestamp is not null && pod.Status.Phase != "Succeeded" && job.Spec.PodReplacementPolicy != "Failed");

    /// <summary>The pod for a job, of an index where the job is indexed.</summary>
    /// <param name="job">The job.</param>
    /// <param name="index">The index, or null.</param>
    /// <param name="failures">How often the index failed; null where the job does not count by index.</param>
    public static Pod For(Job job, int? index, int? failures)
    {
        var template = job.Spec.Template;
        var labels = new Dictionary<string, string>(template.Metadata.Labels ?? new Dictionary<string, string>());
        var annotations = new Dictionary<string, string>((template.Metadata.Annotations ?? new Dictionary<string, string>()).Where(pair => pair.Key != Tracing.Annotation));
        var spec = template.Spec ?? new PodSpec();
        var prefix = $"{job.Metadata.Name}-";
        if (index is { } number)
        {
            var text = number.ToString(CultureInfo.InvariantCulture);
            labels[IndexKey] = text;
            annotations[IndexKey] = text;
            prefix = $"{job.Metadata.Name}-{text}-";
            spec = spec with
            {
                Hostname = $"{job.Metadata.Name}-{text}",
                Containers = [.. spec.Containers.Select(Numbered)],
                InitContainers = spec.InitContainers is null ? null : [.. spec.InitContainers.Select(Numbered)],
            };
        }

        if (failures is { } count)
        {
            annotations[FailureCount] = count.ToString(CultureInfo.InvariantCulture);
        }

        return new Pod
        {
            Metadata = new ObjectMeta
            {
                GenerateName = prefix,
                Namespace = job.Metadata.Namespace,
                Labels = labels,
                Annotations = annotations,
                Finalizers = [.. template.Metadata.Finalizers ?? [], Finalizer],
                OwnerReferences = [Owners.ControllerReference(Job.ResourceType, job.Metadata)],
            },
            Spec = spec,
        };
    }

    private static Container Numbered(Container container) => container.Env?.Any(variable => variable.Name == IndexVariable) == true ? container : container with
    {
        Env =
        [
            .. container.Env ?? [],
            new EnvVar { Name = IndexVariable, ValueFrom = new EnvVarSource { FieldRef = new ObjectFieldSelector { ApiVersion = "v1", FieldPath = $"metadata.annotations['{IndexKey}']" } } },
        ],
    };
}
