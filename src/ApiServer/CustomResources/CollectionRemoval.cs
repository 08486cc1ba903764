using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Storage;
using KubeAspire.ApiServer.Verbs;
using KubeAspire.Client;
using KubeAspire.Resources.Apiextensions;
using KubeAspire.StateStore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace KubeAspire.ApiServer.CustomResources;

/// <summary>The end of a CustomResourceDefinition: its objects are deleted, then its finalizer is taken off, and it goes.</summary>
/// <remarks>Upstream's k8s.io/apiextensions-apiserver pkg/controller/finalizer; reasons and messages are its own. Objects with finalizers of their own are waited for.</remarks>
internal sealed class CollectionRemoval(IStateEngine engine, Delete delete, Func<IApiClient> clientOf, TimeProvider clock, ILogger logger)
{
    /// <summary>What holds a definition until its objects are gone.</summary>
    public const string Finalizer = "customresourcecleanup.apiextensions.k8s.io";

    /// <summary>Deletes under way at once: the log commits them together. 16.</summary>
    private const int AtOnce = 16;

    // When objects that wait for something are looked at again, should no change of the collection show it; and what failed is tried again.
    private static readonly TimeSpan s_wait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(1);

    /// <summary>What a delete does to a definition before anything else: it is held, and says so.</summary>
    /// <param name="definition">The definition as it will be stored.</param>
    /// <param name="now">The instant as metadata shows it.</param>
    public static void Begin(JsonObject definition, string now)
    {
        var metadata = definition.Meta();
        var finalizers = metadata.Texts("finalizers");
        if (!finalizers.Contains(Finalizer))
        {
            finalizers.Add(Finalizer);
            metadata["finalizers"] = new JsonArray([.. finalizers.Select(name => JsonValue.Create(name))]);
        }

        if (definition["status"] is not JsonObject status)
        {
            definition["status"] = status = [];
        }

        var conditions = (status["conditions"] as JsonArray ?? []).OfType<JsonObject>()
            .Where(condition => condition.Text("type") != DefinitionPlanner.Terminating).Select(condition => (JsonNode?)condition.DeepClone()).ToList();
        conditions.Add(new JsonObject
        {
            ["type"] = DefinitionPlanner.Terminating, ["status"] = "True", ["reason"] = "InstanceDeletionPending",
            ["message"] = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon", ["lastTransitionTime"] = now,
        });
        status["conditions"] = new JsonArray([.. conditions]);
    }

    /// <summary>Empties the collection and lets the definition go.</summary>
    /// <param name="definition">The definition as it was when its deletion was seen.</param>
    /// <param name="kind">The version in which its objects are stored; null for a definition that was never served and so has none.</param>
    /// <param name="cancellationToken">Gives up: the definition is gone, or the server stops.</param>
    public async Task RunAsync(CustomResourceDefinition definition, CustomResourceKind? kind, CancellationToken cancellationToken)
    {
        var name = definition.Metadata.Name!;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var problem = kind is null ? null : await EmptyAsync(definition, kind, cancellationToken);
                problem ??= await WriteAsync(definition, "False", "InstanceDeletionCompleted", "removed all instances", release: true, cancellationToken);
                if (problem is null)
                {
                    logger.CollectionRemoved(name);
                    return;
                }

                logger.CollectionNotRemoved(name, problem);
                await Task.Delay(s_retry, clock, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // Whatever a store throws, the definition must not stay for ever.
            catch (Exception failed)
#pragma warning restore CA1031
            {
                logger.CollectionNotRemoved(name, failed.Message);
                await Task.Delay(s_retry, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    // Null once nothing is left; otherwise why.
    private async Task<string?> EmptyAsync(CustomResourceDefinition definition, CustomResourceKind kind, CancellationToken cancellationToken)
    {
        var problem = await WriteAsync(definition, "True", "InstanceDeletionInProgress", "CustomResource deletion is in progress", release: false, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        await kind.Collection.CloseAsync(cancellationToken);
        var store = engine.Of(kind);
        var range = new StateRange(kind.Type.GroupResource);
        while (true)
        {
            var page = await store.ListAsync(range, 0, 0, null, cancellationToken);
            if (page.Entries.Count == 0)
            {
                return null;
            }

            ApiError? refused = null;
            var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
            await Parallel.ForEachAsync(page.Entries.Where(entry => entry.View(kind).Metadata.DeletionTimestamp is null), options, async (entry, stop) =>
            {
                if (await DeleteAsync(kind, entry.Key, stop) is { } error)
                {
                    refused = error;
                }
            });
            if (refused is not null)
            {
                await WriteAsync(definition, "True", "InstanceDeletionFailed", $"could not issue all deletes: {refused.Message}", release: false, cancellationToken);
                return refused.Message;
            }

            using var cursor = store.Watch(range, page.Revision);
            await cursor.NextAsync(s_wait, cancellationToken);
        }
    }

    private async Task<ApiError?> DeleteAsync(CustomResourceKind kind, StateKey key, CancellationToken cancellationToken)
    {
        var query = new RequestQuery(new Dictionary<string, StringValues>());
        var request = new ApiRequest
        {
            Info = RequestInfo.Parse("DELETE", kind.Type.PathOf(key.Namespace, key.Name), watch: false)!,
            Query = query,
            User = ApiUser.Server,
            ReadBody = _ => ValueTask.FromResult<ApiResult<RequestBody>>(new RequestBody(default, "")),
        };
        var answer = await delete.RemoveAsync(request, kind, key.Namespace, key.Name, new DeleteOptions { PropagationPolicy = "Background" }, cancellationToken);
        return answer is ErrorAnswer { Error: { Reason: not ApiErrorReason.NotFound } refused } ? refused : null;
    }

    // Null once written, or where there is nothing to write to any more.
    private async Task<string?> WriteAsync(CustomResourceDefinition definition, string status, string reason, string message, bool release, CancellationToken cancellationToken)
    {
        var client = clientOf();
        for (var attempt = 1; attempt <= ApiLimits.WriteAttempts; attempt++)
        {
            var read = await client.GetAsync<CustomResourceDefinition>(null, definition.Metadata.Name!, cancellationToken);
            if (!read.Succeeded)
            {
                return read.Error.Reason == ApiErrorReason.NotFound ? null : read.Error.Message;
            }

            if (read.Value.Metadata.Uid != definition.Metadata.Uid)
            {
                return null;
            }

            var conditions = (read.Value.Status.Conditions ?? []).ToList();
            DefinitionPlanner.Set(conditions, new() { Type = DefinitionPlanner.Terminating, Status = status, Reason = reason, Message = message }, clock.GetUtcNow());
            var changed = read.Value with { Status = read.Value.Status with { Conditions = conditions } };
            if (release)
            {
                var rest = (read.Value.Metadata.Finalizers ?? []).Where(finalizer => finalizer != Finalizer).ToList();
                changed = changed with { Metadata = read.Value.Metadata with { Finalizers = rest.Count == 0 ? null : rest } };
            }

            var written = await client.UpdateStatusAsync(changed, cancellationToken);
            if (written.Succeeded || written.Error.Reason == ApiErrorReason.NotFound)
            {
                return null;
            }

            if (written.Error.Reason != ApiErrorReason.Conflict)
            {
                return written.Error.Message;
            }
        }

        return "another writer always came between";
    }
}
