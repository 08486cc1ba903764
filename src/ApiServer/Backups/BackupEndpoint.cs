using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.ApiServer.Requests;
using KubeAspire.StateStore;
using KubeAspire.StateStore.Backups;

namespace KubeAspire.ApiServer.Backups;

/// <summary>
/// <c>GET /kubeaspire.dev/backup</c>: the whole cluster as of one revision, with its keys, as a stream. Who has it is the cluster, so only
/// <c>system:masters</c> may ask: no role grants it.
/// </summary>
internal sealed class BackupEndpoint(IStateEngine engine, Func<IReadOnlyList<BackupFile>> files, TimeProvider clock)
{
    /// <summary>The first segment of the path.</summary>
    public const string Root = "kubeaspire.dev";

    /// <summary>The path.</summary>
    public const string Path = "/kubeaspire.dev/backup";

    public async Task<ApiAnswer> AnswerAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        if (request.Info is not { Path: Path, Verb: "get" } || engine is not IStateCopySource source)
        {
            return ApiErrors.PathNotFound();
        }

        if (!request.User.Groups.Contains(ApiUser.MastersGroup))
        {
            return Refusal.ForbiddenTo(request.User, request.Info);
        }

        // A read of anything, so that among several silos this one knows all that the others have acknowledged.
        await engine.GetAsync(new StateKey("", "", ""), cancellationToken);
        return new StreamAnswer(async http =>
        {
            // A connection that breaks leaves a stream without its end: no reader takes that for a backup.
            http.Response.ContentType = "application/octet-stream";
            await BackupWriter.WriteAsync(http.Response.Body, source.Copy(), files(), clock.GetUtcNow(), http.RequestAborted);
        });
    }
}
