using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Kinds;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Http;

/// <summary>Writes objects as a Table: the columns people read, so that kubectl needs to know no kind.</summary>
/// <param name="kind">The kind of the rows.</param>
/// <param name="version">Version of meta.k8s.io.</param>
/// <param name="includeObject"><c>None</c>, <c>Metadata</c> or <c>Object</c>: what each row carries along.</param>
/// <param name="now">The time that ages count to.</param>
internal sealed class TableWriter(ResourceKind kind, string version, string includeObject, DateTimeOffset now)
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>A table of rows.</summary>
    /// <param name="rows">The objects, each with its bytes as they are to be shown.</param>
    /// <param name="revision">resourceVersion of the list; null for none.</param>
    /// <param name="next">Continue token; empty for none.</param>
    /// <param name="remaining">remainingItemCount, or null.</param>
    /// <param name="bookmark">Whether the row is a bookmark's, which has no object to read cells from.</param>
    /// <param name="columns">Whether the columns are described: in a watch only by the first table.</param>
    public ReadOnlyMemory<byte> Write(IEnumerable<(StateEntry Entry, ReadOnlyMemory<byte> Json)> rows, string? revision, string next, long? remaining, bool columns = true, bool bookmark = false)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using var writer = new Utf8JsonWriter(buffer, s_options);
        writer.WriteStartObject();
        writer.WriteString("kind", "Table");
        writer.WriteString("apiVersion", "meta.k8s.io/" + version);
        writer.WriteStartObject("metadata");
        if (revision is not null)
        {
            writer.WriteString("resourceVersion", revision);
        }

        if (next.Length > 0)
        {
            writer.WriteString("continue", next);
        }

        if (remaining is { } count)
        {
            writer.WriteNumber("remainingItemCount", count);
        }

        writer.WriteEndObject();
        WriteColumns(writer, columns);
        writer.WriteStartArray("rows");
        foreach (var (entry, json) in rows)
        {
            WriteRow(writer, entry, json, bookmark);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    private void WriteColumns(Utf8JsonWriter writer, bool columns)
    {
        writer.WriteStartArray("columnDefinitions");
        foreach (var column in columns ? kind.Columns : [])
        {
            writer.WriteStartObject();
            writer.WriteString("name", column.Title);
            writer.WriteString("type", column.Type);
            writer.WriteString("format", column.Format);
            writer.WriteString("description", column.Description);
            writer.WriteNumber("priority", column.Priority);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private void WriteRow(Utf8JsonWriter writer, StateEntry entry, ReadOnlyMemory<byte> json, bool bookmark)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("cells");
        // A bookmark's row is there for its revision only: nobody prints its cells.
        foreach (var cell in bookmark ? new object?[kind.Columns.Count] : kind.Cells(entry.View(kind), now))
        {
            switch (cell)
            {
                case null: writer.WriteNullValue(); break;
                case bool flag: writer.WriteBooleanValue(flag); break;
                case int or long or short: writer.WriteNumberValue(Convert.ToInt64(cell, CultureInfo.InvariantCulture)); break;
                case double number: writer.WriteNumberValue(number); break;
                default: writer.WriteStringValue(cell.ToString()); break;
            }
        }

        writer.WriteEndArray();
        switch (includeObject)
        {
            case "None":
                break;
            case "Object":
                writer.WritePropertyName("object");
                writer.WriteRawValue(json.Span, skipInputValidation: true);
                break;
            default:
                writer.WriteStartObject("object");
                writer.WriteString("kind", "PartialObjectMetadata");
                writer.WriteString("apiVersion", "meta.k8s.io/" + version);
                writer.WritePropertyName("metadata");
                writer.WriteRawValue(Objects.Slice(json, "metadata"u8).Span, skipInputValidation: true);
                writer.WriteEndObject();
                break;
        }

        writer.WriteEndObject();
    }
}
