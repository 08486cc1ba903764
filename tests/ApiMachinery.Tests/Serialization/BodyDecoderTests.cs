using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Serialization;

namespace KubeAspire.ApiMachinery.Tests.Serialization;

public sealed class BodyDecoderTests
{
    private const string Head = "the object provided is unrecognized (must be of type Pod): ";
    private const string JsonHead = Head + "couldn't get version/kind; json parse error: ";

    public static TheoryData<string, string> BadJson => new()
    {
        { "", JsonHead + "unexpected end of JSON input (<empty>)" },
        { "x", JsonHead + "invalid character 'x' looking for beginning of value (78)" },
        { "{", JsonHead + "unexpected end of JSON input ({)" },
        { "{a:1}", JsonHead + "invalid character 'a' looking for beginning of object key string ({a:1})" },
        { """{"a" 1}""", JsonHead + """invalid character '1' after object key ({"a" 1})""" },
        { """{"a":1 "b":2}""", JsonHead + """invalid character '"' after object key:value pair ({"a":1 "b":2})""" },
        { """{"a":[1 2]}""", JsonHead + """invalid character '2' after array element ({"a":[1 2]})""" },
        { """{"a":1,}""", JsonHead + """invalid character '}' looking for beginning of object key string ({"a":1,})""" },
        { """{"a":tru}""", JsonHead + """invalid character '}' in literal true (expecting 'e') ({"a":tru})""" },
        { """{"a":1}x""", JsonHead + """invalid character 'x' after top-level value ({"a":1}x)""" },
        { """{"a":-}""", JsonHead + """invalid character '}' in numeric literal ({"a":-})""" },
        { """{"a":"\q"}""", JsonHead + """invalid character 'q' in string escape code ({"a":"\q"})""" },
        { "[1]", JsonHead + """json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" } (5b315d)""" },
        { """{"kind":1}""", JsonHead + """json: cannot unmarshal number into Go struct field .kind of type string ({"kind":1})""" },
    };

    [Theory]
    [MemberData(nameof(BadJson))]
    public void BadJson_IsRefused_InGosWords(string body, string message)
    {
        var result = Decode(body, BodyFormat.Json);

        Assert.Equal(message, result.Error!.Message);
        Assert.Equal(ApiErrorReason.BadRequest, result.Error.Reason);
    }

