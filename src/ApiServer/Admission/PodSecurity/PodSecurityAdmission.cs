using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Core;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Admission.PodSecurity;

/// <summary>Holds pods to the Pod Security Standard that their namespace's labels name.</summary>
/// <remarks>Upstream's plugin PodSecurity. Pods are refused; what makes pods is warned about, since it is its pods that would be refused.</remarks>
internal sealed class PodSecurityAdmission(IStateEngine engine) : IAdmission
{
    // As many pods of a namespace are looked at when its level rises; upstream's bound.
    private const int MostPods = 3_000;

    // Where each kind that makes pods keeps the pod's template.
    private static readonly Dictionary<string, string[]> s_templates = new()
    {
        ["replicationcontrollers"] = ["spec", "template"],
        ["podtemplates"] = ["template"],
        ["replicasets.apps"] = ["spec", "template"],
        ["deployments.apps"] = ["spec", "template"],
        ["statefulsets.apps"] = ["spec", "template"],
        ["daemonsets.apps"] = ["spec", "template"],
        ["jobs.batch"] = ["spec", "template"],
        ["cronjobs.batch"] = ["spec", "jobTemplate", "spec", "template"],
    };

    /// <inheritdoc/>
    public string Name => "PodSecurity";

    /// <inheritdoc/>
    public async ValueTask<ApiError?> ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Value is not { } value || request.Verb is not ("create" or "update"))
        {
            return null;
        }

        if (request.IsMain(Namespace.ResourceType))
        {
            return await CheckNamespaceAsync(request, value, cancellationToken);
        }

        var isPod = request.Kind.Type == Pod.ResourceType && request.Info.Subresource is "" or "ephemeralcontainers" or "resize";
        var path = s_templates.GetValueOrDefault(request.Kind.Type.GroupResource);
        if (!isPod && (path is null || request.Info.Subresource.Length > 0))
        {
            return null;
        }

        if (await engine.FindAsync<Namespace>("", request.Namespace, cancellationToken) is not { } ns || PodSecurityPolicy.Of(ns.Metadata.Labels) is not { IsPrivileged: false } policy)
        {
            return null;
        }

        return isPod ? CheckPod(request, value, policy) : WarnOfTemplate(request, value, path!, policy);
    }

    private static ApiError? CheckPod(AdmissionRequest request, JsonObject value, PodSecurityPolicy policy)
    {
        if (request.Info.Subresource.Length == 0 && request.Stored is { } stored && JsonNode.DeepEquals(Significant(value), Significant(stored)))
        {
            return null; // What was let in may be labelled, or given another image.
        }

        var (metadata, spec) = (value.Meta(), value.Child("spec"));
        var broken = PodSecurityChecks.Evaluate(policy.Enforce, metadata, spec);
        if (broken.Count > 0)
        {
            return ApiErrors.Forbidden(request.Kind.Type, request.Name, $"violates PodSecurity \"{policy.Enforce}\": {string.Join(", ", broken)}");
        }

        Warn(request, policy, metadata, spec);
        return null;
    }

    private static ApiError? WarnOfTemplate(AdmissionRequest request, JsonObject value, string[] path, PodSecurityPolicy policy)
    {
        var template = path.Aggregate(value, (node, part) => node.Child(part));
        var before = request.Stored is { } stored ? path.Aggregate(stored, (node, part) => node.Child(part)) : null;
        if (template.Count > 0 && !JsonNode.DeepEquals(template, before))
        {
            Warn(request, policy, template.Child("metadata"), template.Child("spec"));
        }

        return null;
    }

    private static void Warn(AdmissionRequest request, PodSecurityPolicy policy, JsonObject metadata, JsonObject spec)
    {
        var broken = PodSecurityChecks.Evaluate(policy.Warn, metadata, spec);
        if (broken.Count > 0)
        {
            request.Warnings.Add($"would violate PodSecurity \"{policy.Warn}\": {string.Join(", ", broken)}");
        }
    }

    private async ValueTask<ApiError?> CheckNamespaceAsync(AdmissionRequest request, JsonObject value, CancellationToken cancellationToken)
    {
        var labels = LabelsOf(value);
        var before = request.Stored is { } stored ? LabelsOf(stored) : null;
        var problems = PodSecurityPolicy.Problems(labels).ToList();
        if (problems.Count > 0)
        {
            // Labels that were wrong before stay until somebody touches them.
            return before is not null && PodSecurityPolicy.Problems(before).SequenceEqual(problems) ? null
                : ApiErrors.Invalid(request.Kind.Type, request.Name, [.. problems.Select(problem => FieldError.Invalid($"metadata.labels[{problem.Label}]", problem.Value, problem.Problem))]);
        }

        var policy = PodSecurityPolicy.Of(labels);
        if (before is null || policy.Enforce == PodSecurityPolicy.Of(before).Enforce || policy.Enforce.Level == PodSecurityLevel.Privileged)
        {
            return null;
        }

        foreach (var warning in await ExistingAsync(request.Name, policy.Enforce, cancellationToken))
        {
            request.Warnings.Add(warning);
        }

        return null;
    }

    // Pods that stay although the new level would refuse them, those of one reason together.
    private async ValueTask<IReadOnlyList<string>> ExistingAsync(string ns, PodSecurityLevelVersion level, CancellationToken cancellationToken)
    {
        var page = await engine.ListAsync(new StateRange(Pod.ResourceType.GroupResource, ns), 0, MostPods, null, cancellationToken);
        var byReason = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var entry in page.Entries)
        {
            var pod = entry.Tree();
            var broken = PodSecurityChecks.Evaluate(level, pod.Meta(), pod.Child("spec"));
            if (broken.Count > 0)
            {
                var reason = string.Join(", ", broken.Select(violation => violation.Reason));
                if (!byReason.TryGetValue(reason, out var names))
                {
                    byReason[reason] = names = [];
                }

                names.Add(entry.Key.Name);
            }
        }

        return byReason.Count == 0 ? []
            : [$"existing pods in namespace \"{ns}\" violate the new PodSecurity enforce level \"{level}\"", .. byReason.Select(pair => pair.Value.Count switch
            {
                1 => $"{pair.Value[0]}: {pair.Key}",
                2 => $"{pair.Value[0]} (and 1 other pod): {pair.Key}",
                var count => $"{pair.Value[0]} (and {count - 1} other pods): {pair.Key}",
            })];
    }

    private static Dictionary<string, string> LabelsOf(JsonObject value) =>
        value.Meta().Child("labels").ToDictionary(pair => pair.Key, pair => pair.Value?.ToString() ?? "", StringComparer.Ordinal);

    // The spec without what may change and cannot matter.
    private static JsonObject Significant(JsonObject pod)
    {
        var spec = (JsonObject)pod.Child("spec").DeepClone();
        foreach (var field in (string[])["tolerations", "activeDeadlineSeconds", "terminationGracePeriodSeconds", "schedulingGates"])
        {
            spec.Remove(field);
        }

        foreach (var container in PodView.ContainerLists.SelectMany(list => spec.Items(list)))
        {
            container.Remove("image");
        }

        return spec;
    }
}
