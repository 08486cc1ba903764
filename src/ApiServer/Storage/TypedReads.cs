using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Storage;

/// <summary>Reads stored objects as their kind's record: for rules that must know other objects than the one being written.</summary>
internal static class TypedReads
{
    /// <summary>The object as it stands, or null. The namespace is ignored for a cluster-scoped kind.</summary>
    public static async ValueTask<T?> FindAsync<T>(this IStateEngine engine, string ns, string name, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<T> =>
        name.Length > 0 && await engine.GetAsync(Objects.KeyOf(T.ResourceType, ns, name), cancellationToken) is { } entry ? entry.As<T>() : null;

    /// <summary>Every object of a kind, of one namespace or (for an empty one) of the cluster.</summary>
    public static async ValueTask<IReadOnlyList<T>> AllAsync<T>(this IStateEngine engine, string ns, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<T>
    {
        var range = new StateRange(T.ResourceType.GroupResource, ns.Length == 0 ? null : ns);
        var page = await engine.ListAsync(range, 0, 0, null, cancellationToken);
        return page.Entries.Count == 0 ? [] : [.. page.Entries.Select(As<T>)];
    }

    /// <summary>The shared typed view of an entry.</summary>
    public static T As<T>(this StateEntry entry)
        where T : class, IKubernetesObject => (T)entry.View<IKubernetesObject>(static found => KubernetesJson.Read<T>(found.Json.Span));
}
