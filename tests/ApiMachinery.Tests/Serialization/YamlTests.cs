using System.Text;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Serialization;

namespace KubeAspire.ApiMachinery.Tests.Serialization;

public sealed class YamlTests
{
    // What sigs.k8s.io/yaml makes of a value, as JSON.
    public static TheoryData<string, string> Scalars => new()
    {
        { "yes", "true" }, { "On", "true" }, { "y", "true" }, { "NO", "false" }, { "off", "false" }, { "True", "true" },
        { "\"yes\"", "\"yes\"" }, { "'on'", "\"on\"" }, { "yep", "\"yep\"" },
        { "~", "null" }, { "", "null" }, { "Null", "null" }, { "'null'", "\"null\"" },
        { "12", "12" }, { "-7", "-7" }, { "+7", "7" }, { "0777", "511" }, { "0o17", "15" }, { "0x1F", "31" }, { "0b101", "5" }, { "1_000", "1000" }, { "08", "8" },
        { "1.5", "1.5" }, { "1e3", "1000" }, { ".5", "0.5" }, { "1.", "1" }, { "1.2.3", "\"1.2.3\"" }, { "12:30:45", "\"12:30:45\"" },
        { "9223372036854775807", "9223372036854775807" }, { "18446744073709551615", "18446744073709551615" },
        { "2026-11-21", "\"2026-11-21\"" }, { "2026-11-21T04:00:00Z", "\"2026-11-21T04:00:00Z\"" },
        { "!!str 5", "\"5\"" }, { "!!int \"5\"", "5" }, { "!!binary aGk=", "\"hi\"" },
        { "{a: 1, b: [x, 'y']}", """{"a":1,"b":["x","y"]}""" },
        { "|\n  two\n  lines\n", "\"two\\nlines\\n\"" }, { ">-\n  fold\n  ed\n", "\"fold ed\"" },
        { "100m", "\"100m\"" }, { "1Gi", "\"1Gi\"" }, { "-", "[null]" },
    };

    [Theory]
    [MemberData(nameof(Scalars))]
    public void Scalar_HasTheTypeThatUpstreamGivesIt(string yaml, string json)
    {
        var document = YamlReader.ReadAll(Encoding.UTF8.GetBytes($"v: {(yaml == "-" ? "\n- " : yaml)}\n")).Value![0];

        Trees.Same(JsonNode.Parse(json), document["v"]);
    }

    [Fact]
    public void ReadAll_ReadsEveryDocument_AndLeavesEmptyOnesOut()
    {
        var documents = YamlReader.ReadAll("---\na: 1\n---\n---\n# only a comment\n---\nb: 2\n...\n"u8.ToArray()).Value!;

        Assert.Equal(2, documents.Length);
        Trees.Same("""{"b":2}""", documents[1]);
    }

    [Theory]
    [InlineData("base: &b {x: 1, z: 2}\nv:\n  <<: *b\n  z: 3", """{"x":1,"z":3}""")]
    [InlineData("base: &b {x: 1, z: 2}\nv:\n  z: 3\n  <<: *b", """{"z":3,"x":1}""")]
    [InlineData("one: &b {x: 1}\ntwo: &c {x: 5, z: 2}\nv:\n  <<: [*b, *c]", """{"x":1,"z":2}""")]
    [InlineData("v: {1: a, true: b, 1.5: c}", """{"1":"a","true":"b","1.5":"c"}""")]
    public void MergeKeysAndOddKeys_AreReadAsUpstreamReadsThem(string yaml, string json) =>
        Trees.Same(JsonNode.Parse(json), YamlReader.ReadAll(Encoding.UTF8.GetBytes(yaml)).Value![0]["v"]);

    [Fact]
    public void Writer_WritesAsKubectlShowsObjects()
    {
        var yaml = YamlWriter.Write(Trees.Of(
            """{"kind":"Pod","apiVersion":"v1","spec":{"containers":[{"name":"a","args":["-c","true","echo: x"],"env":[]}],"on":"yes","text":"a\nb\n","n":1,"t":true,"e":{}}}"""));

        Assert.Equal(
            """
            apiVersion: v1
            kind: Pod
            spec:
              containers:
              - args:
                - -c
                - "true"
                - "echo: x"
                env: []
                name: a
              e: {}
              "n": 1
              "on": "yes"
              t: true
              text: |
                a
                b

            """.ReplaceLineEndings("\n"),
            yaml);
    }

    [Fact]
    public void WhatIsWritten_IsReadBack()
    {
        for (var seed = 0; seed < 400; seed++)
        {
            var value = new JsonObject { ["v"] = new RandomObjects(seed).Tree() };

            var back = YamlReader.ReadAll(Encoding.UTF8.GetBytes(YamlWriter.Write(value)));

            Assert.True(back.Succeeded, $"seed {seed}: {back.Error?.Message}\n{YamlWriter.Write(value)}");
            Trees.Same(value, back.Value[0], $"seed {seed}\n{YamlWriter.Write(value)}");
        }
    }
}
