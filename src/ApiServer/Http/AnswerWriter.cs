using System.Globalization;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources;
using KubeAspire.Resources.Kinds;
using KubeAspire.StateStore;
using Microsoft.AspNetCore.Http;

namespace KubeAspire.ApiServer.Http;

/// <summary>Writes answers to the socket in the format that was asked for. Stored bytes are spliced, never decoded.</summary>
internal sealed class AnswerWriter(TimeProvider clock)
{
    private readonly ProtobufAnswers _protobuf = new();

    public async Task WriteAsync(HttpContext http, ApiRequest request, Accepted accepted, ApiAnswer answer)
    {
        foreach (var warning in request.Warnings.Count == 0 ? [] : request.Warnings.Distinct().Take(MostWarnings))
        {
            http.Response.Headers.Append("Warning", $"299 - \"{Escape(warning)}\"");
        }

        if (accepted.Shape == AnswerShape.Table && request.Query["includeObject"] is not ("" or "None" or "Metadata" or "Object") && answer is not ErrorAnswer)
        {
            var unsupported = FieldError.NotSupported("includeObject", request.Query["includeObject"], ["None", "Metadata", "Object", ""]);
            answer = ApiErrors.BadRequest($"Unable to convert to Table as requested: {unsupported}");
        }

        switch (answer)
        {
            case ErrorAnswer { Error: var error }:
                await WriteErrorAsync(http, error, accepted.Format);
                break;
            case ObjectAnswer found:
                await WriteObjectAsync(http, request, accepted, found);
                break;
            case ListAnswer list:
                await WriteListAsync(http, request, accepted, list);
                break;
            case WatchAnswer watch:
                await new WatchWriter(clock, _protobuf).WriteAsync(http, request, accepted, watch);
                break;
            case RawAnswer raw:
                await WriteRawAsync(http, raw);
                break;
            case StreamAnswer stream:
                await stream.Run(http);
                break;
        }
    }

    private const int MostWarnings = 50;

    /// <summary>Writes a refusal as a Status.</summary>
    public static Task WriteErrorAsync(HttpContext http, ApiError error, AnswerFormat format = AnswerFormat.Json)
    {
        if (error.RetryAfterSeconds > 0)
        {
            http.Response.Headers.RetryAfter = error.RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
        }

        if (error.Reason == ApiErrorReason.Unauthorized)
        {
            http.Response.Headers.WWWAuthenticate = "Bearer";
        }

        return WriteBodyAsync(http, StatusOf(error), error.Code, format);
    }

    /// <summary>A refusal as a Status.</summary>
    public static byte[] StatusOf(ApiError error)
    {
        var status = StatusFactory.From(error);
        return Readable(KubernetesJson.Write(error.Continue is null ? status : status with { Metadata = new ListMeta { Continue = error.Continue } }));
    }

    /// <summary>The same JSON with quotes and letters as people search for them, <c>\"nobody\"</c> and not <c>\u0022nobody\u0022</c>, as upstream and as objects are written here.</summary>
    public static byte[] Readable(byte[] json) => CanonicalJson.EncodeValue(JsonNode.Parse(json));

    private async Task WriteObjectAsync(HttpContext http, ApiRequest request, Accepted accepted, ObjectAnswer answer)
    {
        if (accepted is { Format: AnswerFormat.Protobuf, Shape: AnswerShape.Metadata } && answer.Kind is not null)
        {
            await WriteBytesAsync(http, ProtobufAnswers.Metadata(answer.Json, accepted.Version), answer.Code, Accepted.ProtobufType);
            return;
        }

        var json = answer.Json;
        if (answer.Kind is { } kind && accepted.Shape != AnswerShape.Object)
        {
            json = accepted.Shape == AnswerShape.Table
                ? Table(request, accepted, kind).Write([(answer.Entry ?? new StateEntry(default, 0, 0, json, -1), json)], RevisionOf(answer), "", null)
                : MetadataOf(json, accepted.Version);
        }

        await WriteBodyAsync(http, json, answer.Code, accepted.Format, answer.Kind);
    }

