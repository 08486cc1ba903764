using System.Globalization;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Schemas;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.Client;
using KubeAspire.Resources;
using KubeAspire.Resources.Core;

namespace KubeAspire.Testing.Api;

/// <summary>The rules by which the fake's objects change. Called under the store's lock.</summary>
internal sealed class FakeWrites(FakeStore store, TimeProvider clock)
{
    private int _made;

    public static ObjectKey KeyOf(JsonObject value) => new(value["metadata"]!["namespace"]?.ToString() ?? "", value["metadata"]!["name"]!.ToString());

    public static ApiError NotFound(ResourceType type, string name) =>
        new(ApiErrorReason.NotFound, $"{type.GroupResource} \"{name}\" not found") { Group = type.Group, Kind = type.Plural, Name = name };

    public JsonObject Seed(ResourceType type, JsonObject value)
    {
        Stamp(type, value);
        return store.Commit(type.GroupResource, KeyOf(value), value);
    }

    public ApiResult<JsonObject> Create(ResourceType type, JsonObject value)
    {
        var metadata = value["metadata"]!;
        if (string.IsNullOrEmpty(metadata["name"]?.ToString()))
        {
            if (metadata["generateName"]?.ToString() is not { Length: > 0 } prefix)
            {
                return new ApiError(ApiErrorReason.Invalid, $"{type.Kind} \"\" is invalid: metadata.name: Required value: name or generateName is required");
            }

            metadata["name"] = $"{prefix}{++_made:x5}";
        }

        var key = KeyOf(value);
        if (type.Namespaced && key.Namespace.Length == 0)
        {
            return new ApiError(ApiErrorReason.BadRequest, "an empty namespace may not be set during creation");
        }

        if (store.Find(type.GroupResource, key) is not null)
        {
            return new ApiError(ApiErrorReason.AlreadyExists, $"{type.GroupResource} \"{key.Name}\" already exists") { Group = type.Group, Kind = type.Plural, Name = key.Name };
        }

        ((JsonObject)metadata).Remove("uid");
        ((JsonObject)metadata).Remove("creationTimestamp");
        Stamp(type, value);
        return store.Commit(type.GroupResource, key, value);
    }

