using System.Collections.Immutable;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.Admission;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.Resources;
using KubeAspire.Resources.Rbac;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Authorization;

/// <summary>Answers who may do what, from an index of the RBAC objects that follows the store.</summary>
public sealed class Authorizer(IStateEngine engine)
{
    private static readonly TimeSpan s_wait = TimeSpan.FromMinutes(1);

    private ImmutableDictionary<ObjectKey, Role> _roles = ImmutableDictionary<ObjectKey, Role>.Empty;
    private ImmutableDictionary<string, ClusterRole> _clusterRoles = ImmutableDictionary<string, ClusterRole>.Empty;
    private ImmutableDictionary<ObjectKey, RoleBinding> _bindings = ImmutableDictionary<ObjectKey, RoleBinding>.Empty;
    private ImmutableDictionary<string, ClusterRoleBinding> _clusterBindings = ImmutableDictionary<string, ClusterRoleBinding>.Empty;
    private volatile PolicyIndex _index = PolicyIndex.Empty;
    private readonly NodeAuthorizer _nodes = new(engine);
    private readonly Lock _lock = new();

    /// <summary>The rules as they stand.</summary>
    public PolicyIndex Index => _index;

    /// <summary>Whether a user may do what is asked: a node agent by what belongs to its node, everybody by RBAC.</summary>
    /// <param name="user">Who.</param>
    /// <param name="question">What.</param>
    /// <param name="fieldSelector">The field selector of a list or watch; empty for none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public ValueTask<bool> AllowsAsync(ApiUser user, AccessQuestion question, string fieldSelector, CancellationToken cancellationToken) =>
        Allows(user, question) ? ValueTask.FromResult(true)
        : NodeRestriction.NodeOf(user) is { Length: > 0 } node ? _nodes.AllowsAsync(node, question, fieldSelector, cancellationToken)
        : ValueTask.FromResult(false);

    /// <summary>Whether RBAC lets a user do what is asked.</summary>
    public bool Allows(ApiUser user, AccessQuestion question) =>
        user.IsMaster || _index.Allows(user, question);

    /// <summary>Reads the RBAC objects and follows them until cancelled. Completes the outer task once the first reading is done.</summary>
    /// <returns>The task that follows.</returns>
    public async Task<Task> StartAsync(CancellationToken cancellationToken)
    {
        var followers = new List<Task>
        {
            (await LoadAsync<Role>((key, value) => Put(ref _roles, new ObjectKey(key.Namespace, key.Name), value), cancellationToken))(),
            (await LoadAsync<ClusterRole>((key, value) => Put(ref _clusterRoles, key.Name, value), cancellationToken))(),
            (await LoadAsync<RoleBinding>((key, value) => Put(ref _bindings, new ObjectKey(key.Namespace, key.Name), value), cancellationToken))(),
            (await LoadAsync<ClusterRoleBinding>((key, value) => Put(ref _clusterBindings, key.Name, value), cancellationToken))(),
        };
        return Task.WhenAll(followers);
    }

    private async Task<Func<Task>> LoadAsync<T>(Action<StateKey, T?> put, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<T>
    {
        var range = new StateRange(T.ResourceType.GroupResource);
        var from = await ListAsync(range, put, cancellationToken);
        return () => FollowAsync(range, from, put, cancellationToken);
    }

    private async Task<long> ListAsync<T>(StateRange range, Action<StateKey, T?> put, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<T>
    {
        var page = await engine.ListAsync(range, 0, 0, null, cancellationToken);
        lock (_lock)
        {
            foreach (var entry in page.Entries)
            {
                put(entry.Key, Read<T>(entry));
            }

            Rebuild();
        }

        return page.Revision;
    }

    private async Task FollowAsync<T>(StateRange range, long from, Action<StateKey, T?> put, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<T>
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            using var cursor = engine.Watch(range, from);
            while (true)
            {
                StateWatchBatch batch;
                try
                {
                    batch = await cursor.NextAsync(s_wait, cancellationToken);
                }
                catch (OperationCanceledException)
                {
                    return;
                }

                if (batch.Outcome != StateReadOutcome.Ok)
                {
                    from = await ListAsync(range, put, cancellationToken);
                    break;
                }

                from = batch.Revision;
                if (batch.Events.Count > 0)
                {
                    lock (_lock)
                    {
                        foreach (var change in batch.Events)
                        {
                            put(change.Entry.Key, change.Deleted ? null : Read<T>(change.Entry));
                        }

                        Rebuild();
                    }
                }
            }
        }
    }

    private void Rebuild() => _index = new PolicyIndex(_roles, _clusterRoles, _bindings.Values, _clusterBindings.Values);

    private static T Read<T>(StateEntry entry)
        where T : class, IKubernetesObject => (T)entry.View<IKubernetesObject>(stored => KubernetesJson.Read<T>(stored.Json.Span));

    private static void Put<TKey, T>(ref ImmutableDictionary<TKey, T> map, TKey key, T? value)
        where TKey : notnull
        where T : class => map = value is null ? map.Remove(key) : map.SetItem(key, value);
}