    private async Task WriteListAsync(HttpContext http, ApiRequest request, Accepted accepted, ListAnswer list)
    {
        var revision = list.Revision.ToString(CultureInfo.InvariantCulture);
        if (accepted.Shape == AnswerShape.Table)
        {
            var table = Table(request, accepted, list.Kind).Write(list.Items.Select(entry => (entry, entry.Json)), revision, list.Continue, list.Remaining);
            await WriteBodyAsync(http, table, 200, accepted.Format);
            return;
        }

        var metadataOnly = accepted.Shape == AnswerShape.Metadata;
        var (kind, apiVersion) = metadataOnly
            ? ("PartialObjectMetadataList", "meta.k8s.io/" + accepted.Version) : (list.Kind.ListKind, list.Kind.Type.ApiVersion);
        var metadata = new StringBuilder($"\"resourceVersion\":\"{revision}\"");
        if (list.Continue.Length > 0)
        {
            metadata.Append(CultureInfo.InvariantCulture, $",\"continue\":\"{list.Continue}\"");
        }

        if (list.Remaining is { } remaining)
        {
            metadata.Append(CultureInfo.InvariantCulture, $",\"remainingItemCount\":{remaining}");
        }

        if (accepted.Format == AnswerFormat.Protobuf)
        {
            await WritePartsAsync(http, _protobuf.List(list.Kind, $"{{{metadata}}}", list.Items, metadataOnly ? accepted.Version : null));
            return;
        }

        var head = Encoding.UTF8.GetBytes($"{{\"kind\":\"{kind}\",\"apiVersion\":\"{apiVersion}\",\"metadata\":{{{metadata}}},\"items\":[");
        if (accepted.Yaml)
        {
            using var whole = new MemoryStream();
            var buffered = PipeWriter.Create(whole, new StreamPipeWriterOptions(leaveOpen: true));
            await SpliceAsync(buffered, head, list.Items, metadataOnly ? accepted.Version : null, http.RequestAborted);
            await buffered.CompleteAsync();
            await WriteBodyAsync(http, whole.ToArray(), 200, AnswerFormat.Yaml);
            return;
        }

        http.Response.ContentType = Accepted.JsonType;
        if (AcceptsGzip(http) && list.Items.Sum(entry => (long)entry.Json.Length) >= ApiLimits.CompressFrom)
        {
            http.Response.Headers.ContentEncoding = "gzip";
            http.Response.Headers.Vary = "Accept-Encoding";
            await using var gzip = new GZipStream(http.Response.Body, CompressionLevel.Fastest, leaveOpen: true);
            var writer = PipeWriter.Create(gzip, new StreamPipeWriterOptions(leaveOpen: true));
            await SpliceAsync(writer, head, list.Items, metadataOnly ? accepted.Version : null, http.RequestAborted);
            await writer.CompleteAsync();
            return;
        }

        await SpliceAsync(http.Response.BodyWriter, head, list.Items, metadataOnly ? accepted.Version : null, http.RequestAborted);
    }

    private static async Task SpliceAsync(PipeWriter writer, byte[] head, IReadOnlyList<StateEntry> items, string? metadataVersion, CancellationToken cancellationToken)
    {
        Append(writer, head);
        var pending = head.Length;
        for (var i = 0; i < items.Count; i++)
        {
            var json = metadataVersion is null ? items[i].Json : MetadataOf(items[i].Json, metadataVersion);
            AppendItem(writer, json.Span, isFirst: i == 0);
            pending += json.Length + 1;
            if (pending >= ApiLimits.ListChunkBytes)
            {
                pending = 0;
                await writer.FlushAsync(cancellationToken);
            }
        }

        Append(writer, "]}\n"u8);
        await writer.FlushAsync(cancellationToken);
    }

    internal static void Append(PipeWriter writer, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(writer.GetSpan(bytes.Length));
        writer.Advance(bytes.Length);
    }

    private static void AppendItem(PipeWriter writer, ReadOnlySpan<byte> json, bool isFirst)
    {
        var comma = isFirst ? 0 : 1;
        var target = writer.GetSpan(json.Length + comma);
        target[0] = (byte)',';
        json.CopyTo(target[comma..]);
        writer.Advance(json.Length + comma);
    }

    /// <summary>An object with everything but its metadata left out.</summary>
    internal static ReadOnlyMemory<byte> MetadataOf(ReadOnlyMemory<byte> json, string version)
    {
        var head = version == "v1"
            ? "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":"u8 : "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1beta1\",\"metadata\":"u8;
        var metadata = Objects.Slice(json, "metadata"u8).Span;
        var result = new byte[head.Length + metadata.Length + 1];
        head.CopyTo(result);
        metadata.CopyTo(result.AsSpan(head.Length));
        result[^1] = (byte)'}';
        return result;
    }

