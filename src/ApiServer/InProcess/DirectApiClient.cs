using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Client;
using KubeAspire.Resources;
using KubeAspire.Resources.Kinds;
using KubeAspire.StateStore;
using Microsoft.Extensions.Primitives;

namespace KubeAspire.ApiServer.InProcess;

/// <summary>The API as calls in this process: the same chain, as a given user, without the socket. Reads share the store's typed views.</summary>
/// <remarks>
/// Who asks for <see cref="PartialObjectMetadata"/> gets it without <c>managedFields</c>, which no controller reads: copies of the metadata
/// of everything there is are held in this process.
/// </remarks>
public sealed class DirectApiClient(ApiPipeline pipeline, ApiUser user) : IApiClient
{
    private const string Json = "application/json";

    /// <inheritdoc/>
    public async Task<ApiResult<T>> GetAsync<T>(ResourceType type, string? ns, string name, CancellationToken cancellationToken)
        where T : class, IKubernetesObject => Read<T>(await SendAsync("GET", type.PathOf(ns, name), [], default, "", cancellationToken));

    /// <inheritdoc/>
    public async Task<ApiResult<ObjectList<T>>> ListAsync<T>(ResourceType type, string? ns, ListQuery query, CancellationToken cancellationToken)
        where T : class, IKubernetesObject
    {
        var answer = await SendAsync("GET", type.PathOf(ns), Parameters(query), default, "", cancellationToken);
        return answer switch
        {
            ListAnswer list => new ObjectList<T>([.. list.Items.Select(entry => As<T>(entry, list.Kind))], list.Revision.ToString(CultureInfo.InvariantCulture)),
            ErrorAnswer refused => refused.Error,
            _ => throw new InvalidOperationException($"a list of {type} was answered by {answer.GetType().Name}"),
        };
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(
        ResourceType type, string? ns, ListQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class, IKubernetesObject
    {
        var parameters = Parameters(query);
        parameters["watch"] = "true";
        if (query.AllowBookmarks)
        {
            parameters["allowWatchBookmarks"] = "true";
        }

        if (query.SendInitialEvents)
        {
            parameters["sendInitialEvents"] = "true";
            parameters["resourceVersionMatch"] = "NotOlderThan";
        }

        if (query.Timeout is { } timeout)
        {
            parameters["timeoutSeconds"] = Math.Max(1, (long)timeout.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        }

        var answer = await SendAsync("GET", type.PathOf(ns), parameters, default, "", cancellationToken);
        if (answer is not WatchAnswer watch)
        {
            yield return new(WatchEventType.Error, null, (answer as ErrorAnswer)?.Error ?? ApiErrors.InternalError("the watch was not answered"));
            yield break;
        }

        await foreach (var batch in watch.Batches.WithCancellation(cancellationToken))
        {
            foreach (var frame in batch)
            {
                yield return frame.Type switch
                {
                    "ERROR" => new(WatchEventType.Error, null, frame.Error),
                    _ => new(TypeOf(frame.Type), frame.Entry is { } entry ? As<T>(entry, watch.Kind) : Decode<T>(frame.Object), null),
                };
            }
        }
    }

    /// <inheritdoc/>
    public async Task<ApiResult<T>> CreateAsync<T>(ResourceType type, T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject =>
        Read<T>(await SendAsync("POST", type.PathOf(value.Metadata.Namespace), [], KubernetesJson.Write(value), Json, cancellationToken));

    /// <inheritdoc/>
    public async Task<ApiResult<TAnswer>> CreateSubresourceAsync<TBody, TAnswer>(
        ResourceType type, string? ns, string name, string subresource, TBody body, CancellationToken cancellationToken)
        where TBody : class
        where TAnswer : class
    {
        var answer = await SendAsync("POST", type.PathOf(ns, name, subresource), [], KubernetesJson.Write(body), Json, cancellationToken);
        return answer switch
        {
            ErrorAnswer refused => refused.Error,
            ObjectAnswer found => KubernetesJson.Read<TAnswer>(found.Json.Span),
            _ => throw new InvalidOperationException($"{subresource} of {type} was answered by {answer.GetType().Name}"),
        };
    }

    /// <inheritdoc/>
    public async Task<ApiResult<T>> UpdateAsync<T>(ResourceType type, T value, string? subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject =>
        Read<T>(await SendAsync("PUT", type.PathOf(value.Metadata.Namespace, value.Metadata.Name, subresource), [], KubernetesJson.Write(value), Json, cancellationToken));

    /// <inheritdoc/>
    public async Task<ApiResult<T>> PatchAsync<T>(ResourceType type, string? ns, string name, ApiPatch patch, string? subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject
    {
        var parameters = new Dictionary<string, StringValues>();
        if (patch.FieldManager is { } manager)
        {
            parameters["fieldManager"] = manager;
        }

        if (patch.Force)
        {
            parameters["force"] = "true";
        }

        var mediaType = patch.Kind switch
        {
            PatchKind.Merge => Verbs.Patch.MergeType,
            PatchKind.Json => Verbs.Patch.JsonType,
            PatchKind.StrategicMerge => Verbs.Patch.StrategicType,
            _ => Verbs.Patch.ApplyType,
        };
        return Read<T>(await SendAsync("PATCH", type.PathOf(ns, name, subresource), parameters, patch.Body, mediaType, cancellationToken));
    }

    /// <inheritdoc/>
    public async Task<ApiError?> DeleteAsync(ResourceType type, string? ns, string name, DeleteOptions options, CancellationToken cancellationToken) =>
        (await SendAsync("DELETE", type.PathOf(ns, name), [], KubernetesJson.Write(options), Json, cancellationToken) as ErrorAnswer)?.Error;

    /// <inheritdoc/>
    public async Task<ApiError?> DeleteCollectionAsync(ResourceType type, string? ns, ListQuery query, DeleteOptions options, CancellationToken cancellationToken) =>
        (await SendAsync("DELETE", type.PathOf(ns), Parameters(query), KubernetesJson.Write(options), Json, cancellationToken) as ErrorAnswer)?.Error;

    private async Task<ApiAnswer> SendAsync(
        string method, string path, Dictionary<string, StringValues> parameters, ReadOnlyMemory<byte> body, string mediaType, CancellationToken cancellationToken)
    {
        var query = new RequestQuery(parameters);
        var request = new ApiRequest
        {
            Info = RequestInfo.Parse(method, path, query.Flag("watch")) ?? throw new ArgumentException($"{path} names no object", nameof(path)),
            Query = query,
            User = user,
            UserAgent = user.Name[(user.Name.LastIndexOf(':') + 1)..],
            ReadBody = _ => ValueTask.FromResult<ApiResult<RequestBody>>(new RequestBody(body, mediaType)),
            TraceParent = System.Diagnostics.Activity.Current is { Recorded: true, IdFormat: System.Diagnostics.ActivityIdFormat.W3C } activity ? activity.Id : null,
        };
        return await pipeline.HandleAsync(request, cancellationToken);
    }

    private static Dictionary<string, StringValues> Parameters(ListQuery query)
    {
        var parameters = new Dictionary<string, StringValues>();
        Add("labelSelector", query.LabelSelector);
        Add("fieldSelector", query.FieldSelector);
        Add("resourceVersion", query.ResourceVersion);
        Add("resourceVersionMatch", query.ResourceVersionMatch);
        return parameters;

        void Add(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                parameters[name] = value;
            }
        }
    }

    private static ApiResult<T> Read<T>(ApiAnswer answer)
        where T : class, IKubernetesObject => answer switch
        {
            ErrorAnswer refused => refused.Error,
            ObjectAnswer { Entry: { } entry, Kind: { } kind } => As<T>(entry, kind),
            ObjectAnswer found => Decode<T>(found.Json),
            _ => throw new InvalidOperationException($"an object was answered by {answer.GetType().Name}"),
        };

    private static T Decode<T>(ReadOnlyMemory<byte> json)
        where T : class => KubernetesJson.Read<T>(json.Span);

    private static T As<T>(StateEntry entry, ResourceKind kind)
        where T : class, IKubernetesObject
    {
        if (typeof(T) == typeof(PartialObjectMetadata))
        {
            return (T)(IKubernetesObject)MetadataOf(entry);
        }

        var view = entry.View(kind);
        return view as T ?? throw new JsonException($"{view.GetType().Name} is no {typeof(T).Name}");
    }

    // What somebody has decoded already is shared; for the sake of its metadata alone nothing is decoded whole.
    private static PartialObjectMetadata MetadataOf(StateEntry entry)
    {
        var known = entry.KnownView as IKubernetesObject ?? Decode<PartialObjectMetadata>(entry.Json);
        return new PartialObjectMetadata { ApiVersion = known.ApiVersion, Kind = known.Kind, Metadata = known.Metadata with { ManagedFields = null } };
    }

    private static WatchEventType TypeOf(string type) => type switch
    {
        "ADDED" => WatchEventType.Added,
        "MODIFIED" => WatchEventType.Modified,
        "DELETED" => WatchEventType.Deleted,
        _ => WatchEventType.Bookmark,
    };
}
