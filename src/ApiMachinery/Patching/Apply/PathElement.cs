using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Serialization;

namespace KubeAspire.ApiMachinery.Patching.Apply;

/// <summary>How a path element picks a child.</summary>
public enum PathElementKind
{
    /// <summary>A field of an object or a key of a map: <c>f:replicas</c>.</summary>
    Field,

    /// <summary>An item of a list by its key fields: <c>k:{"name":"web"}</c>.</summary>
    Key,

    /// <summary>An item of a set by its value: <c>v:"finalizer"</c>.</summary>
    Value,

    /// <summary>An item by its position: <c>i:0</c>.</summary>
    Index,
}

/// <summary>One step of a path in an object.</summary>
/// <param name="Kind">How it picks.</param>
/// <param name="Text">The field's name, or canonical JSON.</param>
public readonly record struct PathElement(PathElementKind Kind, string Text) : IComparable<PathElement>
{
    private static readonly SearchValues<char> s_plain = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:");

    /// <summary>A field.</summary>
    public static PathElement Field(string name) => new(PathElementKind.Field, name);

    /// <summary>An item by key fields; their order does not matter.</summary>
    public static PathElement Key(IEnumerable<KeyValuePair<string, JsonNode?>> fields)
    {
        var sorted = new JsonObject();
        foreach (var (name, value) in fields.OrderBy(field => field.Key, StringComparer.Ordinal))
        {
            sorted[name] = value?.DeepClone();
        }

        return new PathElement(PathElementKind.Key, Canonical(sorted));
    }

    /// <summary>An item by one key field that is a string: the common case, without a detour through a tree.</summary>
    public static PathElement Key(string field, string value) =>
        value.AsSpan().ContainsAnyExcept(s_plain)
            ? Key([new(field, JsonValue.Create(value))])
            : new PathElement(PathElementKind.Key, $"{{\"{field}\":\"{value}\"}}");

    /// <summary>An item by value.</summary>
    public static PathElement Value(JsonNode? value) => new(PathElementKind.Value, Canonical(value));

    /// <summary>Reads the form that stands in fieldsV1; null where it is none.</summary>
    public static PathElement? Parse(string text)
    {
        if (text.Length < 2 || text[1] != ':')
        {
            return null;
        }

        var rest = text[2..];
        try
        {
            return text[0] switch
            {
                'f' => Field(rest),
                'k' => JsonTree.Parse(Encoding.UTF8.GetBytes(rest), null) is JsonObject key ? Key(key) : null,
                'v' => Value(JsonTree.Parse(Encoding.UTF8.GetBytes(rest), null)),
                'i' => int.TryParse(rest, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? new PathElement(PathElementKind.Index, index.ToString(CultureInfo.InvariantCulture)) : null,
                _ => null,
            };
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The form that stands in fieldsV1.</summary>
    public string Encoded => Kind switch
    {
        PathElementKind.Field => "f:" + Text,
        PathElementKind.Key => "k:" + Text,
        PathElementKind.Value => "v:" + Text,
        _ => "i:" + Text,
    };

    /// <inheritdoc/>
    public int CompareTo(PathElement other)
    {
        var byKind = Kind.CompareTo(other.Kind);
        return byKind != 0 ? byKind
            : Kind == PathElementKind.Index ? int.Parse(Text, CultureInfo.InvariantCulture).CompareTo(int.Parse(other.Text, CultureInfo.InvariantCulture))
            : string.CompareOrdinal(Text, other.Text);
    }

    public static bool operator <(PathElement left, PathElement right) => left.CompareTo(right) < 0;

    public static bool operator >(PathElement left, PathElement right) => left.CompareTo(right) > 0;

    public static bool operator <=(PathElement left, PathElement right) => left.CompareTo(right) <= 0;

    public static bool operator >=(PathElement left, PathElement right) => left.CompareTo(right) >= 0;

    /// <summary>The form that conflicts are told in: <c>.replicas</c>, <c>[name="web"]</c>, <c>[="x"]</c>, <c>[0]</c>.</summary>
    public override string ToString() => Kind switch
    {
        PathElementKind.Field => "." + Text,
        PathElementKind.Key => "[" + string.Join(",", ((JsonObject)JsonNode.Parse(Text)!).Select(field => $"{field.Key}={Canonical(field.Value)}")) + "]",
        PathElementKind.Value => $"[={Text}]",
        _ => $"[{Text}]",
    };

    private static string Canonical(JsonNode? node) => Encoding.UTF8.GetString(CanonicalJson.EncodeValue(node));
}
