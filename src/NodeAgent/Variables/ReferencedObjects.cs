using System.Collections.Concurrent;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Variables;

/// <summary>
/// ConfigMaps and Secrets by get, kept for <see cref="FreshFor"/>: containers that start together share one request. While the API
/// server cannot be reached the last known version serves, so that a container restarts on its own.
/// </summary>
internal sealed class ReferencedObjects(IApiClient client, TimeProvider clock) : IReferencedObjects
{
    /// <summary>Age up to which a copy is used without asking. 1 s.</summary>
    public static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(1);

    /// <summary>Most objects kept; past it the oldest half goes. 2000.</summary>
    public const int Max = 2000;

    private readonly ConcurrentDictionary<(string Kind, string Namespace, string Name), Entry> _entries = new();

    public async Task<ConfigMap?> FindConfigMapAsync(string ns, string name, CancellationToken cancellationToken) =>
        (ConfigMap?)await FindAsync<ConfigMap>(ns, name, cancellationToken);

    public async Task<Secret?> FindSecretAsync(string ns, string name, CancellationToken cancellationToken) =>
        (Secret?)await FindAsync<Secret>(ns, name, cancellationToken);

    private async Task<object?> FindAsync<T>(string ns, string name, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<T>
    {
        var key = (T.ResourceType.Kind, ns, name);
        var known = _entries.GetValueOrDefault(key);
        if (known is not null && clock.GetUtcNow() - known.ReadAt < FreshFor)
        {
            return known.Value;
        }

        try
        {
            var answer = await client.GetAsync<T>(ns, name, cancellationToken);
            if (answer.Succeeded || answer.Error.Reason == ApiErrorReason.NotFound)
            {
                Keep(key, answer.Value);
                return answer.Value;
            }

            return known is { Value: not null } ? known.Value : throw new ReferenceException(answer.Error.Message);
        }
        catch (HttpRequestException exception)
        {
            return known is { Value: not null } ? known.Value : throw new ReferenceException($"{T.ResourceType.Kind} {ns}/{name} could not be read: {exception.Message}");
        }
    }

    private void Keep((string, string, string) key, object? value)
    {
        if (_entries.Count >= Max)
        {
            foreach (var old in _entries.OrderBy(entry => entry.Value.ReadAt).Take(Max / 2))
            {
                _entries.TryRemove(old.Key, out _);
            }
        }

        _entries[key] = new Entry(value, clock.GetUtcNow());
    }

    private sealed record Entry(object? Value, DateTimeOffset ReadAt);
}
