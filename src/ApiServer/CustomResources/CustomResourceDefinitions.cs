using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Client;
using KubeAspire.Resources.Apiextensions;
using KubeAspire.StateStore;
using Microsoft.Extensions.Logging;

namespace KubeAspire.ApiServer.CustomResources;

/// <summary>
/// Follows the CustomResourceDefinitions of the store: serves what they describe, writes their conditions, and empties the collections of those that
/// are deleted.
/// </summary>
/// <remarks>
/// A definition is served before its condition <c>Established</c> is written: who has seen the condition finds the kind. One loop does it all, in the order of
/// the store; only the emptying of a collection, which may take long, runs beside it.
/// </remarks>
internal sealed class CustomResourceDefinitions(IStateEngine engine, KindRegistry registry, CollectionRemoval removal, Func<IApiClient> clientOf, TimeProvider clock, ILogger logger)
{
    private static readonly StateRange s_range = new(CustomResourceDefinition.ResourceType.GroupResource);

    // How long the loop sleeps where nothing happens, and where a status is still to be written.
    private static readonly TimeSpan s_wait = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_retry = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<string, CustomResourceDefinition> _definitions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ReadOnlyMemory<byte>> _specs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ServedDefinition> _served = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Uid, CancellationTokenSource Cancel, Task Task)> _removals = new(StringComparer.Ordinal);
    private readonly HashSet<string> _unwritten = new(StringComparer.Ordinal);
    private readonly List<ServedDefinition> _outdated = [];

    // Which groups the APIServices list, and whether they are those that are served. None is known at first, so that what is left of a run before is seen.
    private HashSet<(string Group, string Version)> _groups = [("", "")];
    private bool _listed;

    /// <summary>Serves every definition that is stored, and follows them until cancelled. All are served once the outer task is done.</summary>
    /// <returns>The task that follows.</returns>
    public async Task<Task> StartAsync(CancellationToken cancellationToken)
    {
        var from = await ReloadAsync(cancellationToken);
        return FollowAsync(from, cancellationToken);
    }

    private async Task FollowAsync(long from, CancellationToken cancellationToken)
    {
        try
        {
            await TryWriteAsync(cancellationToken);
            while (!cancellationToken.IsCancellationRequested)
            {
                using var cursor = engine.Watch(s_range, from);
                while (true)
                {
                    var batch = await cursor.NextAsync(_unwritten.Count > 0 || !_listed ? s_retry : s_wait, cancellationToken);
                    if (batch.Outcome != StateReadOutcome.Ok)
                    {
                        from = await ReloadAsync(cancellationToken);
                        break;
                    }

                    from = batch.Revision;
                    Take(batch.Events.Select(change => (change.Entry.Key.Name, change.Deleted ? null : change.Entry)), cancellationToken);
                    await TryWriteAsync(cancellationToken);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The server stops.
        }

        await Task.WhenAll(_removals.Values.Select(each => each.Task));
        foreach (var (_, cancel, _) in _removals.Values)
        {
            cancel.Dispose();
        }

        foreach (var served in _served.Values)
        {
            served.Retire();
        }
    }

    private async Task<long> ReloadAsync(CancellationToken cancellationToken)
    {
        var page = await engine.ListAsync(s_range, 0, 0, null, cancellationToken);
        var present = page.Entries.ToDictionary(entry => entry.Key.Name, entry => (StateEntry?)entry);
        // The oldest first: who came first keeps a name that two want.
        var changes = page.Entries.OrderBy(entry => entry.CreateRevision).Select(entry => (entry.Key.Name, (StateEntry?)entry))
            .Concat(_definitions.Keys.Where(name => !present.ContainsKey(name)).Select(name => (name, (StateEntry?)null)));
        Take(changes.ToList(), cancellationToken);
        return page.Revision;
    }

    // Learns of changes, and serves what follows from them.
    private void Take(IEnumerable<(string Name, StateEntry? Entry)> changes, CancellationToken cancellationToken)
    {
        var groups = new HashSet<string>(StringComparer.Ordinal);
        var order = new List<string>();
        foreach (var (name, entry) in changes)
        {
            var before = _definitions.GetValueOrDefault(name);
            var after = entry?.As<CustomResourceDefinition>();
            groups.UnionWith(((CustomResourceDefinition?[])[before, after]).OfType<CustomResourceDefinition>().Select(each => each.Spec.Group));
            if (after is null)
            {
                _definitions.Remove(name);
                _specs.Remove(name);
                _unwritten.Remove(name);
            }
            else
            {
                _definitions[name] = after;
                _specs[name] = Objects.Slice(entry!.Json, "spec"u8);
            }

            order.Add(name);
        }

        if (order.Count == 0)
        {
            return;
        }

        var served = false;
        foreach (var name in order.Concat(_definitions.Values.Where(each => groups.Contains(each.Spec.Group)).Select(each => each.Metadata.Name!)).Distinct().ToList())
        {
            served |= Serve(name, cancellationToken);
        }

        if (served)
        {
            registry.Serve(_served.Values.SelectMany(each => each.Kinds));
            _listed = false;
        }

        Retire();
    }

    // Returns whether other kinds are served than before.
    private bool Serve(string name, CancellationToken cancellationToken)
    {
        var before = _served.GetValueOrDefault(name);
        if (!_definitions.TryGetValue(name, out var definition))
        {
            Forget(name);
            return Replace(name, before, null);
        }

        var others = _definitions.Values.Where(other => other.Spec.Group == definition.Spec.Group && other.Metadata.Name != name).ToList();
        var status = DefinitionPlanner.Plan(definition, others, clock.GetUtcNow());
        if (!DefinitionPlanner.Same(status, definition.Status))
        {
            _definitions[name] = definition = definition with { Status = status };
            _unwritten.Add(name);
        }

        var changed = false;
        if (!DefinitionPlanner.Is(status, DefinitionPlanner.Established))
        {
            changed = Replace(name, before, null);
        }
        else if (before is null || !before.Is(definition, status.AcceptedNames!, _specs[name]))
        {
            try
            {
                var collection = before is not null && before.Uid == definition.Metadata.Uid ? before.Collection : new CustomResourceCollection();
                changed = Replace(name, before, new ServedDefinition(definition, status.AcceptedNames!, _specs[name], collection));
            }
#pragma warning disable CA1031 // One definition that cannot be served must not take the others with it.
            catch (Exception broken)
#pragma warning restore CA1031
            {
                logger.DefinitionBroken(name, broken);
                changed = Replace(name, before, null);
            }
        }

        if (definition.Metadata.DeletionTimestamp is not null)
        {
            changed |= Remove(definition, cancellationToken);
        }

        return changed;
    }

    private bool Replace(string name, ServedDefinition? before, ServedDefinition? after)
    {
        if (before is not null)
        {
            _outdated.Add(before);
        }

        if (after is not null)
        {
            _served[name] = after;
            logger.DefinitionServed(name, string.Join(", ", after.Kinds.Select(kind => kind.Type.Version)));
        }
        else if (_served.Remove(name))
        {
            logger.DefinitionUnserved(name);
        }

        return before is not null || after is not null;
    }

    // Once the others are served in their place.
    private void Retire()
    {
        foreach (var outdated in _outdated)
        {
            outdated.Retire();
        }

        _outdated.Clear();
    }

    private bool Remove(CustomResourceDefinition definition, CancellationToken cancellationToken)
    {
        var (name, uid) = (definition.Metadata.Name!, definition.Metadata.Uid ?? "");
        if (definition.Metadata.Finalizers?.Contains(CollectionRemoval.Finalizer) != true || (_removals.TryGetValue(name, out var running) && running.Uid == uid))
        {
            return false;
        }

        Forget(name);
        var served = _served.GetValueOrDefault(name);
        served?.Collection.Close();
        var cancel = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _removals[name] = (uid, cancel, Task.Run(() => removal.RunAsync(definition, served?.StorageKind, cancel.Token), CancellationToken.None));
        return served is not null; // Discovery shows fewer verbs now.
    }

    private void Forget(string name)
    {
        if (_removals.Remove(name, out var running))
        {
            running.Cancel.Cancel();
            _ = running.Task.ContinueWith(_ => running.Cancel.Dispose(), TaskScheduler.Default);
        }
    }

    private async Task TryWriteAsync(CancellationToken cancellationToken)
    {
        try
        {
            await WriteAsync(cancellationToken);
        }
#pragma warning disable CA1031 // Whatever a write throws, definitions must go on being served.
        catch (Exception failed) when (failed is not OperationCanceledException)
#pragma warning restore CA1031
        {
            logger.WriteFailed(failed);
        }
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        foreach (var name in _unwritten.ToList())
        {
            if (!_definitions.TryGetValue(name, out var definition))
            {
                _unwritten.Remove(name);
                continue;
            }

            var written = await clientOf().UpdateStatusAsync(definition, cancellationToken);
            if (written.Succeeded || written.Error.Reason is ApiErrorReason.Conflict or ApiErrorReason.NotFound)
            {
                _unwritten.Remove(name); // After a lost race the newer state is on its way here, and is planned anew.
            }
            else
            {
                logger.DefinitionStatusRefused(name, written.Error.Message);
            }
        }

        if (!_listed)
        {
            var served = _served.Values.SelectMany(each => each.Kinds).Select(kind => (kind.Type.Group, kind.Type.Version)).ToHashSet();
            var refused = served.SetEquals(_groups) ? null : await CustomApiServices.WriteAsync(clientOf(), served, cancellationToken);
            (_listed, _groups) = (refused is null, refused is null ? served : _groups);
            if (refused is not null)
            {
                logger.GroupsNotListed(refused.Message);
            }
        }
    }
}
