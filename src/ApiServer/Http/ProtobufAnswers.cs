using System.Collections.Concurrent;
using System.Text;
using KubeAspire.ApiMachinery.Schemas;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.ApiServer.Storage;
using KubeAspire.ApiServer.Verbs;
using KubeAspire.Resources;
using KubeAspire.Resources.Kinds;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Http;

/// <summary>Objects in protobuf, made of their stored JSON; what watchers share is made once.</summary>
internal sealed class ProtobufAnswers
{
    /// <summary>Bytes of messages kept for other watchers of the same events: 16 MiB, the latest few thousand objects.</summary>
    public const long MaximumKept = 16 << 20;

    private static readonly Schema s_objectMeta = BuiltInTypes.Schemas.Find("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")!;
    private static readonly Schema s_listMeta = BuiltInTypes.Schemas.Find("io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta")!;
    private static readonly Schema s_status = BuiltInTypes.Schemas.Find("io.k8s.apimachinery.pkg.apis.meta.v1.Status")!;

    private readonly ConcurrentDictionary<StateEntry, byte[]> _kept = new(ReferenceEqualityComparer.Instance);
    private readonly ConcurrentQueue<StateEntry> _order = new();
    private long _bytes;

    /// <summary>Bytes kept at the moment.</summary>
    public long Kept => Interlocked.Read(ref _bytes);

    /// <summary>An object in its envelope; null where its type has no numbered fields.</summary>
    public static byte[]? Object(ReadOnlyMemory<byte> json, ResourceKind? kind)
    {
        var (apiVersion, name) = kind is null ? TypeOf(json) : (kind.Type.ApiVersion, kind.Type.Kind);
        if ((kind?.Schema ?? SchemaOf(apiVersion, name)) is not { } schema)
        {
            return null;
        }

        using var output = new ProtobufBuffer();
        ProtobufTranscoder.WriteObject(json.Span, schema, apiVersion, name, output);
        return output.Written.ToArray();
    }

    /// <summary>An object of which only the metadata are wanted.</summary>
    public static byte[] Metadata(ReadOnlyMemory<byte> json, string version)
    {
        using var output = new ProtobufBuffer();
        var raw = ProtobufTranscoder.BeginEnvelope("meta.k8s.io/" + version, "PartialObjectMetadata", output);
        WriteMetadata(json, output);
        ProtobufTranscoder.EndEnvelope(raw, output);
        return output.Written.ToArray();
    }

    /// <summary>A list, in parts that follow each other: the beginning, each item, the end.</summary>
    /// <param name="kind">Kind of the items.</param>
    /// <param name="listMeta">The list's metadata as JSON.</param>
    /// <param name="items">The items.</param>
    /// <param name="metadataVersion">Version of PartialObjectMetadataList where only metadata are wanted; otherwise null.</param>
    public List<byte[]> List(ResourceKind kind, string listMeta, IReadOnlyList<StateEntry> items, string? metadataVersion)
    {
        var parts = new List<byte[]>(items.Count + 2) { Array.Empty<byte>() };
        long length;
        using (var message = new ProtobufBuffer())
        {
            var head = message.Begin(1);
            ProtobufTranscoder.WriteMessage(Encoding.UTF8.GetBytes(listMeta), s_listMeta, message);
            message.End(head);
            parts.Add(message.Written.ToArray());
            length = message.Count;
            foreach (var item in items)
            {
                message.Clear();
                var start = message.Begin(2);
                if (metadataVersion is not null)
                {
                    WriteMetadata(item.Json, message);
                }
                else if (_kept.TryGetValue(item, out var made))
                {
                    message.Raw(made);
                }
                else
                {
                    ProtobufTranscoder.WriteMessage(item.Json.Span, kind.Schema, message);
                }

                message.End(start);
                parts.Add(message.Written.ToArray());
                length += message.Count;
            }
        }

        var (apiVersion, name) = metadataVersion is null ? (kind.Type.ApiVersion, kind.Type.Kind + "List") : ("meta.k8s.io/" + metadataVersion, "PartialObjectMetadataList");
        parts[0] = EnvelopeHead(apiVersion, name, length);
        parts.Add([0x1A, 0, 0x22, 0]); // content encoding and content type: empty
        return parts;
    }

