using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.Client;

/// <summary>The same calls for kinds that are known at compile time.</summary>
public static class ApiClientExtensions
{
    public static Task<ApiResult<T>> GetAsync<T>(this IApiClient client, string? ns, string name, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<T> => client.GetAsync<T>(T.ResourceType, ns, name, cancellationToken);

    public static Task<ApiResult<ObjectList<T>>> ListAsync<T>(this IApiClient client, string? ns, ListQuery query, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<T> => client.ListAsync<T>(T.ResourceType, ns, query, cancellationToken);

    public static IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(this IApiClient client, string? ns, ListQuery query, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<T> => client.WatchAsync<T>(T.ResourceType, ns, query, cancellationToken);

    public static Task<ApiResult<T>> CreateAsync<T>(this IApiClient client, T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<T> => client.CreateAsync(T.ResourceType, value, cancellationToken);

    public static Task<ApiResult<T>> UpdateAsync<T>(this IApiClient client, T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<T> => client.UpdateAsync(T.ResourceType, value, null, cancellationToken);

    public static Task<ApiResult<T>> UpdateStatusAsync<T>(this IApiClient client, T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<T> => client.UpdateAsync(T.ResourceType, value, "status", cancellationToken);

    public static Task<ApiResult<T>> PatchAsync<T>(this IApiClient client, string? ns, string name, ApiPatch patch, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<T> => client.PatchAsync<T>(T.ResourceType, ns, name, patch, null, cancellationToken);

    public static Task<ApiResult<T>> PatchStatusAsync<T>(this IApiClient client, string? ns, string name, ApiPatch patch, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<T> => client.PatchAsync<T>(T.ResourceType, ns, name, patch, "status", cancellationToken);

    public static Task<ApiError?> DeleteAsync<T>(this IApiClient client, string? ns, string name, DeleteOptions options, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<T> => client.DeleteAsync(T.ResourceType, ns, name, options, cancellationToken);
}
