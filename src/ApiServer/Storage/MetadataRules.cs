using System.Text;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Apiextensions;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.ApiServer.Storage;

/// <summary>The rules of metadata that all kinds share.</summary>
/// <remarks>k8s.io/apimachinery pkg/api/validation ValidateObjectMeta and ValidateObjectMetaUpdate; texts as upstream's.</remarks>
internal static class MetadataRules
{
    /// <summary>Every broken rule of an object's metadata.</summary>
    public static IEnumerable<FieldError> Check(JsonObject metadata, ResourceKind kind) =>
        CheckName(metadata, kind)
            .Concat(CheckLabels(metadata["labels"] as JsonObject))
            .Concat(CheckAnnotations(metadata["annotations"] as JsonObject))
            .Concat(CheckOwners(metadata["ownerReferences"] as JsonArray))
            .Concat(CheckFinalizers(metadata, kind));

    /// <summary>Every broken rule of a change of metadata.</summary>
    public static IEnumerable<FieldError> CheckUpdate(JsonObject metadata, JsonObject stored)
    {
        foreach (var field in (string[])["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"])
        {
            var (now, before) = (metadata[field]?.ToString() ?? "", stored[field]?.ToString() ?? "");
            if (now != before)
            {
                yield return FieldError.Invalid($"metadata.{field}", now, "field is immutable");
            }
        }

        if (stored["deletionTimestamp"] is not null)
        {
            var added = metadata.Texts("finalizers").Except(stored.Texts("finalizers")).ToList();
            if (added.Count > 0)
            {
                yield return FieldError.Forbidden(
                    "metadata.finalizers", $"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{string.Join(", ", added.Select(name => $"\"{name}\""))}}}");
            }
        }
    }

    /// <summary>Why a text is no name of a kind; empty where it is one.</summary>
    public static IReadOnlyList<string> NameProblems(string name, NameRule rule) => rule switch
    {
        NameRule.DnsSubdomain => Names.IsDnsSubdomain(name),
        NameRule.DnsLabel => Names.IsDnsLabel(name),
        NameRule.DnsLabel1035 => Names.IsDns1035Label(name),
        _ => Names.IsPathSegment(name),
    };

    private static IEnumerable<FieldError> CheckName(JsonObject metadata, ResourceKind kind)
    {
        var generate = metadata.Text("generateName");
        if (generate.Length > 0)
        {
            // A prefix may end in what a name may not: letters follow.
            foreach (var problem in NameProblems(generate.EndsWith('-') ? generate + "a" : generate, kind.NameRule))
            {
                yield return FieldError.Invalid("metadata.generateName", generate, problem);
            }
        }

        var name = metadata.Text("name");
        if (name.Length == 0)
        {
            yield return FieldError.Required("metadata.name", "name or generateName is required");
        }
        else
        {
            foreach (var problem in NameProblems(name, kind.NameRule))
            {
                yield return FieldError.Invalid("metadata.name", name, problem);
            }
        }

        var ns = metadata.Text("namespace");
        foreach (var problem in kind.Type.Namespaced ? Names.IsDnsLabel(ns) : [])
        {
            yield return FieldError.Invalid("metadata.namespace", ns, problem);
        }
    }

    private static IEnumerable<FieldError> CheckLabels(JsonObject? labels)
    {
        foreach (var (key, value) in labels ?? [])
        {
            foreach (var problem in Names.IsQualifiedName(key))
            {
                yield return FieldError.Invalid("metadata.labels", key, problem);
            }

            var text = value?.ToString() ?? "";
            foreach (var problem in Names.IsLabelValue(text))
            {
                yield return FieldError.Invalid("metadata.labels", text, problem);
            }
        }
    }

    private static IEnumerable<FieldError> CheckAnnotations(JsonObject? annotations)
    {
        var size = 0;
        foreach (var (key, value) in annotations ?? [])
        {
            foreach (var problem in Names.IsQualifiedName(key.ToLowerInvariant()))
            {
                yield return FieldError.Invalid("metadata.annotations", key, problem);
            }

            size += Encoding.UTF8.GetByteCount(key) + Encoding.UTF8.GetByteCount(value?.ToString() ?? "");
        }

        if (size > ApiLimits.AnnotationBytes)
        {
            yield return FieldError.TooLong("metadata.annotations", ApiLimits.AnnotationBytes);
        }
    }

    private static IEnumerable<FieldError> CheckOwners(JsonArray? owners)
    {
        var controllers = 0;
        for (var i = 0; i < (owners?.Count ?? 0); i++)
        {
            if (owners![i] is not JsonObject owner)
            {
                continue;
            }

            foreach (var field in (string[])["apiVersion", "kind", "name", "uid"])
            {
                if (owner.Text(field).Length == 0)
                {
                    yield return FieldError.Invalid($"metadata.ownerReferences[{i}].{field}", "", $"{(field == "apiVersion" ? "version" : field)} must not be empty");
                }
            }

            controllers += owner["controller"] is JsonValue flag && flag.TryGetValue(out bool controller) && controller ? 1 : 0;
        }

        if (controllers > 1)
        {
            yield return FieldError.Invalid("metadata.ownerReferences", owners!.ToJsonString(), "Only one reference can have Controller set to true. Found \"true\" in references for several owners");
        }
    }

    private static IEnumerable<FieldError> CheckFinalizers(JsonObject metadata, ResourceKind kind)
    {
        // Upstream asks for a path in the name, or one of the old names, of its own kinds only: custom resources and their definitions are free.
        var free = kind.IsCustom || kind.Type.Group == CustomResourceDefinition.ResourceType.Group;
        foreach (var name in metadata.Texts("finalizers"))
        {
            foreach (var problem in Names.IsQualifiedName(name))
            {
                yield return FieldError.Invalid("metadata.finalizers", name, problem);
            }

            if (!free && !name.Contains('/') && name is not ("orphan" or "foregroundDeletion" or "kubernetes"))
            {
                yield return FieldError.Invalid("metadata.finalizers", name, "name is neither a standard finalizer name nor is it fully qualified");
            }
        }
    }
}