    /// <summary>One event of a watch in its frame: four bytes of length, then a WatchEvent that holds the object in an envelope.</summary>
    public byte[] Frame(string type, ReadOnlyMemory<byte> json, StateEntry? entry, ResourceKind kind, string? metadataVersion, bool isStatus)
    {
        using var output = new ProtobufBuffer();
        output.Reserve(sizeof(uint));
        ProtobufTranscoder.Text(output, 1, type);
        var extension = output.Begin(2);
        var inner = output.Begin(1);
        if (isStatus)
        {
            ProtobufTranscoder.WriteObject(json.Span, s_status, "v1", "Status", output);
        }
        else
        {
            var raw = ProtobufTranscoder.BeginEnvelope(
                metadataVersion is null ? kind.Type.ApiVersion : "meta.k8s.io/" + metadataVersion, metadataVersion is null ? kind.Type.Kind : "PartialObjectMetadata", output);
            if (metadataVersion is not null)
            {
                WriteMetadata(json, output);
            }
            else if (entry is not null)
            {
                output.Raw(MessageOf(entry, kind.Schema));
            }
            else
            {
                ProtobufTranscoder.WriteMessage(json.Span, kind.Schema, output);
            }

            ProtobufTranscoder.EndEnvelope(raw, output);
        }

        output.End(inner);
        output.End(extension);
        var frame = output.Written.ToArray();
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(frame, (uint)(frame.Length - sizeof(uint)));
        return frame;
    }

    private byte[] MessageOf(StateEntry entry, Schema schema)
    {
        if (_kept.TryGetValue(entry, out var found))
        {
            return found;
        }

        using var output = new ProtobufBuffer();
        ProtobufTranscoder.WriteMessage(entry.Json.Span, schema, output);
        var made = output.Written.ToArray();
        if (_kept.TryAdd(entry, made))
        {
            _order.Enqueue(entry);
            Interlocked.Add(ref _bytes, made.Length);
            while (Interlocked.Read(ref _bytes) > MaximumKept && _order.TryDequeue(out var oldest))
            {
                if (_kept.TryRemove(oldest, out var gone))
                {
                    Interlocked.Add(ref _bytes, -gone.Length);
                }
            }
        }

        return made;
    }

    private static void WriteMetadata(ReadOnlyMemory<byte> json, ProtobufBuffer output)
    {
        var metadata = output.Begin(1);
        ProtobufTranscoder.WriteMessage(Objects.Slice(json, "metadata"u8).Span, s_objectMeta, output);
        output.End(metadata);
    }

    // Magic, the type, and the length of a message that follows in parts.
    private static byte[] EnvelopeHead(string apiVersion, string kind, long length)
    {
        using var output = new ProtobufBuffer();
        var raw = ProtobufTranscoder.BeginEnvelope(apiVersion, kind, output);
        output.Shrink(output.Count - raw + 1); // The one byte of length that Begin left room for.
        for (var rest = (ulong)length; ; rest >>= 7)
        {
            if (rest < 0x80)
            {
                output.Reserve(1)[0] = (byte)rest;
                return output.Written.ToArray();
            }

            output.Reserve(1)[0] = (byte)(rest | 0x80);
        }
    }

    private static Schema? SchemaOf(string apiVersion, string kind) => (apiVersion, kind) == ("v1", "Status") ? s_status : Decoding.SchemaOf(apiVersion, kind);

    private static (string ApiVersion, string Kind) TypeOf(ReadOnlyMemory<byte> json) => (Text(Objects.Slice(json, "apiVersion"u8)), Text(Objects.Slice(json, "kind"u8)));

    private static string Text(ReadOnlyMemory<byte> json) => json.Span is [(byte)'"', .. var text, (byte)'"'] ? Encoding.UTF8.GetString(text) : "";
}
