using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeAspire.ApiMachinery.Serialization;

/// <summary>Writes a JSON tree as YAML: block style, keys sorted, sequences as deep as their key, as kubectl shows objects.</summary>
public static class YamlWriter
{
    private const string Indicators = "-?:,[]{}#&*!|>'\"%@`";

    private static readonly JsonSerializerOptions s_quoted = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a value as one document, without a document marker, ending with a line feed.</summary>
    public static string Write(JsonNode? value)
    {
        var text = new StringBuilder();
        switch (value)
        {
            case JsonObject { Count: > 0 } map:
                Map(text, map, 0, inline: false);
                break;
            case JsonArray { Count: > 0 } list:
                List(text, list, 0);
                break;
            default:
                Scalar(text, value, 0);
                text.Append('\n');
                break;
        }

        return text.ToString();
    }

    private static void Map(StringBuilder text, JsonObject map, int indent, bool inline)
    {
        foreach (var (name, value) in map.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (!inline)
            {
                text.Append(' ', indent);
            }

            inline = false;
            text.Append(IsPlain(name) ? name : Quoted(name)).Append(':');
            switch (value)
            {
                case JsonObject { Count: > 0 } child:
                    text.Append('\n');
                    Map(text, child, indent + 2, inline: false);
                    break;
                case JsonArray { Count: > 0 } child:
                    text.Append('\n');
                    List(text, child, indent);
                    break;
                default:
                    text.Append(' ');
                    Scalar(text, value, indent);
                    text.Append('\n');
                    break;
            }
        }
    }

    private static void List(StringBuilder text, JsonArray list, int indent)
    {
        foreach (var item in list)
        {
            text.Append(' ', indent).Append('-');
            switch (item)
            {
                case JsonObject { Count: > 0 } child:
                    text.Append(' ');
                    Map(text, child, indent + 2, inline: true);
                    break;
                case JsonArray { Count: > 0 } child:
                    text.Append('\n');
                    List(text, child, indent + 2);
                    break;
                default:
                    text.Append(' ');
                    Scalar(text, item, indent);
                    text.Append('\n');
                    break;
            }
        }
    }

    private static void Scalar(StringBuilder text, JsonNode? value, int indent)
    {
        switch (value)
        {
            case null:
                text.Append("null");
                break;
            case JsonObject:
                text.Append("{}");
                break;
            case JsonArray:
                text.Append("[]");
                break;
            default:
                if (value.AsString() is not { } s)
                {
                    text.Append(value.ToJsonString());
                }
                else if (IsPlain(s))
                {
                    text.Append(s);
                }
                else if (IsBlock(s))
                {
                    Block(text, s, indent + 2);
                }
                else
                {
                    text.Append(Quoted(s));
                }

                break;
        }
    }

    private static bool IsPlain(string s) =>
        s.Length > 0 && s[0] != ' ' && s[^1] is not (' ' or ':') && YamlScalars.IsString(s) && s != "<<" && s is not ("---" or "...")
        && (!Indicators.Contains(s[0], StringComparison.Ordinal) || (s[0] is '-' or '?' or ':' && s.Length > 1 && s[1] is not (' ' or ',' or '[' or ']' or '{' or '}') && !s.StartsWith("---", StringComparison.Ordinal)))
        && !s.StartsWith("...", StringComparison.Ordinal) && s[0] != '='
        && !s.Contains(": ", StringComparison.Ordinal) && !s.Contains(" #", StringComparison.Ordinal)
        && s.All(c => c is >= ' ' and < '\u007f' or (>= '\u00a1' and < '\u2000') or (>= '\u3000' and < '\ud800'));

    // A literal block keeps lines as they are; it cannot begin with white space or hold anything but text and line feeds.
    private static bool IsBlock(string s) =>
        s.Contains('\n', StringComparison.Ordinal) && s[0] is not (' ' or '\n' or '\t') && s.Trim('\n').Length > 0
        && s.All(c => c is '\n' or '\t' or (>= ' ' and < '\u007f') or (>= '\u00a1' and < '\u2000') or (>= '\u3000' and < '\ud800'));

    private static void Block(StringBuilder text, string s, int indent)
    {
        var body = s.TrimEnd('\n');
        var trailing = s.Length - body.Length;
        text.Append('|').Append(trailing switch { 0 => "-", 1 => "", _ => "+" });
        foreach (var line in body.Split('\n'))
        {
            text.Append('\n');
            if (line.Length > 0)
            {
                text.Append(' ', indent).Append(line);
            }
        }

        // The caller ends the last line; "+" keeps the empty lines that follow it.
        text.Append('\n', Math.Max(0, trailing - 1));
    }

    private static string Quoted(string s) => JsonSerializer.Serialize(s, s_quoted);
}
