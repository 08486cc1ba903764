using System.Text;
using System.Text.Json;

namespace KubeAspire.NodeAgent.Streaming.Remote;

/// <summary>Size of a client's terminal, in characters.</summary>
internal readonly record struct TerminalSize(int Columns, int Rows);

/// <summary>Reads the sizes that a client sends: JSON objects one after the other, cut anywhere.</summary>
/// <remarks>For example <c>{"Width":80,"Height":24}</c>.</remarks>
internal sealed class TerminalSizes
{
    private readonly StringBuilder _text = new();

    /// <summary>Takes some more text; gives the last size that it completes, or null.</summary>
    /// <exception cref="IOException">It is no such text.</exception>
    public TerminalSize? Read(ReadOnlySpan<byte> bytes)
    {
        if (_text.Length + bytes.Length > StreamLimits.ResizeBytesMax)
        {
            throw new IOException("the size of a terminal is told in too many words");
        }

        _text.Append(Encoding.ASCII.GetString(bytes));
        TerminalSize? last = null;
        for (var text = _text.ToString(); text.IndexOf('}') is >= 0 and var end; text = _text.ToString())
        {
            last = Parse(text[..(end + 1)]) ?? last;
            _text.Remove(0, end + 1);
        }

        return last;
    }

    private static TerminalSize? Parse(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            var (columns, rows) = (Number(json.RootElement, "Width"), Number(json.RootElement, "Height"));
            return columns > 0 && rows > 0 ? new TerminalSize(columns, rows) : null;
        }
        catch (JsonException)
        {
            throw new IOException("the size of a terminal is no JSON");
        }
    }

    private static int Number(JsonElement json, string name)
    {
        foreach (var property in json.EnumerateObject())
        {
            if (string.Equals(property.Name, name, StringComparison.OrdinalIgnoreCase) && property.Value.ValueKind == JsonValueKind.Number && property.Value.TryGetUInt16(out var number))
            {
                return number;
            }
        }

        return 0;
    }
}
