using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Schemas;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Storage;
using KubeAspire.ApiServer.Verbs;
using KubeAspire.Resources;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds;
using KubeAspire.Resources.Policy;

namespace KubeAspire.ApiServer.Subresources;

/// <summary><c>pods/binding</c> and <c>pods/eviction</c>: what the scheduler and a drain do to a pod.</summary>
internal sealed class PodSubresources(ResourceKind pods, Update update, Delete delete, DisruptionBudgets budgets, TimeProvider clock)
{
    private static readonly Schema s_binding = BuiltInTypes.Schemas.Find("io.k8s.api.core.v1.Binding")!;
    private static readonly Schema s_eviction = BuiltInTypes.Schemas.Find("io.k8s.api.policy.v1.Eviction")!;

    /// <summary>Puts a pod on a node, once.</summary>
    public async Task<ApiAnswer> BindAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        if (request.Info.Verb != "create")
        {
            return ApiErrors.MethodNotAllowed();
        }

        var decoded = await Decoding.ReadAsync(request, Binding.ResourceType, s_binding, cancellationToken);
        if (!decoded.Succeeded)
        {
            return decoded.Error;
        }

        var target = decoded.Value["target"] as JsonObject ?? [];
        var node = target.Text("name");
        if (target.Text("kind") is not ("" or "Node"))
        {
            return ApiErrors.Invalid(Binding.ResourceType, request.Info.Name, [FieldError.NotSupported("target.kind", target.Text("kind"), ["Node", "<empty>"])]);
        }

        if (node.Length == 0)
        {
            return ApiErrors.Invalid(Binding.ResourceType, request.Info.Name, [FieldError.Required("target.name")]);
        }

        var uid = decoded.Value.Meta().Text("uid");
        var plan = new UpdatePlan("binding", stored => Bind(stored, decoded.Value, node, uid)) { Direct = true };
        var answer = await update.StoreAsync(request, pods, plan, cancellationToken);
        return answer is ErrorAnswer ? answer : Success(201);
    }

    /// <summary>The older way to bind: POST to the collection <c>bindings</c>, the pod being named in the body.</summary>
    public async Task<ApiAnswer> BindByNameAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var decoded = await Decoding.ReadAsync(request, Binding.ResourceType, s_binding, cancellationToken);
        if (!decoded.Succeeded)
        {
            return decoded.Error;
        }

        var name = decoded.Value.Meta().Text("name");
        return name.Length == 0 ? ApiErrors.BadRequest("name must be provided") : await BindAsync(request.About(request.Info with { Name = name }), cancellationToken);
    }

    /// <summary>Deletes a pod on behalf of a drain, unless its disruption budget says no.</summary>
    public async Task<ApiAnswer> EvictAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        if (request.Info.Verb != "create")
        {
            return ApiErrors.MethodNotAllowed();
        }

        var decoded = await Decoding.ReadAsync<Eviction>(request, s_eviction, cancellationToken);
        if (!decoded.Succeeded)
        {
            return decoded.Error;
        }

        var options = decoded.Value.DeleteOptions ?? new DeleteOptions();
        if (request.DryRun)
        {
            options = options with { DryRun = ["All"] };
        }

        if (await budgets.ChargeAsync(request.Info.Namespace, request.Info.Name, options.DryRun is { Count: > 0 }, cancellationToken) is { } kept)
        {
            return kept;
        }

        if (options.DryRun is not { Count: > 0 })
        {
            // Said before the pod goes: a Job's failure policy reads why it went.
            var plan = new UpdatePlan("eviction", stored => MarkEvicted(stored, options.Preconditions?.Uid)) { Direct = true };
            if (await update.StoreAsync(request, pods, plan, cancellationToken) is ErrorAnswer refused)
            {
                return refused;
            }
        }

        var answer = await delete.RemoveAsync(request, pods, request.Info.Namespace, request.Info.Name, options, cancellationToken);
        return answer is ErrorAnswer ? answer : Success(201);
    }

    // A pod that is not the one meant is left as it is: the delete says so.
    private ApiResult<JsonObject> MarkEvicted(JsonObject pod, string? uid)
    {
        pod.Meta().Remove("resourceVersion");
        if (string.IsNullOrEmpty(uid) || uid == pod.Meta().Text("uid"))
        {
            SetCondition(pod, new JsonObject { ["type"] = PodConditionTypes.DisruptionTarget, ["status"] = "True", ["reason"] = "EvictionByEvictionAPI", ["message"] = "Eviction API: evicting" });
        }

        return pod;
    }

    private ApiResult<JsonObject> Bind(JsonObject stored, JsonObject binding, string node, string uid)
    {
        var name = stored.Meta().Text("name");
        if (uid.Length > 0 && uid != stored.Meta().Text("uid"))
        {
            return ApiErrors.Conflict(pods.Type, name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {stored.Meta().Text("uid")}");
        }

        if (stored.Meta()["deletionTimestamp"] is not null)
        {
            return ApiErrors.Conflict(pods.Type, name, $"pod {name} is being deleted, cannot be assigned to a host");
        }

        var spec = (JsonObject)stored["spec"]!;
        if (spec.Text("nodeName") is { Length: > 0 } current)
        {
            return ApiErrors.Conflict(pods.Type, name, $"pod {name} is already assigned to node \"{current}\"");
        }

        spec["nodeName"] = node;
        stored.Meta().Remove("resourceVersion");
        foreach (var field in (string[])["annotations", "labels"])
        {
            foreach (var (key, value) in binding.Meta()[field] as JsonObject ?? [])
            {
                if (stored.Meta()[field] is not JsonObject map)
                {
                    stored.Meta()[field] = map = [];
                }

                map[key] = value?.DeepClone();
            }
        }

        SetCondition(stored, new JsonObject { ["type"] = "PodScheduled", ["status"] = "True", ["lastProbeTime"] = null });
        return stored;
    }

    private void SetCondition(JsonObject pod, JsonObject condition)
    {
        if (pod["status"] is not JsonObject status)
        {
            pod["status"] = status = [];
        }

        if (status["conditions"] is not JsonArray conditions)
        {
            status["conditions"] = conditions = [];
        }

        var old = conditions.OfType<JsonObject>().FirstOrDefault(each => each.Text("type") == condition.Text("type"));
        if (old is not null)
        {
            conditions.Remove(old);
        }

        condition["lastTransitionTime"] = clock.GetUtcNow().UtcDateTime.ToString(ApiMachinery.Serialization.TimeConverter.Format, System.Globalization.CultureInfo.InvariantCulture);
        conditions.Add(condition);
    }

    private static ObjectAnswer Success(int code) => new(KubernetesJson.Write(StatusFactory.Success()), null, code);
}
