using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.Resources;

namespace KubeAspire.ApiMachinery.Tests.Serialization;

/// <summary>
/// Reads what the transcoder wrote with another library's decoder, led by the published messages and by nothing of ours: every field
/// must stand under its published number with its published type, and none may be missing.
/// </summary>
public sealed class PublishedMessagesTests
{
    private const string Missing = "the published API (shared/kubernetes/messages.json) is not beside this repository";

    private static readonly Dictionary<string, JsonElement>? s_messages = Load();

    public static TheoryData<string> Definitions => [.. BuiltInTypes.All.Select(type => type.Definition)];

    [Theory]
    [MemberData(nameof(Definitions))]
    public void EveryField_StandsUnderItsPublishedNumber(string definition)
    {
        Assert.SkipWhen(s_messages is null, Missing);
        var (schema, apiVersion, kind) = ProtobufTranscoderTests.TypeOf(definition);
        var value = new RandomObjects(0) { Full = true }.Object(schema, apiVersion, kind);
        var body = ProtobufTranscoderTests.Transcode(CanonicalJson.EncodeValue(value), schema, apiVersion, kind);

        var envelope = new CodedInputStream(body[4..]);
        ByteString? raw = null;
        while (envelope.ReadTag() is var tag and not 0)
        {
            var bytes = envelope.ReadBytes();
            raw = WireFormat.GetTagFieldNumber(tag) == 2 ? bytes : raw;
        }

        value.Remove("apiVersion");
        value.Remove("kind");
        Message(value, raw!, MessageOf(definition), definition);
    }

    // io.k8s.api.core.v1.Pod is k8s.io.api.core.v1.Pod on the wire.
    private static string MessageOf(string definition) => definition
        .Replace("io.k8s.apiextensions-apiserver", "k8s.io.apiextensions_apiserver", StringComparison.Ordinal)
        .Replace("io.k8s.kube-aggregator", "k8s.io.kube_aggregator", StringComparison.Ordinal)
        .Replace("io.k8s.", "k8s.io.", StringComparison.Ordinal);

    private static void Message(JsonObject value, ByteString bytes, string type, string path)
    {
        var left = value.Select(property => property.Key).ToHashSet(StringComparer.OrdinalIgnoreCase);
        Fields(value, bytes, type, path, left, []);
        Assert.True(left.Count == 0, $"{path}: not on the wire: {string.Join(", ", left)}");
    }

    private static void Fields(JsonObject value, ByteString bytes, string type, string path, HashSet<string> left, Dictionary<string, int> seen)
    {
        var fields = s_messages!.TryGetValue(type, out var found) ? found : throw new InvalidOperationException($"{path}: no message {type}");
        var input = new CodedInputStream(bytes.ToByteArray());
        while (input.ReadTag() is var tag and not 0)
        {
            var number = WireFormat.GetTagFieldNumber(tag);
            var field = fields.EnumerateObject().FirstOrDefault(one => one.Value.GetProperty("n").GetInt32() == number);
            Assert.True(field.Value.ValueKind == JsonValueKind.Object, $"{path}: {type} has no field {number}");
            var (name, kind) = (Plain(field.Name), field.Value.GetProperty("t").GetString()!);
            var property = value.FirstOrDefault(one => Plain(one.Key).Equals(name, StringComparison.OrdinalIgnoreCase));
            if (property.Key is null)
            {
                // No such property in JSON: a struct whose fields are the outer object's own there.
                Fields(value, input.ReadBytes(), Resolve(kind, type), $"{path}({name})", left, seen);
                continue;
            }

            left.Remove(property.Key);
            var node = property.Value;
            if (node is JsonArray items && field.Value.TryGetProperty("rep", out _))
            {
                var at = seen.GetValueOrDefault(property.Key);
                seen[property.Key] = at + 1;
                node = items[at];
            }

            Value(node, input, kind, type, $"{path}.{name}");
        }
    }

    private static void Value(JsonNode? node, CodedInputStream input, string kind, string within, string path)
    {
        switch (kind)
        {
            case "string":
                Assert.Equal(node!.GetValue<string>(), input.ReadString());
                break;
            case "bytes":
                Assert.Equal(node!.GetValue<string>(), input.ReadBytes().ToBase64());
                break;
            case "bool":
                Assert.Equal(node!.GetValue<bool>(), input.ReadBool());
                break;
            case "int32":
                Assert.Equal(node.AsInt64(), input.ReadInt32());
                break;
            case "int64":
                Assert.Equal(node.AsInt64(), input.ReadInt64());
                break;
            case "double":
                Assert.Equal(double.Parse(node!.ToJsonString(), CultureInfo.InvariantCulture), input.ReadDouble());
                break;
            case var map when map.StartsWith("map<", StringComparison.Ordinal):
                Entry((JsonObject)node!, input.ReadBytes(), map[(map.IndexOf(',', StringComparison.Ordinal) + 1)..^1].Trim(), within, path);
                break;
            default:
                Nested(node, input.ReadBytes(), Resolve(kind, within), path);
                break;
        }
    }

