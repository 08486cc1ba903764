using KubeAspire.StateStore;

namespace KubeAspire.Testing.Histories;

/// <summary>
/// What revisions alone prove, in O(n log n): they are unique, follow real time, each write saw the one before it, and each read shows one moment
/// that is neither before what had returned when it was called nor after what had been called when it returned.
/// </summary>
public static class RevisionOrderCheck
{
    /// <summary>Everything that is wrong; empty where nothing is.</summary>
    public static IEnumerable<string> Check(IReadOnlyList<Operation> operations, Changes changes)
    {
        foreach (var problem in changes.Problems)
        {
            yield return problem;
        }

        var bounds = new Bounds(operations, changes);
        foreach (var problem in Chain(operations, changes).Concat(operations.Where(operation => operation.IsKnown).SelectMany(operation => Moment(operation, changes, bounds))))
        {
            yield return problem;
        }

        foreach (var problem in Gaps(operations, changes))
        {
            yield return problem;
        }
    }

    // Each committed write expected just the state that the revision before had left of its key.
    private static IEnumerable<string> Chain(IReadOnlyList<Operation> operations, Changes changes)
    {
        foreach (var write in operations.Where(operation => operation.IsCommitted))
        {
            var before = changes.At(write.Revision)?.Before;
            if (write.Kind == OperationKind.Create && before is { Deleted: false })
            {
                yield return $"create of {write.Key} at {write.Revision} though {before.Id} of {before.Revision} was there";
            }
            else if (write.Kind != OperationKind.Create && (before is null or { Deleted: true } || before.Revision != write.Expected.Revision))
            {
                yield return $"{write.Kind} of {write.Key} at {write.Revision} expected {write.Expected.Revision} but followed {before?.Revision} ({before?.Id ?? "nothing"})";
            }
        }
    }

    private static IEnumerable<string> Moment(Operation operation, Changes changes, Bounds bounds)
    {
        var (floor, ceiling) = (bounds.Before(operation.Invoked), bounds.Until(operation.Returned));
        if (operation.IsCommitted && operation.Revision <= floor)
        {
            return [$"{operation.Kind} of {operation.Key} got revision {operation.Revision} though {floor} had returned before it was called"];
        }

        if (operation.Kind == OperationKind.List)
        {
            return ListProblems(operation, changes, floor, ceiling);
        }

        var reads = operation.Kind == OperationKind.Get || operation.Outcome is StateOutcome.Conflict or StateOutcome.Exists or StateOutcome.Missing;
        return reads && ReadProblem(operation, changes, floor, ceiling) is { } problem ? [problem] : [];
    }

    private static IEnumerable<string> ListProblems(Operation list, Changes changes, long floor, long ceiling)
    {
        if (list.Asked > 0 && list.Revision != list.Asked)
        {
            yield return $"list at {list.Asked} shows {list.Revision}";
        }

        if (list.Asked == 0 && (list.Revision < floor || list.Revision > ceiling))
        {
            yield return $"list shows revision {list.Revision}, outside of {floor}..{ceiling}";
        }

        var expected = changes.State(list.Revision).Where(seen => list.Key.Length == 0 || seen.Key.StartsWith(list.Key, StringComparison.Ordinal)).ToList();
        if (!expected.SequenceEqual(list.Listed!))
        {
            yield return $"list at {list.Revision} shows [{string.Join(", ", list.Listed!.Except(expected).Take(3))}] too much and lacks [{string.Join(", ", expected.Except(list.Listed!).Take(3))}]";
        }
    }

    private static string? ReadProblem(Operation read, Changes changes, long floor, long ceiling)
    {
        var last = changes.Last(read.Key, floor);
        if (read.Found is not { } found)
        {
            var gone = last is null or { Deleted: true } || changes.After(read.Key, floor).Any(change => change.Deleted && change.Revision <= ceiling);
            return gone ? null : $"{read.Kind} of {read.Key} found nothing though {last!.Id} of {last.Revision} was there and nobody had removed it";
        }

        if (changes.At(found.Revision) is not { } change || change.Key != read.Key || change.Id != found.Id || change.Deleted)
        {
            return $"{read.Kind} of {read.Key} found {found.Id} at {found.Revision}, which nobody wrote";
        }

        return found.Revision < (last?.Revision ?? 0) ? $"{read.Kind} of {read.Key} found {found.Id} of {found.Revision}, older than {last!.Revision}, which had returned before"
            : found.Revision > ceiling ? $"{read.Kind} of {read.Key} found {found.Id} of {found.Revision} before it was written" : null;
    }

    // Every revision is somebody's; as many may be missing as there are writes of which nobody knows.
    private static IEnumerable<string> Gaps(IReadOnlyList<Operation> operations, Changes changes)
    {
        var revisions = changes.All.Select(change => change.Revision).ToList();
        if (revisions.Count == 0)
        {
            yield break;
        }

        var missing = revisions[^1] - revisions[0] + 1 - revisions.Count;
        var known = changes.All.Select(change => change.Id).ToHashSet();
        var unknown = operations.Count(operation => operation is { IsWrite: true, Outcome: null } && !known.Contains(operation.Written ?? ""));
        if (missing > unknown)
        {
            yield return $"{missing} revisions are nobody's, though only {unknown} writes have no known end";
        }
    }

    // The highest revision that had returned before a moment, and the highest whose write had been called until a moment.
    private sealed class Bounds
    {
        private readonly (long At, long Highest)[] _returned;
        private readonly (long At, long Highest)[] _invoked;

        public Bounds(IReadOnlyList<Operation> operations, Changes changes)
        {
            // What a read was shown had been committed when it returned.
            _returned = Running(operations.Where(operation => operation.IsKnown).Select(operation => (operation.Returned, Shown(operation))));
            _invoked = Running(changes.All.Select(change => (change.Invoked, change.Revision)));
        }

        public long Before(long moment) => Find(_returned, moment - 1);

        // An empty store is at 1.
        public long Until(long moment) => Math.Max(1, Find(_invoked, moment));

        private static long Shown(Operation operation) => operation.IsCommitted || (operation.Kind == OperationKind.List && operation.Asked == 0) ? operation.Revision : operation.Found?.Revision ?? 0;

        private static (long At, long Highest)[] Running(IEnumerable<(long At, long Revision)> points)
        {
            long highest = 0;
            return [.. points.OrderBy(point => point.At).Select(point => (point.At, highest = Math.Max(highest, point.Revision)))];
        }

        private static long Find((long At, long Highest)[] points, long moment)
        {
            var (low, high) = (0, points.Length);
            while (low < high)
            {
                var middle = (low + high) / 2;
                (low, high) = points[middle].At <= moment ? (middle + 1, high) : (low, middle);
            }

            return low == 0 ? 0 : points[low - 1].Highest;
        }
    }
}
