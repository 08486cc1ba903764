using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.Client.Informers;

/// <summary>A local, always current copy of a collection: one list, then one watch, for all who ask. Implemented by Informer.</summary>
/// <typeparam name="T">The kind's record.</typeparam>
public interface IInformer<T>
    where T : class, IKubernetesObject
{
    /// <summary>Done once the first list is in the copy and its handlers have run.</summary>
    Task Synced { get; }

    /// <summary>The object, or null.</summary>
    T? Find(ObjectKey key);

    /// <summary>All objects, or those of one namespace. A snapshot.</summary>
    IReadOnlyCollection<T> List(string? ns = null);

    /// <summary>The objects filed under a value of an index that was added by <see cref="AddIndex"/>.</summary>
    IReadOnlyCollection<T> ByIndex(string index, string value);

    /// <summary>Files every object under the values that a function gives. Before Start only.</summary>
    void AddIndex(string index, Func<T, IEnumerable<string>> valuesOf);

    /// <summary>
    /// Calls back on every change, in order, on one thread of the informer; must return quickly (put a key in a queue).
    /// <c>(null, new)</c> added, <c>(old, new)</c> changed, <c>(old, null)</c> gone. Before Start only.
    /// </summary>
    void AddHandler(Action<T?, T?> onChange);
}

/// <summary>One informer a kind (and field selector), shared by all who ask; started together.</summary>
public interface IInformerFactory
{
    /// <summary>The shared informer of a kind.</summary>
    /// <param name="type">The kind; decoded as <typeparamref name="T"/> (its record, or <see cref="PartialObjectMetadata"/>).</param>
    /// <param name="fieldSelector">Only objects whose fields match, such as <c>spec.nodeName=node-1</c>.</param>
    IInformer<T> For<T>(ResourceType type, string? fieldSelector = null)
        where T : class, IKubernetesObject;

    /// <summary>Starts all informers asked for so far. Idempotent; later ones start when this is called again.</summary>
    void Start(CancellationToken cancellationToken);

    /// <summary>Starts those asked for since <see cref="Start"/>, until what it was given is cancelled; nothing before it.</summary>
    void StartNew();

    /// <summary>Ends the informer of a kind and forgets it: the kind is not served any more. Its handlers hear that every object is gone.</summary>
    void Remove<T>(ResourceType type)
        where T : class, IKubernetesObject;

    /// <summary>Waits until all started informers are synced.</summary>
    Task WhenSyncedAsync(CancellationToken cancellationToken);
}
