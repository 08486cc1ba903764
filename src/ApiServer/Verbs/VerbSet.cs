using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Requests;
using KubeAspire.Resources.Kinds;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Verbs;

/// <summary>The verbs over one generic collection.</summary>
internal sealed class VerbSet
{
    private readonly Get _get;
    private readonly List _list;
    private readonly Watch _watch;
    private readonly DeleteCollection _deleteCollection;

    public VerbSet(WritePath path, IStateEngine engine, TimeProvider clock, Random random)
    {
        var revisions = new Revisions(engine, clock);
        _get = new Get(engine, revisions);
        _list = new List(engine, revisions);
        _watch = new Watch(engine, revisions, clock, random);
        Create = new Create(path);
        Update = new Update(path);
        Patch = new Patch(path, Create, Update);
        Delete = new Delete(path);
        _deleteCollection = new DeleteCollection(engine, Delete);
    }

    public Create Create { get; }

    public Update Update { get; }

    public Patch Patch { get; }

    public Delete Delete { get; }

    /// <summary>Runs the request's verb on a kind, or on the half of it that <c>status</c> and its like write.</summary>
    public Task<ApiAnswer> RunAsync(ApiRequest request, ResourceKind kind, CancellationToken cancellationToken)
    {
        var info = request.Info;
        if (!Serves(kind, info))
        {
            return Task.FromResult<ApiAnswer>(ApiErrors.MethodNotAllowed());
        }

        return info.Verb switch
        {
            "get" => _get.HandleAsync(request, kind, cancellationToken),
            "list" => _list.HandleAsync(request, kind, cancellationToken),
            "watch" => _watch.HandleAsync(request, kind, cancellationToken),
            "create" => Create.HandleAsync(request, kind, cancellationToken),
            "update" => Update.HandleAsync(request, kind, cancellationToken),
            "patch" => Patch.HandleAsync(request, kind, cancellationToken),
            "delete" => Delete.HandleAsync(request, kind, cancellationToken),
            "deletecollection" => _deleteCollection.HandleAsync(request, kind, cancellationToken),
            _ => Task.FromResult<ApiAnswer>(ApiErrors.MethodNotAllowed()),
        };
    }

    private static bool Serves(ResourceKind kind, RequestInfo info)
    {
        if (info.Subresource.Length > 0)
        {
            // Halves of the object only; every other subresource has a handler of its own.
            return (info.Subresource == "status" || kind.Parts.Contains(info.Subresource)) && kind.Subresources.First(subresource => subresource.Name == info.Subresource).Verbs.Contains(info.Verb);
        }

        // A collection can be created in, listed, watched and emptied; the other verbs are about one object.
        if (info.Verb is "get" or "update" or "patch" or "delete" && info.Name.Length == 0)
        {
            return false;
        }

        return kind.Verbs.Contains(info.Verb) && (info.Verb != "create" || info.Name.Length == 0 || info.Resource == "namespaces");
    }
}
