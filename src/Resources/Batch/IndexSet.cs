using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Batch;

/// <summary>Completion indexes of an indexed job as ranges, in the text form of its status: <c>1,3-5,7</c>.</summary>
public sealed class IndexSet
{
    private readonly SortedSet<int> _indexes = [];

    /// <summary>How many there are.</summary>
    public int Count => _indexes.Count;

    /// <summary>The indexes in order.</summary>
    public IEnumerable<int> Indexes => _indexes;

    /// <summary>Whether an index is in.</summary>
    public bool Contains(int index) => _indexes.Contains(index);

    /// <summary>Adds an index.</summary>
    public void Add(int index) => _indexes.Add(index);

    /// <summary>Reads the text form; what is broken or not below <paramref name="completions"/> is left out, as a controller must live with.</summary>
    public static IndexSet Parse(string? text, int completions) => TryParse(text ?? "", completions, out var set, out _) ? set! : new IndexSet();

    /// <summary>Reads the text form: ordered, apart, below <paramref name="completions"/>.</summary>
    public static bool TryParse(string text, int completions, out IndexSet? indexes, out string problem)
    {
        indexes = new IndexSet();
        problem = "";
        var last = -1;
        foreach (var range in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var bounds = range.Split('-');
            var last2 = 0;
            if (bounds.Length > 2 || !int.TryParse(bounds[0], System.Globalization.NumberStyles.None, null, out var first)
                || (bounds.Length == 2 && !int.TryParse(bounds[1], System.Globalization.NumberStyles.None, null, out last2)))
            {
                problem = $"cannot parse index \"{range}\"";
                return false;
            }

            var end = bounds.Length == 2 ? last2 : first;
            if (first <= last || end < first)
            {
                problem = $"non-increasing order, previous: {last}, current: {first}";
                return false;
            }

            if (end >= completions)
            {
                problem = $"index \"{end}\" is not less than the number of completions {completions}";
                return false;
            }

            for (var index = first; index <= end; index++)
            {
                indexes.Add(index);
            }

            last = end;
        }

        return true;
    }

    /// <summary>The text form: runs of three and more as a range, of two as two.</summary>
    public override string ToString()
    {
        var parts = new List<string>();
        int? first = null;
        var last = 0;
        foreach (var index in _indexes)
        {
            if (first is null)
            {
                (first, last) = (index, index);
            }
            else if (index == last + 1)
            {
                last = index;
            }
            else
            {
                parts.Add(Range(first.Value, last));
                (first, last) = (index, index);
            }
        }

        if (first is { } rest)
        {
            parts.Add(Range(rest, last));
        }

        return string.Join(',', parts);
    }

    private static string Range(int first, int last) => last == first ? $"{first}" : last == first + 1 ? $"{first},{last}" : $"{first}-{last}";
}
