using System.Globalization;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Apiregistration;
using KubeAspire.Resources.Certificates;
using KubeAspire.Resources.Flowcontrol;
using KubeAspire.Resources.Networking;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Admission;

/// <summary>
/// What a kind's strategy fills in and a kind's rules cannot know: who asks for a certificate, when a condition was set, whether a
/// priority level exists.
/// </summary>
/// <remarks>Upstream's pkg/registry/certificates/certificates/strategy.go and kube-aggregator pkg/registry/apiservice.</remarks>
public sealed class StrategyFacts(IStateEngine engine, TimeProvider clock) : IAdmission
{
    /// <inheritdoc/>
    public string Name => "StrategyFacts";

    /// <inheritdoc/>
    public async ValueTask<ApiError?> MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Value is not { } value || request.Verb == "delete")
        {
            return null;
        }

        var type = request.Kind.Type;
        if (type == CertificateSigningRequest.ResourceType)
        {
            if (request.Verb == "create")
            {
                StampRequestor(request, value);
            }
            else
            {
                StampConditions(value, request.Stored, updates: true);
            }
        }
        else if (type == APIService.ResourceType)
        {
            StampConditions(value, request.Stored, updates: false);
        }
        else if (type == ServiceCIDR.ResourceType && request is { Verb: "create", Name: ServiceCIDRKind.DefaultName })
        {
            value["status"] = Condition("Ready", "True", "", "Kubernetes default Service CIDR is ready");
        }
        else if (type == FlowSchema.ResourceType && request.Verb == "create")
        {
            await FindLevelAsync(value, cancellationToken);
        }

        return null;
    }

    // A client cannot ask in another's name.
    private static void StampRequestor(AdmissionRequest request, JsonObject value)
    {
        if (value["spec"] is not JsonObject spec)
        {
            return;
        }

        var user = request.User;
        spec["username"] = user.Name;
        spec.Put("uid", user.Uid.Length == 0 ? null : user.Uid);
        spec.Put("groups", user.Groups.Count == 0 ? null : new JsonArray([.. user.Groups.Select(group => JsonValue.Create(group))]));
        var extra = new JsonObject();
        foreach (var (key, values) in user.Extra)
        {
            extra[key] = new JsonArray([.. values.Select(one => JsonValue.Create(one))]);
        }

        spec.Put("extra", extra.Count == 0 ? null : extra);
    }

    // A condition keeps its time until its status changes.
    private void StampConditions(JsonObject value, JsonObject? stored, bool updates)
    {
        foreach (var condition in Conditions(value))
        {
            if (updates && condition["lastUpdateTime"] is null)
            {
                condition["lastUpdateTime"] = Now();
            }

            if (condition["lastTransitionTime"] is null)
            {
                var same = Conditions(stored).FirstOrDefault(old => old.Text("type") == condition.Text("type") && old.Text("status") == condition.Text("status"));
                condition["lastTransitionTime"] = same?["lastTransitionTime"]?.DeepClone() ?? Now();
            }
        }
    }

    private async ValueTask FindLevelAsync(JsonObject value, CancellationToken cancellationToken)
    {
        var level = ((value["spec"] as JsonObject)?["priorityLevelConfiguration"] as JsonObject)?.Text("name") ?? "";
        if (level.Length > 0 && await engine.GetAsync(Objects.KeyOf(PriorityLevelConfiguration.ResourceType, "", level), cancellationToken) is not null)
        {
            value["status"] = Condition("Dangling", "False", "Found", $"This FlowSchema references the PriorityLevelConfiguration object named \"{level}\" and it exists");
        }
    }

    private JsonObject Condition(string type, string status, string reason, string message) => new()
    {
        ["conditions"] = new JsonArray(new JsonObject { ["type"] = type, ["status"] = status, ["reason"] = reason, ["message"] = message, ["lastTransitionTime"] = Now() }),
    };

    private static IEnumerable<JsonObject> Conditions(JsonObject? value) => ((value?["status"] as JsonObject)?["conditions"] as JsonArray ?? []).OfType<JsonObject>();

    private string Now() => clock.GetUtcNow().UtcDateTime.ToString(TimeConverter.Format, CultureInfo.InvariantCulture);
}
