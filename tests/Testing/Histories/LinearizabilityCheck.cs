using KubeAspire.StateStore;

namespace KubeAspire.Testing.Histories;

/// <summary>
/// Whether there is one order of the calls on a key, each at some moment between its call and its return, that a single register with
/// compare-and-swap would answer alike: the search of Wing and Gong with Lowe's memory of configurations already tried.
/// </summary>
/// <remarks>
/// Linearizability is local: each key is searched by itself. A call that never returned may take place at any later moment, or never.
/// The model knows texts only, no revisions: those are <see cref="RevisionOrderCheck"/>'s, so that neither check leans on the other.
/// </remarks>
public static class LinearizabilityCheck
{
    /// <summary>Configurations tried at most for one key; beyond, the check has failed to find out.</summary>
    public const int MostSteps = 5_000_000;

    /// <summary>The keys for which there is no such order; empty where all have one.</summary>
    public static IEnumerable<string> Check(IReadOnlyList<Operation> operations)
    {
        foreach (var group in operations.Where(operation => operation.Kind != OperationKind.List).GroupBy(operation => operation.Key))
        {
            // A read that never returned says nothing.
            var problem = Search([.. group.Where(operation => operation.IsWrite || operation.IsKnown)]);
            if (problem is not null)
            {
                yield return $"{group.Key}: {problem}";
            }
        }
    }

    private static string? Search(Operation[] operations)
    {
        var head = Link(operations);
        var (state, done, left, steps) = ((string?)null, new ulong[(operations.Length + 63) / 64], operations.Count(operation => operation.IsKnown), 0);
        var tried = new HashSet<Configuration>();
        var stack = new Stack<(Entry Call, string? State)>();
        var entry = head.Next;
        while (left > 0)
        {
            if (++steps > MostSteps)
            {
                return $"no answer within {MostSteps} steps";
            }

            if (entry is { Return: { } })
            {
                var index = entry.Index;
                if (Step(operations[index], state, out var next))
                {
                    done[index >> 6] |= 1UL << (index & 63);
                    if (tried.Add(new Configuration((ulong[])done.Clone(), next)))
                    {
                        stack.Push((entry, state));
                        state = next;
                        left -= operations[index].IsKnown ? 1 : 0;
                        entry.Lift();
                        entry = head.Next;
                        continue;
                    }

                    done[index >> 6] &= ~(1UL << (index & 63));
                }

                entry = entry.Next;
                continue;
            }

            // A return whose call could not be placed: the last choice was wrong.
            if (stack.Count == 0)
            {
                return entry is null ? "no order" : $"no order explains {Describe(operations[entry.Index])}";
            }

            var (call, before) = stack.Pop();
            state = before;
            done[call.Index >> 6] &= ~(1UL << (call.Index & 63));
            left += operations[call.Index].IsKnown ? 1 : 0;
            call.Unlift();
            entry = call.Next;
        }

        return null;
    }

    // Whether a register in a state answers so, and the state after.
    private static bool Step(Operation operation, string? state, out string? next)
    {
        next = state;
        var expected = operation.Kind == OperationKind.Create ? null : operation.Expected.Id;
        switch (operation.Outcome)
        {
            case null when operation.Kind == OperationKind.Get:
                return state == operation.Found?.Id;
            case null or StateOutcome.Committed:
                next = operation.Kind == OperationKind.Delete ? null : operation.Written;
                return state == expected;
            case StateOutcome.Missing:
                return state is null;
            case StateOutcome.Exists:
                return state is not null && state == operation.Found?.Id;
            case StateOutcome.Conflict:
                return state is not null && state == operation.Found?.Id && state != expected;
            default:
                return true; // Refused for want of room: nothing was looked at.
        }
    }

    private static string Describe(Operation operation) =>
        $"{operation.Kind} {operation.Written ?? ""} (expected {operation.Expected.Id}) → {operation.Outcome?.ToString() ?? operation.Found?.Id ?? "nothing"}";

    private static Entry Link(Operation[] operations)
    {
        var points = new List<(long At, bool Returns, int Index)>();
        for (var index = 0; index < operations.Length; index++)
        {
            points.Add((operations[index].Invoked, false, index));
            points.Add((operations[index].Returned, true, index));
        }

        var head = new Entry(-1);
        var (last, calls) = (head, new Entry[operations.Length]);
        // Of one moment, calls come first: they may overlap.
        foreach (var (_, returns, index) in points.OrderBy(point => point.At).ThenBy(point => point.Returns))
        {
            var entry = new Entry(index) { Previous = last };
            last.Next = entry;
            last = entry;
            if (returns)
            {
                calls[index].Return = entry;
            }
            else
            {
                calls[index] = entry;
            }
        }

        return head;
    }

    // A call or a return in the list of what is not placed yet. Only a call knows its return.
    private sealed class Entry(int index)
    {
        public int Index => index;

        public Entry? Previous { get; set; }

        public Entry? Next { get; set; }

        public Entry? Return { get; set; }

        public void Lift()
        {
            Remove(this);
            Remove(Return!);
        }

        public void Unlift()
        {
            Insert(Return!);
            Insert(this);
        }

        private static void Remove(Entry entry)
        {
            entry.Previous!.Next = entry.Next;
            if (entry.Next is not null)
            {
                entry.Next.Previous = entry.Previous;
            }
        }

        private static void Insert(Entry entry)
        {
            entry.Previous!.Next = entry;
            if (entry.Next is not null)
            {
                entry.Next.Previous = entry;
            }
        }
    }

    private readonly struct Configuration(ulong[] done, string? state) : IEquatable<Configuration>
    {
        private readonly ulong[] _done = done;
        private readonly string? _state = state;

        public bool Equals(Configuration other) => _state == other._state && _done.AsSpan().SequenceEqual(other._done);

        public override bool Equals(object? obj) => obj is Configuration other && Equals(other);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.Add(_state);
            foreach (var part in _done)
            {
                hash.Add(part);
            }

            return hash.ToHashCode();
        }
    }
}
