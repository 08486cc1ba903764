using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Core;

namespace KubeAspire.ApiServer.Admission;

/// <summary>A pod that says nothing of it stays 300 s on a node that is not ready or cannot be reached.</summary>
public sealed class DefaultTolerations : IAdmission
{
    private const long Seconds = 300;
    private static readonly string[] s_taints = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

    /// <inheritdoc/>
    public string Name => "DefaultTolerationSeconds";

    /// <inheritdoc/>
    public ValueTask<ApiError?> MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Kind.Type != Pod.ResourceType || request.Verb != "create" || request.Value?["spec"] is not JsonObject spec)
        {
            return default;
        }

        var tolerations = spec["tolerations"] as JsonArray ?? [];
        foreach (var taint in s_taints)
        {
            if (!tolerations.OfType<JsonObject>().Any(toleration => Tolerates(toleration, taint)))
            {
                tolerations.Add(new JsonObject { ["key"] = taint, ["operator"] = "Exists", ["effect"] = "NoExecute", ["tolerationSeconds"] = Seconds });
            }
        }

        if (tolerations.Parent is null)
        {
            spec["tolerations"] = tolerations;
        }

        return default;
    }

    private static bool Tolerates(JsonObject toleration, string taint) =>
        toleration.Text("key") is var key && (key == taint || key.Length == 0) && toleration.Text("effect") is "" or "NoExecute";
}
