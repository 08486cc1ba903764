using System.Text.Json.Nodes;
using KubeAspire.StateStore;

namespace KubeAspire.Testing.StorageContract;

/// <summary>An API server over an engine, as its clients see it: what <see cref="StorageSuite{TApi}"/> asks.</summary>
public interface IApiOverEngine
{
    /// <summary>The engine under the server.</summary>
    IStateEngine Engine { get; }

    /// <summary>Sends a request as the cluster's administrator. A PATCH carries a JSON merge patch.</summary>
    /// <returns>The status code and the answer.</returns>
    Task<(int Code, JsonObject Body)> CallAsync(string method, string target, string? body = null);

    /// <summary>Opens a watch and reads its frames as they come. Leaving the enumeration closes the connection.</summary>
    /// <param name="target">Path and query, <c>watch=true</c> included.</param>
    /// <param name="cancellationToken">Breaks the connection.</param>
    IAsyncEnumerable<JsonObject> WatchAsync(string target, CancellationToken cancellationToken);
}
