using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.Resources;

namespace KubeAspire.ApiMachinery.Tests.Serialization;

public sealed class ProtobufTests
{
    public static TheoryData<string> Definitions => [.. BuiltInTypes.All.Select(type => type.Definition)];

    [Theory]
    [MemberData(nameof(Definitions))]
    public void AnyObjectOfAnyKind_SurvivesTheWay_ToProtobufAndBack(string definition)
    {
        var type = BuiltInTypes.All.First(type => type.Definition == definition).Type;
        var schema = Kinds.Find(definition);
        for (var seed = 0; seed < 10; seed++)
        {
            var value = new RandomObjects(seed).Object(schema, type.ApiVersion, type.Kind);

            var body = ProtobufWriter.Write(value, schema);
            var back = BodyDecoder.Decode(body, BodyFormat.Protobuf, Kinds.SchemaOf);

            Assert.True(back.Succeeded, $"seed {seed}: {back.Error?.Message}");
            Trees.Same(value, back.Value.Value, $"{definition}, seed {seed}");
        }
    }

    [Fact]
    public void Garbage_IsRefused_AndNeverThrows()
    {
        var random = new Random(1);
        var value = new RandomObjects(3).Object(Kinds.Pod, "v1", "Pod");
        var body = ProtobufWriter.Write(value, Kinds.Pod);
        for (var run = 0; run < 3000; run++)
        {
            var copy = run % 3 == 0 ? body[..random.Next(body.Length)] : body.ToArray();
            for (var flips = random.Next(1, 6); flips > 0 && copy.Length > 4; flips--)
            {
                copy[random.Next(4, copy.Length)] = (byte)random.Next(256);
            }

            var result = BodyDecoder.Decode(copy, BodyFormat.Protobuf, Kinds.SchemaOf);
            Assert.True(result.Succeeded || result.Error.Code == 400, $"run {run}");
        }
    }

    [Fact]
    public void BodyWithoutMagic_IsRefused_InUpstreamsWords()
    {
        var result = BodyDecoder.Decode("{}"u8.ToArray(), BodyFormat.Protobuf, Kinds.SchemaOf, "Pod");

        Assert.Equal(
            "the object provided is unrecognized (must be of type Pod): provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] ({})",
            result.Error!.Message);
    }

    // Go writes plain scalars always and pointers only when set: a zero tells something in a pointer alone.
    [Theory]
    [InlineData("""{"spec":{"replicas":0}}""", """{"spec":{"replicas":0}}""")]
    [InlineData("""{"spec":{"minReadySeconds":0,"paused":false}}""", """{"spec":{}}""")]
    [InlineData("""{"spec":{"strategy":{"rollingUpdate":{"maxUnavailable":0}}}}""", """{"spec":{"strategy":{"rollingUpdate":{"maxUnavailable":0}}}}""")]
    [InlineData("""{"metadata":{"name":"","generation":0}}""", """{"metadata":{}}""")]
    [InlineData("""{"metadata":{"labels":{"a":""}}}""", """{"metadata":{"labels":{"a":""}}}""")]
    [InlineData("""{"spec":{"template":{"spec":{"securityContext":{},"hostNetwork":false,"enableServiceLinks":false}}}}""", """{"spec":{"template":{"spec":{"securityContext":{},"enableServiceLinks":false}}}}""")]
    [InlineData("""{"status":{"conditions":[{"type":"A","status":"True","message":"","reason":""}]}}""", """{"status":{"conditions":[{"type":"A","status":"True"}]}}""")]
    public void Zero_IsKept_WhereItSaysSomething(string json, string expected)
    {
        var body = ProtobufWriter.Write(Trees.Of(json), Kinds.Deployment);

        var value = BodyDecoder.Decode(body, BodyFormat.Protobuf, (_, _) => Kinds.Deployment).Value!.Value;

        Trees.Same(expected, value);
    }

    [Fact]
    public void DeepNesting_IsRefused()
    {
        var schema = new ApiMachinery.Schemas.SchemaTable();
        schema.Add([new("Deep", "object\nnext @Deep #1")]);
        var body = Array.Empty<byte>();
        for (var depth = 0; depth < 2000; depth++)
        {
            body = [0x0a, .. Varint(body.Length), .. body];
        }

        byte[] envelope = [.. "k8s\0"u8, 0x12, .. Varint(body.Length), .. body];
        var result = BodyDecoder.Decode(envelope, BodyFormat.Protobuf, (_, _) => schema.Find("Deep"));

        Assert.Contains("exceeded max depth", result.Error!.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<byte> Varint(int value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            yield return (byte)(value | 0x80);
        }

        yield return (byte)value;
    }
}
