using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.Resources.Kinds;

/// <summary>Who an object belongs to.</summary>
public static class OwnerExtensions
{
    /// <summary>The owner that controls the object, or null.</summary>
    public static OwnerReference? ControllerReference(this ObjectMeta metadata) => metadata.OwnerReferences?.FirstOrDefault(owner => owner.Controller == true);

    /// <summary>Whether <paramref name="owner"/> controls the object. Compares uids: a namesake is another object.</summary>
    public static bool IsControlledBy(this IKubernetesObject value, IKubernetesObject owner) =>
        value.Metadata.ControllerReference() is { } reference && reference.Uid == owner.Metadata.Uid;

    /// <summary>The reference by which a controlled object names its owner.</summary>
    /// <typeparam name="T">The owner's kind, which a list's items do not carry themselves.</typeparam>
    public static OwnerReference ToControllerReference<T>(this T owner)
        where T : class, IKubernetesObject<T> => new()
    {
        ApiVersion = T.ResourceType.ApiVersion,
        Kind = T.ResourceType.Kind,
        Name = owner.Metadata.Name ?? "",
        Uid = owner.Metadata.Uid ?? "",
        Controller = true,
        BlockOwnerDeletion = true,
    };
}
