using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Node;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Admission;

/// <summary>Gives a pod what its RuntimeClass costs and where it can run.</summary>
/// <remarks>Upstream's plugin RuntimeClass.</remarks>
internal sealed class RuntimeClassAdmission(IStateEngine engine) : IAdmission
{
    /// <inheritdoc/>
    public string Name => "RuntimeClass";

    /// <inheritdoc/>
    public async ValueTask<ApiError?> MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Verb != "create" || !request.IsMain(Pod.ResourceType) || request.Value?["spec"] is not JsonObject spec)
        {
            return null;
        }

        if (spec.Text("runtimeClassName") is not { Length: > 0 } name)
        {
            return spec["overhead"] is JsonObject { Count: > 0 }
                ? Refuse(request, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead") : null;
        }

        if (await engine.FindAsync<RuntimeClass>("", name, cancellationToken) is not { } found)
        {
            return Refuse(request, $"pod rejected: RuntimeClass \"{name}\" not found");
        }

        return SetOverhead(request, spec, found.Overhead?.PodFixed) ?? SetScheduling(request, spec, found.Scheduling);
    }

    private static ApiError? SetOverhead(AdmissionRequest request, JsonObject spec, IReadOnlyDictionary<string, Quantity>? cost)
    {
        if (spec["overhead"] is JsonObject { Count: > 0 } stated)
        {
            var same = cost is not null && stated.Count == cost.Count
                && stated.All(pair => cost.TryGetValue(pair.Key, out var wanted) && Quantity.TryParse(pair.Value?.ToString(), out var found, out _) && found.CompareTo(wanted) == 0);
            return same ? null : Refuse(request, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
        }

        if (cost is { Count: > 0 })
        {
            spec["overhead"] = new JsonObject(cost.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value.Canonical())));
        }

        return null;
    }

    private static ApiError? SetScheduling(AdmissionRequest request, JsonObject spec, Scheduling? scheduling)
    {
        foreach (var (key, value) in scheduling?.NodeSelector ?? new Dictionary<string, string>())
        {
            if (spec["nodeSelector"] is not JsonObject selector)
            {
                spec["nodeSelector"] = selector = [];
            }

            if (selector.Text(key) is { Length: > 0 } own && own != value)
            {
                return Refuse(request, $"conflict: runtimeClass.Scheduling.NodeSelector[{key}] = {value}; pod.Spec.NodeSelector[{key}] = {own}");
            }

            selector[key] = value;
        }

        foreach (var toleration in scheduling?.Tolerations ?? [])
        {
            if (spec["tolerations"] is not JsonArray tolerations)
            {
                spec["tolerations"] = tolerations = [];
            }

            var node = JsonNode.Parse(Resources.KubernetesJson.Write(toleration))!;
            if (!tolerations.Any(other => JsonNode.DeepEquals(other, node)))
            {
                tolerations.Add(node);
            }
        }

        return null;
    }

    private static ApiError Refuse(AdmissionRequest request, string detail) => ApiErrors.Forbidden(request.Kind.Type, request.Name, detail);
}
