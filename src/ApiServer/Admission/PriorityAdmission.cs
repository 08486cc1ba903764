using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Scheduling;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Admission;

/// <summary>Gives a pod the number behind its PriorityClass, and lets one class only be the default.</summary>
/// <remarks>Upstream's plugin Priority.</remarks>
internal sealed class PriorityAdmission(IStateEngine engine) : IAdmission
{
    private const string PreemptLower = "PreemptLowerPriority";

    /// <inheritdoc/>
    public string Name => "Priority";

    /// <inheritdoc/>
    public async ValueTask<ApiError?> MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.IsMain(Pod.ResourceType) || request.Value?["spec"] is not JsonObject spec)
        {
            return null;
        }

        if (request.Verb == "update")
        {
            // A client that does not know the field keeps what the pod got when it was made.
            foreach (var field in (string[])["priority", "preemptionPolicy"])
            {
                if (spec[field] is null && request.Stored?["spec"]?[field] is { } kept)
                {
                    spec[field] = kept.DeepClone();
                }
            }

            return null;
        }

        var named = spec.Text("priorityClassName");
        var found = named.Length > 0 ? await engine.FindAsync<PriorityClass>("", named, cancellationToken) : await DefaultAsync(cancellationToken);
        if (named.Length > 0 && found is null)
        {
            return ApiErrors.Forbidden(request.Kind.Type, request.Name, $"no PriorityClass with name {named} was found");
        }

        var (priority, preemption) = (found?.Value ?? 0, found?.PreemptionPolicy ?? PreemptLower);
        if (spec.Number("priority") is { } stated && stated != priority)
        {
            return ApiErrors.Forbidden(
                request.Kind.Type, request.Name,
                $"the integer value of priority ({stated}) must not be provided in pod spec; priority admission controller computed {priority} from the given PriorityClass name");
        }

        if (spec.Text("preemptionPolicy") is { Length: > 0 } policy && policy != preemption)
        {
            return ApiErrors.Forbidden(
                request.Kind.Type, request.Name,
                $"the string value of PreemptionPolicy ({policy}) must not be provided in pod spec; priority admission controller computed {preemption} from the given PriorityClass name");
        }

        if (found is not null)
        {
            spec["priorityClassName"] = found.Metadata.Name;
        }

        spec["priority"] = priority;
        spec["preemptionPolicy"] = preemption;
        return null;
    }

    /// <inheritdoc/>
    public async ValueTask<ApiError?> ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.IsMain(PriorityClass.ResourceType) || request.Value is null || request.View<PriorityClass>().GlobalDefault != true)
        {
            return null;
        }

        var other = (await engine.AllAsync<PriorityClass>("", cancellationToken)).FirstOrDefault(found => found.GlobalDefault == true && found.Metadata.Name != request.Name);
        return other is null ? null
            : ApiErrors.Forbidden(request.Kind.Type, request.Name, $"PriorityClass {other.Metadata.Name} is already marked as default. Only one default can exist");
    }

    // More than one default can only come of a race: the lowest wins, as upstream.
    private async ValueTask<PriorityClass?> DefaultAsync(CancellationToken cancellationToken) =>
        (await engine.AllAsync<PriorityClass>("", cancellationToken)).Where(found => found.GlobalDefault == true).OrderBy(found => found.Value ?? 0).FirstOrDefault();
}
