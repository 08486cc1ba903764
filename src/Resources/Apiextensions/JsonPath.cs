using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeAspire.Resources.Apiextensions;

/// <summary>A path into an object, as printer columns, scale subresources and selectable fields name their fields.</summary>
/// <remarks>
/// The part of kubectl's JSONPath that makes sense without a template around it: <c>.spec.x</c>, <c>.a\.b</c>, <c>['a.b/c']</c>,
/// <c>['a','b']</c>, <c>[0]</c>, <c>[-1]</c>, <c>[1:3]</c>, <c>[0:9:2]</c>, <c>[*]</c>, <c>.*</c>, <c>..name</c> and filters such as
/// <c>[?(@.type=="Ready")]</c> or <c>[?(@.x)]</c> with ==, !=, &lt;, &lt;=, &gt;, &gt;=. Immutable. Upstream: client-go util/jsonpath.
/// </remarks>
public sealed class JsonPath
{
    /// <summary>Steps of a path. 64: no object is named deeper.</summary>
    public const int MaximumSteps = 64;

    /// <summary>Values found at most. 10,000: a recursive descent over a large object ends there.</summary>
    public const int MaximumResults = 10_000;

    private readonly IReadOnlyList<JsonPathStep> _steps;

    private JsonPath(string text, IReadOnlyList<JsonPathStep> steps) => (Text, _steps) = (text, steps);

    /// <summary>The path as it was written.</summary>
    public string Text { get; }

    /// <summary>The names of the fields from the root, where the path is nothing but such; otherwise null.</summary>
    public IReadOnlyList<string>? FieldNames => _steps.All(step => step is FieldStep { Names.Count: 1 }) ? [.. _steps.Cast<FieldStep>().Select(step => step.Names[0])] : null;

    /// <summary>Reads a path.</summary>
    /// <param name="text">The path, with or without <c>{ }</c> or <c>$</c> before it.</param>
    /// <param name="path">The path, where the text is one.</param>
    /// <param name="error">What is wrong, where it is none.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out JsonPath? path, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            path = new JsonPath(text, JsonPathParser.Parse(text));
            error = null;
            return true;
        }
        catch (FormatException broken)
        {
            (path, error) = (null, broken.Message);
            return false;
        }
    }

    /// <summary>The values at the path, in order; none where a field is absent. At most <see cref="MaximumResults"/>.</summary>
    public IEnumerable<JsonNode?> Find(JsonNode root)
    {
        IEnumerable<JsonNode?> found = [root];
        foreach (var step in _steps)
        {
            found = found.SelectMany(step.From);
        }

        return found.Take(MaximumResults);
    }

    /// <summary>What a printer column of a type shows: text, long, double or bool; null where there is nothing or nothing of that type.</summary>
    /// <param name="root">The object.</param>
    /// <param name="type">The column's type: <c>string</c>, <c>integer</c>, <c>number</c>, <c>boolean</c> or <c>date</c> (shown as an age).</param>
    /// <param name="now">The time, for ages.</param>
    public object? Cell(JsonNode root, string type, DateTimeOffset now) => Find(root).Take(1).ToList() is [{ } first] ? PrinterCell.Of(first, type, now) : null;

    /// <inheritdoc/>
    public override string ToString() => Text;
}

/// <summary>One step of a path: from a value to those below it.</summary>
internal abstract class JsonPathStep
{
    public abstract IEnumerable<JsonNode?> From(JsonNode? node);
}

internal sealed class FieldStep(IReadOnlyList<string> names) : JsonPathStep
{
    public IReadOnlyList<string> Names => names;

    public override IEnumerable<JsonNode?> From(JsonNode? node)
    {
        foreach (var name in names)
        {
            if (node is JsonObject parent && parent.TryGetPropertyValue(name, out var child))
            {
                yield return child;
            }
        }
    }
}

/// <summary>Items from one place up to another; a negative place counts from the end.</summary>
internal sealed class SliceStep(int? start, int? end, int step, bool single) : JsonPathStep
{
    public override IEnumerable<JsonNode?> From(JsonNode? node)
    {
        if (node is not JsonArray list)
        {
            yield break;
        }

        var first = Place(start ?? 0, list.Count);
        var last = single ? first + 1 : Math.Min(Place(end ?? list.Count, list.Count), list.Count);
        for (var i = first; i >= 0 && i < Math.Min(last, list.Count); i += step)
        {
            yield return list[i];
        }
    }

    private static int Place(int at, int count) => at < 0 ? at + count : at;
}

internal sealed class WildcardStep : JsonPathStep
{
    public override IEnumerable<JsonNode?> From(JsonNode? node) => node switch
    {
        JsonArray list => list,
        JsonObject parent => parent.Select(pair => pair.Value),
        _ => [],
    };
}

/// <summary>The value and everything below it.</summary>
internal sealed class RecursiveStep : JsonPathStep
{
    public override IEnumerable<JsonNode?> From(JsonNode? node)
    {
        var waiting = new Stack<JsonNode?>([node]);
        while (waiting.TryPop(out var next))
        {
            yield return next;
            var children = next switch
            {
                JsonArray list => list.AsEnumerable(),
                JsonObject parent => parent.Select(pair => pair.Value),
                _ => [],
            };
            foreach (var child in children.Reverse())
            {
                waiting.Push(child);
            }
        }
    }
}

/// <summary>The items of a list for which a comparison holds.</summary>
internal sealed class FilterStep(JsonPathOperand left, string? comparison, JsonPathOperand? right) : JsonPathStep
{
    public override IEnumerable<JsonNode?> From(JsonNode? node) => node is JsonArray list ? list.Where(Holds) : [];

    private bool Holds(JsonNode? item)
    {
        var one = left.Values(item).Take(1).ToList();
        if (comparison is null)
        {
            return one.Count > 0;
        }

        var other = right!.Values(item).Take(1).ToList();
        return one.Count > 0 && other.Count > 0 && Compare(one[0], other[0]) is { } order && comparison switch
        {
            "==" => order == 0,
            "!=" => order != 0,
            "<" => order is < 0 and not Unequal,
            "<=" => order is <= 0 and not Unequal,
            ">" => order is > 0 and not Unequal,
            _ => order is >= 0 and not Unequal,
        };
    }

    private const int Unequal = int.MaxValue;

    // Values of two types are never equal and have no order.
    private static int? Compare(JsonNode? one, JsonNode? other)
    {
        var (kind, otherKind) = (one?.GetValueKind() ?? JsonValueKind.Null, other?.GetValueKind() ?? JsonValueKind.Null);
        if (kind == JsonValueKind.String && otherKind == JsonValueKind.String)
        {
            return Math.Sign(string.CompareOrdinal(one!.GetValue<string>(), other!.GetValue<string>()));
        }

        if (kind == JsonValueKind.Number && otherKind == JsonValueKind.Number)
        {
            return JsonNumber.Of(one!).CompareTo(JsonNumber.Of(other!));
        }

        return JsonNode.DeepEquals(one, other) ? 0 : Unequal;
    }
}

/// <summary>One side of a comparison: a literal, or a path from the item.</summary>
internal sealed class JsonPathOperand(JsonNode? literal, IReadOnlyList<JsonPathStep>? path)
{
    public IEnumerable<JsonNode?> Values(JsonNode? item) =>
        path is null ? [literal] : path.Aggregate((IEnumerable<JsonNode?>)[item], (found, step) => found.SelectMany(step.From));
}
