using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.Controllers.Common;

/// <summary>Questions about owner references.</summary>
internal static class Owners
{
    /// <summary>The reference to the one owner that controls an object, or null.</summary>
    public static OwnerReference? ControllerOf(ObjectMeta metadata)
    {
        foreach (var owner in metadata.OwnerReferences ?? [])
        {
            if (owner.Controller == true)
            {
                return owner;
            }
        }

        return null;
    }

    /// <summary>Whether the owner of this uid controls the object.</summary>
    public static bool IsControlledBy(ObjectMeta metadata, string? uid) => uid is not null && ControllerOf(metadata)?.Uid == uid;

    /// <summary>The reference that a controller writes into what it makes.</summary>
    public static OwnerReference ControllerReference(ResourceType type, ObjectMeta owner) => new()
    {
        ApiVersion = type.ApiVersion,
        Kind = type.Kind,
        Name = owner.Name ?? "",
        Uid = owner.Uid ?? "",
        Controller = true,
        BlockOwnerDeletion = true,
    };

    /// <summary>Whether a reference names a kind of this group, in whatever version.</summary>
    public static bool Names(OwnerReference reference, ResourceType type) =>
        reference.Kind == type.Kind && GroupOf(reference.ApiVersion) == type.Group;

    /// <summary>The group of an <c>apiVersion</c>.</summary>
    public static string GroupOf(string apiVersion) => apiVersion.IndexOf('/') is var slash and >= 0 ? apiVersion[..slash] : "";
}
