using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;

namespace KubeAspire.Controllers.Tests.World;

/// <summary>The process that calls through this client dies at a write: before it reaches the API, or after and before the answer.</summary>
internal sealed class CrashingClient(IApiClient inner) : IApiClient
{
    /// <summary>Writes that still succeed; the next one is the last.</summary>
    public int WritesLeft { get; set; } = int.MaxValue;

    /// <summary>Whether the last write is stored all the same.</summary>
    public bool StoresLast { get; set; }

    /// <summary>Writes so far.</summary>
    public int Writes { get; private set; }

    public bool Dead { get; private set; }

    public Task<ApiResult<T>> GetAsync<T>(ResourceType type, string? ns, string name, CancellationToken cancellationToken)
        where T : class, IKubernetesObject => inner.GetAsync<T>(type, ns, name, cancellationToken);

    public Task<ApiResult<ObjectList<T>>> ListAsync<T>(ResourceType type, string? ns, ListQuery query, CancellationToken cancellationToken)
        where T : class, IKubernetesObject => inner.ListAsync<T>(type, ns, query, cancellationToken);

    public IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(ResourceType type, string? ns, ListQuery query, CancellationToken cancellationToken)
        where T : class, IKubernetesObject => inner.WatchAsync<T>(type, ns, query, cancellationToken);

    public Task<ApiResult<T>> CreateAsync<T>(ResourceType type, T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject => WriteAsync(() => inner.CreateAsync(type, value, cancellationToken));

    public Task<ApiResult<TAnswer>> CreateSubresourceAsync<TBody, TAnswer>(ResourceType type, string? ns, string name, string subresource, TBody body, CancellationToken cancellationToken)
        where TBody : class
        where TAnswer : class => WriteAsync(() => inner.CreateSubresourceAsync<TBody, TAnswer>(type, ns, name, subresource, body, cancellationToken));

    public Task<ApiResult<T>> UpdateAsync<T>(ResourceType type, T value, string? subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject => WriteAsync(() => inner.UpdateAsync(type, value, subresource, cancellationToken));

    public Task<ApiResult<T>> PatchAsync<T>(ResourceType type, string? ns, string name, ApiPatch patch, string? subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject => WriteAsync(() => inner.PatchAsync<T>(type, ns, name, patch, subresource, cancellationToken));

    public Task<ApiError?> DeleteAsync(ResourceType type, string? ns, string name, DeleteOptions options, CancellationToken cancellationToken) =>
        WriteAsync(() => inner.DeleteAsync(type, ns, name, options, cancellationToken));

    public Task<ApiError?> DeleteCollectionAsync(ResourceType type, string? ns, ListQuery query, DeleteOptions options, CancellationToken cancellationToken) =>
        WriteAsync(() => inner.DeleteCollectionAsync(type, ns, query, options, cancellationToken));

    private async Task<TResult> WriteAsync<TResult>(Func<Task<TResult>> act)
    {
        if (Dead)
        {
            throw new HttpRequestException("the process is dead");
        }

        if (WritesLeft-- <= 0)
        {
            Dead = true;
            if (StoresLast)
            {
                await act();
            }

            throw new HttpRequestException("the process dies here");
        }

        Writes++;
        return await act();
    }
}
