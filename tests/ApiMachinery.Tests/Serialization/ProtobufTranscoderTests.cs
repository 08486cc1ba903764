using System.Text;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Schemas;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.Resources;

namespace KubeAspire.ApiMachinery.Tests.Serialization;

public sealed class ProtobufTranscoderTests
{
    public static TheoryData<string> Definitions => [.. BuiltInTypes.All.Select(type => type.Definition), "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"];

    [Theory]
    [MemberData(nameof(Definitions))]
    public void EveryFieldOfEveryKind_SurvivesTheWay_FromJson_ToProtobuf_ToYaml_AndBack(string definition)
    {
        var (schema, apiVersion, kind) = TypeOf(definition);
        for (var seed = 0; seed < 4; seed++)
        {
            var value = new RandomObjects(seed) { Full = seed == 0 }.Object(schema, apiVersion, kind);
            var json = CanonicalJson.EncodeValue(value);

            var fromProtobuf = BodyDecoder.Decode(Transcode(json, schema, apiVersion, kind), BodyFormat.Protobuf, Kinds.SchemaOf);
            var fromYaml = BodyDecoder.Decode(Encoding.UTF8.GetBytes(YamlWriter.Write(value)), BodyFormat.Yaml, Kinds.SchemaOf);
            var fromJson = BodyDecoder.Decode(json, BodyFormat.Json, Kinds.SchemaOf);

            Assert.True(fromProtobuf.Succeeded, $"seed {seed}: {fromProtobuf.Error?.Message}");
            Assert.True(fromYaml.Succeeded, $"seed {seed}: {fromYaml.Error?.Message}");
            Assert.True(fromJson.Succeeded, $"seed {seed}: {fromJson.Error?.Message}");
            Trees.Same(value, fromProtobuf.Value.Value, $"protobuf of {definition}, seed {seed}");
            Trees.Same(value, fromYaml.Value.Value, $"YAML of {definition}, seed {seed}");
            Trees.Same(value, fromJson.Value.Value, $"JSON of {definition}, seed {seed}");
        }
    }

    [Theory]
    [MemberData(nameof(Definitions))]
    public void AFullObject_SetsEveryFieldThatHasANumber(string definition)
    {
        var (schema, apiVersion, kind) = TypeOf(definition);
        var value = new RandomObjects(0) { Full = true }.Object(schema, apiVersion, kind);

        Assert.All(schema.Properties.Where(property => property.Value.WirePath.Count > 0), property => Assert.True(value.ContainsKey(property.Key), property.Key));
    }

    [Theory]
    [MemberData(nameof(Definitions))]
    public void DamagedProtobuf_OfAnyKind_EndsInAStatus(string definition)
    {
        var (schema, apiVersion, kind) = TypeOf(definition);
        var body = Transcode(CanonicalJson.EncodeValue(new RandomObjects(1).Object(schema, apiVersion, kind)), schema, apiVersion, kind);
        var random = new Random(StableHash(definition));
        for (var run = 0; run < 60; run++)
        {
            var copy = run % 3 == 0 ? body[..random.Next(body.Length)] : body.ToArray();
            for (var flips = random.Next(1, 6); flips > 0 && copy.Length > 4; flips--)
            {
                copy[random.Next(4, copy.Length)] = (byte)random.Next(256);
            }

            var result = BodyDecoder.Decode(copy, BodyFormat.Protobuf, Kinds.SchemaOf, kind);
            Assert.True(result.Succeeded || result.Error.Code == 400, $"run {run}");
        }
    }

    [Theory]
    [MemberData(nameof(Definitions))]
    public void DamagedText_OfAnyKind_EndsInAStatus(string definition)
    {
        var (schema, apiVersion, kind) = TypeOf(definition);
        var value = new RandomObjects(2).Object(schema, apiVersion, kind);
        var random = new Random(StableHash(definition));
        foreach (var (format, body) in new[] { (BodyFormat.Json, CanonicalJson.EncodeValue(value)), (BodyFormat.Yaml, Encoding.UTF8.GetBytes(YamlWriter.Write(value))) })
        {
            for (var run = 0; run < 20; run++)
            {
                var copy = body.ToArray();
                for (var flips = random.Next(1, 6); flips > 0; flips--)
                {
                    copy[random.Next(copy.Length)] = (byte)random.Next(256);
                }

                var result = BodyDecoder.Decode(copy, format, Kinds.SchemaOf, kind);
                Assert.True(result.Succeeded || result.Error.Code == 400, $"{format} run {run}");
                if (result.Succeeded)
                {
                    // What decodes is then judged by its schema: an error or none, never an exception.
                    var tree = result.Value.Value;
                    UnknownFields.Prune(tree, schema);
                    if (TypeCheck.Check(tree, schema, kind) is null)
                    {
                        Normalization.Apply(tree, schema);
                    }
                }
            }
        }
    }

    [Fact]
    public void EscapedText_IsUnescaped_AndLongMessages_HaveLongLengths()
    {
        var text = new string('x', 70_000) + "\"\\\n\u2028é😀";
        var value = new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["data"] = new JsonObject { ["a\u2028b"] = text, ["c"] = "" }, ["binaryData"] = new JsonObject { ["d"] = "AAEC+/8=" },
        };
        // The default encoder escapes what the stored form does not.
        var body = Transcode(Encoding.UTF8.GetBytes(value.ToJsonString()), Kinds.ConfigMap, "v1", "ConfigMap");

        Trees.Same(value, BodyDecoder.Decode(body, BodyFormat.Protobuf, Kinds.SchemaOf).Value?.Value, "escaped");
    }

    [Fact]
    public void NullsAndUnknownProperties_AreLeftOut()
    {
        var body = Transcode("""{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","creationTimestamp":null,"labels":null},"unknown":[{"x":1}],"data":null}"""u8.ToArray(), Kinds.ConfigMap, "v1", "ConfigMap");

        Trees.Same(
            JsonNode.Parse("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}""")!.AsObject(),
            BodyDecoder.Decode(body, BodyFormat.Protobuf, Kinds.SchemaOf).Value?.Value, "nulls");
    }

    [Theory]
    [InlineData("""{"data":[]}""")]
    [InlineData("""{"data":{"a":7}}""")]
    [InlineData("""{"immutable":"yes"}""")]
    [InlineData("""{"binaryData":{"a":"*"}}""")]
    public void AnotherShape_IsAFormatError(string json) => Assert.Throws<FormatException>(() => Transcode(Encoding.UTF8.GetBytes(json), Kinds.ConfigMap, "v1", "ConfigMap"));

    internal static (Schema Schema, string ApiVersion, string Kind) TypeOf(string definition) =>
        BuiltInTypes.All.FirstOrDefault(type => type.Definition == definition) is { } type
            ? (Kinds.Find(definition), type.Type.ApiVersion, type.Type.Kind) : (Kinds.Find(definition), "v1", definition[(definition.LastIndexOf('.') + 1)..]);

    internal static byte[] Transcode(byte[] json, Schema schema, string apiVersion, string kind)
    {
        using var output = new ProtobufBuffer();
        ProtobufTranscoder.WriteObject(json, schema, apiVersion, kind, output);
        return output.Written.ToArray();
    }

    private static int StableHash(string text) => text.Aggregate(17, (hash, c) => unchecked((hash * 31) + c));
}
