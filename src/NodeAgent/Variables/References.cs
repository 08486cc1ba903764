using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Variables;

/// <summary>Something that a pod refers to is not there or cannot be used. The text is the one that users see.</summary>
internal sealed class ReferenceException(string message) : Exception(message);

/// <summary>Objects that pods refer to, read when needed and kept for a while.</summary>
internal interface IReferencedObjects
{
    /// <summary>The ConfigMap, or null where there is none.</summary>
    Task<ConfigMap?> FindConfigMapAsync(string ns, string name, CancellationToken cancellationToken);

    /// <summary>The Secret, or null where there is none.</summary>
    Task<Secret?> FindSecretAsync(string ns, string name, CancellationToken cancellationToken);
}