    internal TableWriter Table(ApiRequest request, Accepted accepted, ResourceKind kind) =>
        new(kind, accepted.Version, request.Query["includeObject"], clock.GetUtcNow());

    private static Task WriteBodyAsync(HttpContext http, ReadOnlyMemory<byte> json, int code, AnswerFormat format, ResourceKind? kind = null)
    {
        switch (format)
        {
            case AnswerFormat.Yaml:
                return WriteBytesAsync(http, Encoding.UTF8.GetBytes(YamlWriter.Write(Objects.Tree(json))), code, Accepted.YamlType);
            case AnswerFormat.Protobuf when ProtobufAnswers.Object(json, kind) is { } message:
                return WriteBytesAsync(http, message, code, Accepted.ProtobufType);
            default:
                return WriteBytesAsync(http, json, code, Accepted.JsonType); // Also what has no protobuf form: every client of Kubernetes reads JSON.
        }
    }

    private static async Task WriteBytesAsync(HttpContext http, ReadOnlyMemory<byte> body, int code, string contentType)
    {
        var response = http.Response;
        response.StatusCode = code;
        response.ContentType = contentType;
        if (body.Length >= ApiLimits.CompressFrom && AcceptsGzip(http))
        {
            response.Headers.ContentEncoding = "gzip";
            response.Headers.Vary = "Accept-Encoding";
            await using var gzip = new GZipStream(response.Body, CompressionLevel.Fastest, leaveOpen: true);
            await gzip.WriteAsync(body, http.RequestAborted);
            return;
        }

        response.ContentLength = body.Length;
        if (http.Request.Method != "HEAD")
        {
            await response.BodyWriter.WriteAsync(body, http.RequestAborted);
        }
    }

    private static async Task WritePartsAsync(HttpContext http, List<byte[]> parts)
    {
        var response = http.Response;
        var length = parts.Sum(part => (long)part.Length);
        response.ContentType = Accepted.ProtobufType;
        if (length >= ApiLimits.CompressFrom && AcceptsGzip(http))
        {
            response.Headers.ContentEncoding = "gzip";
            response.Headers.Vary = "Accept-Encoding";
            await using var gzip = new GZipStream(response.Body, CompressionLevel.Fastest, leaveOpen: true);
            foreach (var part in parts)
            {
                await gzip.WriteAsync(part, http.RequestAborted);
            }

            return;
        }

        response.ContentLength = length;
        if (http.Request.Method == "HEAD")
        {
            return;
        }

        foreach (var part in parts)
        {
            Append(response.BodyWriter, part);
            if (response.BodyWriter.UnflushedBytes >= ApiLimits.ListChunkBytes)
            {
                await response.BodyWriter.FlushAsync(http.RequestAborted);
            }
        }

        await response.BodyWriter.FlushAsync(http.RequestAborted);
    }

    private static async Task WriteRawAsync(HttpContext http, RawAnswer raw)
    {
        if (raw.ETag is { } tag)
        {
            http.Response.Headers.ETag = tag;
            http.Response.Headers.Vary = "Accept";
        }

        if (raw.CacheControl is { } cache)
        {
            http.Response.Headers.CacheControl = cache;
        }

        if (raw.ETag is not null && http.Request.Headers.IfNoneMatch == raw.ETag)
        {
            http.Response.StatusCode = 304;
            return;
        }

        http.Response.StatusCode = raw.Code;
        http.Response.ContentType = raw.ContentType;
        if (raw.Body.Length >= ApiLimits.CompressFrom && AcceptsGzip(http))
        {
            http.Response.Headers.ContentEncoding = "gzip";
            await using var gzip = new GZipStream(http.Response.Body, CompressionLevel.Fastest, leaveOpen: true);
            await gzip.WriteAsync(raw.Body, http.RequestAborted);
            return;
        }

        http.Response.ContentLength = raw.Body.Length;
        await http.Response.BodyWriter.WriteAsync(raw.Body, http.RequestAborted);
    }

    private static string? RevisionOf(ObjectAnswer answer) => answer.Entry?.Revision.ToString(CultureInfo.InvariantCulture);

    private static bool AcceptsGzip(HttpContext http) => http.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase);

    private static string Escape(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).ReplaceLineEndings(" ");
}