    [Theory]
    [InlineData(BodyFormat.Json)]
    [InlineData(BodyFormat.Yaml)]
    public void NestingOfAHundredThousandLevels_IsRefused(BodyFormat format)
    {
        Assert.Equal(400, Decode("{\"a\":" + new string('[', 100_000), format).Error!.Code);
        Assert.Equal(400, Decode("{\"a\":" + string.Concat(Enumerable.Repeat("{\"a\":", 100_000)), format).Error!.Code);
        Assert.Equal(400, Decode("a: " + new string('[', 100_000), format).Error!.Code);
        Assert.Contains("exceeded max depth", Decode("{\"a\":" + new string('[', 100_000) + new string(']', 100_000) + "}", BodyFormat.Json).Error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(499)]
    public void NestingBelowTheBound_IsAccepted_AndEncodes(int levels)
    {
        var value = Decode("{\"a\":" + new string('[', levels) + new string(']', levels) + "}", BodyFormat.Json).Value!.Value;

        Assert.NotEmpty(CanonicalJson.Encode(value).Json);
    }

    [Fact]
    public void DuplicateField_IsTold_AndTheLastOneWins()
    {
        var body = Decode("""{"spec":{"replicas":1,"replicas":2,"containers":[{"name":"a","name":"b"}]}}""", BodyFormat.Json).Value!;

        Assert.Equal(["duplicate field \"spec.replicas\"", "duplicate field \"spec.containers[0].name\""], body.StrictProblems);
        Trees.Same("""{"spec":{"replicas":2,"containers":[{"name":"b"}]}}""", body.Value);
    }

    [Fact]
    public void DuplicateKeyInYaml_IsTold_AsTheYamlLibraryTellsIt()
    {
        var body = Decode("spec:\n  replicas: 1\n  replicas: 2\n", BodyFormat.Yaml).Value!;

        Assert.Equal(["yaml: unmarshal errors:\n  line 3: key \"replicas\" already set in map"], body.StrictProblems);
        Trees.Same("""{"spec":{"replicas":2}}""", body.Value);
    }

    [Fact]
    public void BadUtf8AndLoneSurrogates_BecomeReplacementCharacters()
    {
        byte[] bad = [.. "{\"a\":\""u8, 0xff, .. "\",\"b\":\"x\\ud800y\",\"c\":\"\\ud83d\\ude00\"}"u8];

        var value = BodyDecoder.Decode(bad, BodyFormat.Json, (_, _) => null).Value!.Value;

        Assert.Equal("\ufffd", value["a"]!.GetValue<string>());
        Assert.Equal("x\ufffdy", value["b"]!.GetValue<string>());
        Assert.Equal("😀", value["c"]!.GetValue<string>());
    }

    [Fact]
    public void Numbers_ReadAsAnyClrType()
    {
        foreach (var format in (BodyFormat[])[BodyFormat.Json, BodyFormat.Yaml])
        {
            var value = Decode("a: 3"[..0] + (format == BodyFormat.Json ? """{"a":3,"b":100000}""" : "a: 3\nb: 100000"), format).Value!.Value;
            Assert.Equal(3, value["a"]!.GetValue<int>());
            Assert.Equal(100000L, value["b"]!.GetValue<long>());
            Assert.Equal(100000d, value["b"]!.GetValue<double>());
        }
    }

    [Fact]
    public void AliasBomb_IsRefusedQuickly()
    {
        var bomb = new StringBuilder("a: &a [x,x,x,x,x,x,x,x,x]\n");
        for (var c = 'b'; c <= 'z'; c++)
        {
            var previous = (char)(c - 1);
            bomb.Append(c).Append(": &").Append(c).Append(" [").Append(string.Join(',', Enumerable.Repeat($"*{previous}", 9))).Append("]\n");
        }

        var watch = Stopwatch.StartNew();
        var result = Decode(bomb.ToString(), BodyFormat.Yaml);

        Assert.Contains("error converting YAML to JSON: yaml: document contains excessive aliasing", result.Error!.Message, StringComparison.Ordinal);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), $"took {watch.Elapsed}");
    }

    [Fact]
    public void AliasOfALongText_IsCountedByItsLength()
    {
        var body = $"a: &a {new string('x', 1 << 20)}\nb: [{string.Join(',', Enumerable.Repeat("*a", 50))}]";

        Assert.Contains("excessive aliasing", Decode(body, BodyFormat.Yaml).Error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a: &x [*x]", "anchor 'x' value contains itself")]
    [InlineData("a: *nowhere", "nowhere")]
    [InlineData("a: b: c", "error converting YAML to JSON: yaml: line 1: mapping values are not allowed in this context")]
    [InlineData("a: [1", "error converting YAML to JSON: yaml: line")]
    [InlineData("a:\n\tb: 1\n\tc: 2", "error converting YAML to JSON: yaml: line")]
    [InlineData("a: .inf", "json: unsupported value: +Inf")]
    [InlineData("a: 1\n---\nb: 2", "expected a single document")]
    [InlineData("[1, 2]", "cannot unmarshal array")]
    [InlineData("", "unexpected end of JSON input")]
    public void BadYaml_IsRefused(string body, string message)
    {
        var result = Decode(body, BodyFormat.Yaml);

        Assert.Equal(400, result.Error!.Code);
        Assert.True(result.Error.Message.Contains(message, StringComparison.Ordinal), result.Error.Message);
    }

    [Fact]
    public void NoMutationOfABody_Throws()
    {
        var random = new Random(7);
        var json = new RandomObjects(5).Object(Kinds.Pod, "v1", "Pod");
        byte[][] bodies = [Encoding.UTF8.GetBytes(json.ToJsonString()), Encoding.UTF8.GetBytes(YamlWriter.Write(json)), "a: &x {b: [1, *y]}\n? k\n: |\n  t\n<<: *x\n"u8.ToArray()];
        for (var run = 0; run < 1500; run++)
        {
            var copy = bodies[run % bodies.Length].ToArray();
            for (var flips = random.Next(1, 8); flips > 0; flips--)
            {
                copy[random.Next(copy.Length)] = (byte)(random.Next(3) == 0 ? random.Next(256) : "{}[]:,-&*!|>'\"%@` \n\t#?"[random.Next(22)]);
            }

            foreach (var format in (BodyFormat[])[BodyFormat.Json, BodyFormat.Yaml])
            {
                var result = BodyDecoder.Decode(copy, format, (_, _) => null);
                Assert.True(result.Succeeded || result.Error.Code == 400, $"run {run}");
            }
        }
    }

    private static ApiResult<DecodedBody> Decode(string body, BodyFormat format) =>
        BodyDecoder.Decode(Encoding.UTF8.GetBytes(body), format, (_, _) => null, "Pod");
}