    private static void Entry(JsonObject map, ByteString bytes, string kind, string within, string path)
    {
        var input = new CodedInputStream(bytes.ToByteArray());
        Assert.Equal(1, WireFormat.GetTagFieldNumber(input.ReadTag()));
        var key = input.ReadString();
        Assert.True(map.ContainsKey(key), $"{path}: no key {key}");
        Assert.Equal(2, WireFormat.GetTagFieldNumber(input.ReadTag()));
        Value(map[key], input, kind, within, $"{path}[{key}]");
    }

    private static void Nested(JsonNode? node, ByteString bytes, string type, string path)
    {
        var inner = s_messages!.TryGetValue(type, out var fields) ? fields.EnumerateObject().ToDictionary(field => field.Value.GetProperty("n").GetInt32(), field => field.Name) : [];
        var simple = type[(type.LastIndexOf('.') + 1)..];
        switch (simple)
        {
            case "Time" or "MicroTime" or "Quantity" or "IntOrString" or "RawExtension" or "FieldsV1" or "JSON":
                var values = new Dictionary<string, object>(StringComparer.Ordinal);
                var input = new CodedInputStream(bytes.ToByteArray());
                while (input.ReadTag() is var tag and not 0)
                {
                    values[inner[WireFormat.GetTagFieldNumber(tag)].ToLowerInvariant()] = WireFormat.GetTagWireType(tag) == WireFormat.WireType.Varint ? input.ReadInt64() : input.ReadBytes();
                }

                Assert.Equal(Shown(simple, values), node is JsonValue text && text.TryGetValue<string>(out var found) ? found : node!.ToJsonString());
                break;
            case "JSONSchemaPropsOrBool":
                Message(node is JsonObject ? new JsonObject { ["allows"] = true, ["schema"] = node.DeepClone() } : new JsonObject { ["allows"] = node!.DeepClone() }, bytes, type, path);
                break;
            case "JSONSchemaPropsOrArray" or "JSONSchemaPropsOrStringArray":
                Message(new JsonObject { [node is JsonObject ? "schema" : simple == "JSONSchemaPropsOrArray" ? "jSONSchemas" : "property"] = node!.DeepClone() }, bytes, type, path);
                break;
            default:
                if (node is JsonArray list)
                {
                    Fields(new JsonObject { ["items"] = list.DeepClone() }, bytes, type, path, [], []);
                }
                else
                {
                    Message((JsonObject)node!, bytes, type, path);
                }

                break;
        }
    }

    private static string Shown(string type, Dictionary<string, object> values) => type switch
    {
        "Time" => DateTimeOffset.FromUnixTimeSeconds((long)values["seconds"]).UtcDateTime.ToString(TimeConverter.Format, CultureInfo.InvariantCulture),
        "MicroTime" => DateTimeOffset.FromUnixTimeSeconds((long)values["seconds"]).AddTicks((long)values["nanos"] / 100).UtcDateTime.ToString(MicroTimeConverter.Format, CultureInfo.InvariantCulture),
        "Quantity" => ((ByteString)values["string"]).ToStringUtf8(),
        "IntOrString" => (long)values["type"] == 0 ? ((long)values["intval"]).ToString(CultureInfo.InvariantCulture) : ((ByteString)values["strval"]).ToStringUtf8(),
        _ => JsonNode.Parse(((ByteString)values["raw"]).ToStringUtf8())!.ToJsonString(),
    };

    // Some names in JSON are no identifiers: $ref, x-kubernetes-map-type.
    private static string Plain(string name) => string.Concat(name.Where(char.IsAsciiLetterOrDigit));

    private static string Resolve(string kind, string within) => kind.Contains('.') ? kind.TrimStart('.') : $"{within[..within.LastIndexOf('.')]}.{kind}";

    private static Dictionary<string, JsonElement>? Load()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var file = Path.Combine(folder.FullName, "shared", "kubernetes", "messages.json");
            if (File.Exists(file))
            {
                return JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(File.ReadAllBytes(file));
            }
        }

        return null;
    }
}
