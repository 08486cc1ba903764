using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.Namespaces;

/// <summary>What of one resource type is left in a namespace.</summary>
/// <param name="Type">The type.</param>
/// <param name="Objects">What stands there.</param>
internal sealed record Remaining(ResourceType Type, IReadOnlyList<PartialObjectMetadata> Objects);

/// <summary>Decides the order of a namespace's end, and says what it waits for. No API, no clock, no logger.</summary>
internal static class NamespacePlanner
{
    /// <summary>The finalizer that this controller removes at the end.</summary>
    public const string Finalizer = "kubernetes";

    /// <summary>The types in the groups in which they are emptied: pods first, so that nothing they are held to by goes before them.</summary>
    /// <remarks>Upstream's ordered namespace deletion (CVE-2024-7598: a network policy that went before its pods).</remarks>
    public static IReadOnlyList<IReadOnlyList<ResourceType>> Order(IEnumerable<ResourceType> types)
    {
        var namespaced = types.Where(type => type.Namespaced).ToList();
        List<ResourceType> pods = [.. namespaced.Where(type => type == Pod.ResourceType)];
        return [pods, [.. namespaced.Where(type => type != Pod.ResourceType)]];
    }

    /// <summary>The conditions of a namespace on its way out.</summary>
    /// <param name="current">What it says now.</param>
    /// <param name="remaining">What is left, by type; empty types may be absent.</param>
    /// <param name="refusals">Why types could not be emptied.</param>
    /// <param name="now">The instant.</param>
    public static IReadOnlyList<NamespaceCondition> Conditions(
        IReadOnlyList<NamespaceCondition> current, IReadOnlyList<Remaining> remaining, IReadOnlyList<string> refusals, DateTimeOffset now)
    {
        var left = remaining.Where(each => each.Objects.Count > 0).OrderBy(each => each.Type.GroupResource, StringComparer.Ordinal).ToList();
        var finalizers = left.SelectMany(each => each.Objects).SelectMany(each => each.Metadata.Finalizers ?? [])
            .GroupBy(name => name).OrderBy(group => group.Key, StringComparer.Ordinal).ToList();
        var result = current.ToList();
        Set(result, now, "NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered", "All resources successfully discovered");
        Set(result, now, "NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions", "All legacy kube types successfully parsed");
        if (refusals.Count > 0)
        {
            Set(result, now, "NamespaceDeletionContentFailure", true, "ContentDeletionFailed",
                $"Failed to delete all resource types, {refusals.Count} remaining: {string.Join(", ", refusals.Order(StringComparer.Ordinal))}");
        }
        else
        {
            Set(result, now, "NamespaceDeletionContentFailure", false, "ContentDeleted", "All content successfully deleted, may be waiting on finalization");
        }

        if (left.Count > 0)
        {
            var counts = left.Select(each => $"{each.Type.Plural}.{each.Type.Group} has {each.Objects.Count} resource instances");
            Set(result, now, "NamespaceContentRemaining", true, "SomeResourcesRemain", $"Some resources are remaining: {string.Join(", ", counts)}");
        }
        else
        {
            Set(result, now, "NamespaceContentRemaining", false, "ContentRemoved", "All content successfully removed");
        }

        if (finalizers.Count > 0)
        {
            var counts = finalizers.Select(group => $"{group.Key} in {group.Count()} resource instances");
            Set(result, now, "NamespaceFinalizersRemaining", true, "SomeFinalizersRemain", $"Some content in the namespace has finalizers remaining: {string.Join(", ", counts)}");
        }
        else
        {
            Set(result, now, "NamespaceFinalizersRemaining", false, "ContentHasNoFinalizers", "All content-preserving finalizers finished");
        }

        return result;
    }

    private static void Set(List<NamespaceCondition> conditions, DateTimeOffset now, string type, bool value, string reason, string message)
    {
        var status = value ? "True" : "False";
        var at = conditions.FindIndex(condition => condition.Type == type);
        if (at >= 0 && conditions[at].Status == status && conditions[at].Reason == reason && conditions[at].Message == message)
        {
            return;
        }

        var made = new NamespaceCondition { Type = type, Status = status, Reason = reason, Message = message, LastTransitionTime = now };
        if (at < 0)
        {
            conditions.Add(made);
        }
        else
        {
            conditions[at] = conditions[at].Status == status ? made with { LastTransitionTime = conditions[at].LastTransitionTime } : made;
        }
    }
}
