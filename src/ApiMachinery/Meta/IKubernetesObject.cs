namespace KubeAspire.ApiMachinery.Meta;

/// <summary>What every stored object has: its type and its metadata.</summary>
public interface IKubernetesObject
{
    /// <summary><c>apiVersion</c>; absent in items of a list.</summary>
    string? ApiVersion { get; }

    /// <summary><c>kind</c>; absent in items of a list.</summary>
    string? Kind { get; }

    /// <summary>Name, namespace, labels and the bookkeeping of the API server. Never null.</summary>
    ObjectMeta Metadata { get; }
}

/// <summary>A kind whose names are known at compile time.</summary>
/// <typeparam name="TSelf">The record itself.</typeparam>
public interface IKubernetesObject<TSelf> : IKubernetesObject
    where TSelf : class, IKubernetesObject<TSelf>
{
    /// <summary>The names of the kind.</summary>
    static abstract ResourceType ResourceType { get; }

    /// <summary>A copy with other metadata.</summary>
    TSelf WithMetadata(ObjectMeta metadata);
}
