using KubeAspire.StateStore;

namespace KubeAspire.Testing.Histories;

/// <summary>One client of a history: makes calls and keeps what it was told.</summary>
/// <param name="number">Its number.</param>
/// <param name="engine">The store.</param>
/// <param name="clock">Says when calls began and ended.</param>
/// <param name="onCommit">Called after each write that took.</param>
internal sealed class HistoryClient(int number, IStateEngine engine, TimeProvider clock, Action onCommit)
{
    private readonly Dictionary<StateKey, Seen> _known = [];

    public int Number => number;

    public IStateEngine Engine { get; set; } = engine;

    public List<Operation> Operations { get; } = [];

    public async Task GetAsync(StateKey key, CancellationToken cancellationToken)
    {
        var operation = Begin(OperationKind.Get, key);
        var entry = await Engine.GetAsync(key, cancellationToken);
        Found(operation, key, entry);
        End(operation);
    }

    public async Task ListAsync(int limit, CancellationToken cancellationToken)
    {
        var operation = new Operation(number, OperationKind.List, "") { Invoked = clock.GetTimestamp() };
        var (seen, after, revision) = (new List<Seen>(), (StateKey?)null, 0L);
        while (true)
        {
            var page = await Engine.ListAsync(new StateRange(HistoryRun.Collection, HistoryRun.Ns), revision, limit, after, cancellationToken);
            if (page.Outcome != StateReadOutcome.Ok)
            {
                return; // Compacted between two pages: nothing was promised.
            }

            seen.AddRange(page.Entries.Select(HistoryRun.SeenOf));
            revision = page.Revision;
            if (!page.More)
            {
                break;
            }

            after = page.Entries[^1].Key;
        }

        (operation.Listed, operation.Revision) = ([.. seen.OrderBy(one => one.Key, StringComparer.Ordinal)], revision);
        End(operation);
        Operations.Add(operation);
    }

    public async Task CreateAsync(StateKey key, string text, CancellationToken cancellationToken)
    {
        var operation = Begin(OperationKind.Create, key, text);
        End(operation, key, await Engine.CreateAsync(key, StateObjects.Value(text), cancellationToken));
    }

    public async Task UpdateAsync(StateKey key, string text, CancellationToken cancellationToken)
    {
        if (await KnowAsync(key, cancellationToken) is { } known)
        {
            var operation = Begin(OperationKind.Update, key, text, known);
            End(operation, key, await Engine.UpdateAsync(key, StateObjects.Value(text), known.Revision, cancellationToken));
        }
    }

    public async Task DeleteAsync(StateKey key, CancellationToken cancellationToken)
    {
        if (await KnowAsync(key, cancellationToken) is { } known)
        {
            var operation = Begin(OperationKind.Delete, key, null, known);
            End(operation, key, await Engine.DeleteAsync(key, known.Revision, cancellationToken));
        }
    }

    private async ValueTask<Seen?> KnowAsync(StateKey key, CancellationToken cancellationToken)
    {
        if (!_known.TryGetValue(key, out var known))
        {
            await GetAsync(key, cancellationToken);
        }

        return _known.TryGetValue(key, out known) ? known : null;
    }

    private Operation Begin(OperationKind kind, StateKey key, string? text = null, Seen expected = default)
    {
        var operation = new Operation(number, kind, HistoryRun.KeyText(key)) { Written = text, Expected = expected, Invoked = clock.GetTimestamp() };
        Operations.Add(operation);
        return operation;
    }

    private void End(Operation operation) => operation.Returned = clock.GetTimestamp();

    private void End(Operation operation, StateKey key, StateWrite write)
    {
        End(operation);
        operation.Outcome = write.Outcome;
        if (write.Outcome != StateOutcome.Committed)
        {
            Found(operation, key, write.Entry);
            return;
        }

        operation.Revision = write.Entry!.Revision;
        if (operation.Kind == OperationKind.Delete)
        {
            _known.Remove(key);
        }
        else
        {
            _known[key] = new Seen(operation.Key, write.Entry.Revision, operation.Written!);
        }

        onCommit();
    }

    private void Found(Operation operation, StateKey key, StateEntry? entry)
    {
        operation.Found = entry is null ? null : HistoryRun.SeenOf(entry);
        if (operation.Found is { } found)
        {
            _known[key] = found;
        }
        else
        {
            _known.Remove(key);
        }
    }
}
