using System.Text.Json.Nodes;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.ApiServer.Verbs;

/// <summary>What holds an object back from going.</summary>
internal static class Finalizers
{
    public const string Foreground = "foregroundDeletion";
    public const string Orphan = "orphan";

    /// <summary>Whether an object waits for somebody: <c>metadata.finalizers</c>, of a namespace <c>spec.finalizers</c> too.</summary>
    public static bool Hold(ResourceKind kind, JsonObject value) =>
        value.Meta()["finalizers"] is JsonArray { Count: > 0 }
        || (kind.Type == Namespace.ResourceType && (value["spec"] as JsonObject)?["finalizers"] is JsonArray { Count: > 0 });

    /// <summary>Whether an object on its way out may go now.</summary>
    public static bool MayGo(ResourceKind kind, JsonObject value) =>
        value.Meta() is var metadata && metadata["deletionTimestamp"] is not null && metadata.Number("deletionGracePeriodSeconds") is null or 0 && !Hold(kind, value);

    /// <summary>Sets the finalizer that a propagation policy stands for. Returns whether anything changed.</summary>
    /// <param name="metadata">Metadata of the object.</param>
    /// <param name="policy"><c>Foreground</c>, <c>Background</c>, <c>Orphan</c>, or null to leave them as they are.</param>
    public static bool Set(JsonObject metadata, string? policy)
    {
        if (policy is null)
        {
            return false;
        }

        var before = metadata.Texts("finalizers");
        var after = before.Where(name => name is not (Foreground or Orphan)).ToList();
        if (policy is "Foreground" or "Orphan")
        {
            after.Add(policy == "Orphan" ? Orphan : Foreground);
        }

        if (before.Order().SequenceEqual(after.Order()))
        {
            return false;
        }

        metadata.Put("finalizers", after.Count == 0 ? null : new JsonArray([.. after.Select(name => JsonValue.Create(name))]));
        return true;
    }
}