    public ApiResult<JsonObject> Update(ResourceType type, JsonObject value, string? subresource)
    {
        var key = KeyOf(value);
        if (store.Find(type.GroupResource, key) is not { } stored)
        {
            return NotFound(type, key.Name);
        }

        var based = value["metadata"]!["resourceVersion"]?.ToString();
        var uid = value["metadata"]!["uid"]?.ToString();
        if (!string.IsNullOrEmpty(based) && based != stored["metadata"]!["resourceVersion"]!.ToString())
        {
            return Conflict(type, key.Name, "the object has been modified; please apply your changes to the latest version and try again");
        }

        if (!string.IsNullOrEmpty(uid) && uid != stored["metadata"]!["uid"]!.ToString())
        {
            return Conflict(type, key.Name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {stored["metadata"]!["uid"]}");
        }

        return Replace(type, key, stored, value, subresource);
    }

    public ApiResult<JsonObject> Patch(ResourceType type, ObjectKey key, ApiPatch patch, string? subresource)
    {
        var stored = store.Find(type.GroupResource, key);
        if (stored is null && patch.Kind == PatchKind.Apply)
        {
            var fresh = (JsonObject)JsonNode.Parse(patch.Body.Span)!;
            return Create(type, fresh);
        }

        if (stored is null)
        {
            return NotFound(type, key.Name);
        }

        JsonObject patched;
        try
        {
            patched = FakePatches.Apply(stored, patch, SchemaOf(type));
        }
        catch (ArgumentException exception)
        {
            return new ApiError(ApiErrorReason.Invalid, exception.Message);
        }

        var based = patched["metadata"]!["resourceVersion"]?.ToString();
        if (based != stored["metadata"]!["resourceVersion"]!.ToString() && !string.IsNullOrEmpty(based))
        {
            return Conflict(type, key.Name, "the object has been modified; please apply your changes to the latest version and try again");
        }

        var uid = patched["metadata"]!["uid"]?.ToString();
        return uid != stored["metadata"]!["uid"]?.ToString()
            ? Conflict(type, key.Name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {stored["metadata"]!["uid"]}")
            : Replace(type, key, stored, patched, subresource);
    }

    public ApiError? Delete(ResourceType type, ObjectKey key, DeleteOptions options)
    {
        if (store.Find(type.GroupResource, key) is not { } stored)
        {
            return NotFound(type, key.Name);
        }

        var metadata = stored["metadata"]!;
        if (options.Preconditions?.Uid is { } uid && uid != metadata["uid"]!.ToString())
        {
            return Conflict(type, key.Name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {metadata["uid"]}");
        }

        if (options.Preconditions?.ResourceVersion is { } version && version != metadata["resourceVersion"]!.ToString())
        {
            return Conflict(type, key.Name, $"Precondition failed: ResourceVersion in precondition: {version}, ResourceVersion in object meta: {metadata["resourceVersion"]}");
        }

        var changed = (JsonObject)stored.DeepClone();
        var finalizers = FinalizersAfter(changed, options);
        var grace = GraceOf(type, stored, options);
        if (finalizers.Count == 0 && grace == 0)
        {
            store.Commit(type.GroupResource, key, null);
            return null;
        }

        changed["metadata"]!["finalizers"] = finalizers.Count == 0 ? null : new JsonArray([.. finalizers.Select(name => JsonValue.Create(name))]);
        if (metadata["deletionTimestamp"] is null || grace < (metadata["deletionGracePeriodSeconds"]?.GetValue<long>() ?? 0))
        {
            changed["metadata"]!["deletionTimestamp"] = Time(clock.GetUtcNow().AddSeconds(grace));
            changed["metadata"]!["deletionGracePeriodSeconds"] = grace;
            changed["metadata"]!["generation"] = (metadata["generation"]?.GetValue<long>() ?? 0) + 1;
        }

        if (!JsonNode.DeepEquals(changed, stored))
        {
            store.Commit(type.GroupResource, key, changed);
        }

        return null;
    }

    public ApiError? Bind(ObjectKey key, Binding binding)
    {
        if (store.Find("pods", key) is not { } stored)
        {
            return NotFound(Pod.ResourceType, key.Name);
        }

        if (binding.Metadata.Uid is { Length: > 0 } uid && uid != stored["metadata"]!["uid"]!.ToString())
        {
            return Conflict(Pod.ResourceType, key.Name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {stored["metadata"]!["uid"]}");
        }

        if (stored["metadata"]!["deletionTimestamp"] is not null)
        {
            return Conflict(Pod.ResourceType, key.Name, $"pod {key.Name} is being deleted, cannot be assigned to a host");
        }

        if (stored["spec"]!["nodeName"]?.ToString() is { Length: > 0 } node)
        {
            return Conflict(Pod.ResourceType, key.Name, $"pod {key.Name} is already assigned to node \"{node}\"");
        }

        var bound = (JsonObject)stored.DeepClone();
        bound["spec"]!["nodeName"] = binding.Target.Name;
        var status = bound["status"] as JsonObject ?? [];
        bound["status"] = status;
        var conditions = (status["conditions"] as JsonArray ?? []).Where(condition => condition!["type"]!.ToString() != "PodScheduled").Select(condition => condition!.DeepClone()).ToList();
        conditions.Add(new JsonObject { ["type"] = "PodScheduled", ["status"] = "True", ["lastTransitionTime"] = Time(clock.GetUtcNow()) });
        status["conditions"] = new JsonArray([.. conditions]);
        store.Commit("pods", key, bound);
        return null;
    }

    private static ApiError Conflict(ResourceType type, string name, string why) =>
        new(ApiErrorReason.Conflict, $"Operation cannot be fulfilled on {type.GroupResource} \"{name}\": {why}") { Group = type.Group, Kind = type.Plural, Name = name };

    private static string Time(DateTimeOffset instant) => instant.UtcDateTime.ToString(TimeConverter.Format, CultureInfo.InvariantCulture);

    private static Schema? SchemaOf(ResourceType type) =>
        BuiltInTypes.All.FirstOrDefault(known => known.Type == type) is { } found ? BuiltInTypes.Schemas.Find(found.Definition) : null;

    private static bool HasStatus(ResourceType type) =>
        BuiltInTypes.All.FirstOrDefault(known => known.Type == type)?.Subresources.Any(subresource => subresource.Name == "status") ?? true;

    private static List<string> FinalizersAfter(JsonObject value, DeleteOptions options)
    {
        var finalizers = (value["metadata"]!["finalizers"] as JsonArray ?? []).Select(name => name!.ToString()).ToList();
        var wanted = options.PropagationPolicy switch
        {
            "Foreground" => "foregroundDeletion",
            "Orphan" => "orphan",
            _ => options.OrphanDependents == true ? "orphan" : null,
        };
        if (wanted is not null)
        {
            finalizers.RemoveAll(name => name is "foregroundDeletion" or "orphan");
            finalizers.Add(wanted);
        }

        return finalizers;
    }

    private static long GraceOf(ResourceType type, JsonObject stored, DeleteOptions options)
    {
        if (type.Plural != "pods" || string.IsNullOrEmpty(stored["spec"]?["nodeName"]?.ToString()) || stored["status"]?["phase"]?.ToString() is "Succeeded" or "Failed")
        {
            return 0;
        }

        return options.GracePeriodSeconds ?? stored["spec"]!["terminationGracePeriodSeconds"]?.GetValue<long>() ?? 30;
    }

    private ApiResult<JsonObject> Replace(ResourceType type, ObjectKey key, JsonObject stored, JsonObject value, string? subresource)
    {
        var result = (JsonObject)value.DeepClone();
        if (subresource == "status")
        {
            result = (JsonObject)stored.DeepClone();
            result["status"] = value["status"]?.DeepClone();
        }
        else if (HasStatus(type))
        {
            result["status"] = stored["status"]?.DeepClone();
        }

        var metadata = (JsonObject)result["metadata"]!;
        foreach (var own in new[] { "uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion" })
        {
            metadata[own] = stored["metadata"]![own]?.DeepClone();
        }

        DropNulls(result);
        if (JsonNode.DeepEquals(result, stored))
        {
            return stored; // Nothing changed: no new revision, as the real one.
        }

        if (!JsonNode.DeepEquals(result["spec"], stored["spec"]))
        {
            metadata["generation"] = (stored["metadata"]!["generation"]?.GetValue<long>() ?? 0) + 1;
        }

        var finalizers = metadata["finalizers"] as JsonArray;
        var leaving = metadata["deletionTimestamp"] is not null && (finalizers is null || finalizers.Count == 0)
            && (metadata["deletionGracePeriodSeconds"]?.GetValue<long>() ?? 0) == 0;
        var committed = store.Commit(type.GroupResource, key, result);
        return leaving ? store.Commit(type.GroupResource, key, null) : committed;
    }

    private void Stamp(ResourceType type, JsonObject value)
    {
        value["apiVersion"] = type.ApiVersion;
        value["kind"] = type.Kind;
        var metadata = (JsonObject)value["metadata"]!;
        metadata["uid"] ??= $"00000000-0000-4000-8000-{++_made:x12}";
        metadata["creationTimestamp"] ??= Time(clock.GetUtcNow());
        metadata["generation"] ??= 1L;
        if (!type.Namespaced)
        {
            metadata.Remove("namespace");
        }

        DropNulls(value);
    }

    private static void DropNulls(JsonObject value)
    {
        foreach (var (name, inner) in value.ToList())
        {
            if (inner is null)
            {
                value.Remove(name);
            }
            else if (inner is JsonObject nested)
            {
                DropNulls(nested);
            }
        }
    }
}
