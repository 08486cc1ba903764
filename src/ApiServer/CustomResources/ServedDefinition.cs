using KubeAspire.Resources.Apiextensions;

namespace KubeAspire.ApiServer.CustomResources;

/// <summary>What one state of a CustomResourceDefinition serves.</summary>
internal sealed class ServedDefinition : IDisposable
{
    private readonly CancellationTokenSource _retired = new();
    private readonly ReadOnlyMemory<byte> _spec;

    /// <summary>The kinds of a definition under accepted names.</summary>
    /// <param name="definition">The definition.</param>
    /// <param name="names">The names that were accepted.</param>
    /// <param name="spec">The definition's spec as it is stored.</param>
    /// <param name="collection">The definition's objects; the same through all its states.</param>
    public ServedDefinition(CustomResourceDefinition definition, CustomResourceDefinitionNames names, ReadOnlyMemory<byte> spec, CustomResourceCollection collection)
    {
        (Uid, Names, _spec, Collection) = (definition.Metadata.Uid ?? "", names, spec, collection);
        Kinds = [.. definition.Spec.Versions.Where(version => version.Served).Select(version => new CustomResourceKind(definition, names, version, collection, _retired.Token))];
        // Served or not: what is stored must be deleted at the end.
        var stored = definition.Spec.Versions.FirstOrDefault(version => version.Storage) ?? definition.Spec.Versions[0];
        StorageKind = Kinds.FirstOrDefault(kind => kind.Version == stored) ?? new CustomResourceKind(definition, names, stored, collection, _retired.Token);
    }

    public string Uid { get; }

    public CustomResourceDefinitionNames Names { get; }

    /// <summary>The objects.</summary>
    public CustomResourceCollection Collection { get; }

    /// <summary>The served versions.</summary>
    public IReadOnlyList<CustomResourceKind> Kinds { get; }

    /// <summary>The version that is stored.</summary>
    public CustomResourceKind StorageKind { get; }

    /// <summary>Whether another state of the definition serves the same.</summary>
    public bool Is(CustomResourceDefinition definition, CustomResourceDefinitionNames names, ReadOnlyMemory<byte> spec) =>
        Uid == definition.Metadata.Uid && _spec.Span.SequenceEqual(spec.Span) && DefinitionPlanner.SameNames(Names, names);

    /// <summary>Ends the watches of what is served no more.</summary>
    public void Retire() => _retired.Cancel();

    /// <inheritdoc/>
    public void Dispose() => _retired.Dispose();
}
