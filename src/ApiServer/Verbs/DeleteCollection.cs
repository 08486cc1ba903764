using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Kinds;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Verbs;

/// <summary>DELETE of a collection: each object that is selected, by the rules of a single delete.</summary>
internal sealed class DeleteCollection(IStateEngine engine, Delete delete)
{
    public async Task<ApiAnswer> HandleAsync(ApiRequest request, ResourceKind kind, CancellationToken cancellationToken)
    {
        var selection = Selection.Of(request, kind);
        if (!selection.Succeeded)
        {
            return selection.Error;
        }

        var options = await Delete.ReadOptionsAsync(request, cancellationToken);
        if (!options.Succeeded)
        {
            return options.Error;
        }

        var page = await engine.Of(kind).ListAsync(selection.Value.Range, 0, 0, null, cancellationToken);
        var meant = page.Entries.Where(selection.Value.Matches).ToList();
        foreach (var entry in meant)
        {
            var answer = await delete.RemoveAsync(request, kind, entry.Key.Namespace, entry.Key.Name, options.Value, cancellationToken);
            if (answer is ErrorAnswer { Error.Reason: not ApiErrorReason.NotFound })
            {
                return answer;
            }
        }

        return new ListAnswer(kind, meant, page.Revision, "", null);
    }
}
