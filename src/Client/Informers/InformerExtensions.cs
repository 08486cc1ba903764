using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.Client.Informers;

/// <summary>The usual questions to an informer.</summary>
public static class InformerExtensions
{
    /// <summary>Name of the index that <see cref="AddControllerIndex{T}"/> adds.</summary>
    public const string ControllerIndex = "controllerUid";

    /// <summary>The shared informer of a kind that is known at compile time.</summary>
    public static IInformer<T> For<T>(this IInformerFactory factory, string? fieldSelector = null)
        where T : class, IKubernetesObject<T> => factory.For<T>(T.ResourceType, fieldSelector);

    /// <summary>The object of a namespace and name, or null.</summary>
    public static T? Find<T>(this IInformer<T> informer, string? ns, string name)
        where T : class, IKubernetesObject => informer.Find(new ObjectKey(ns ?? "", name));

    /// <summary>Files objects by the uid of the owner that controls them.</summary>
    public static void AddControllerIndex<T>(this IInformer<T> informer)
        where T : class, IKubernetesObject => informer.AddIndex(
            ControllerIndex, value => value.Metadata.OwnerReferences?.Where(owner => owner.Controller == true).Select(owner => owner.Uid) ?? []);

    /// <summary>The objects that an owner controls; needs <see cref="AddControllerIndex{T}"/>.</summary>
    public static IReadOnlyCollection<T> ControlledBy<T>(this IInformer<T> informer, string ownerUid)
        where T : class, IKubernetesObject => informer.ByIndex(ControllerIndex, ownerUid);
}
