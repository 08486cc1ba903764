using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Patching;

namespace KubeAspire.ApiMachinery.Tests.Patching;

public sealed class JsonPatchTests
{
    public static TheoryData<string, string, string> Cases => new()
    {
        { """{"a":1}""", """[{"op":"add","path":"/b","value":2}]""", """{"a":1,"b":2}""" },
        { """{"a":[1,3]}""", """[{"op":"add","path":"/a/1","value":2}]""", """{"a":[1,2,3]}""" },
        { """{"a":[1]}""", """[{"op":"add","path":"/a/-","value":2}]""", """{"a":[1,2]}""" },
        { """{"a":[1,2]}""", """[{"op":"remove","path":"/a/0"}]""", """{"a":[2]}""" },
        { """{"a":[1,2]}""", """[{"op":"remove","path":"/a/-1"}]""", """{"a":[1]}""" },
        { """{"a":{"b":1}}""", """[{"op":"replace","path":"/a/b","value":null}]""", """{"a":{"b":null}}""" },
        { """{"a":{"b":1}}""", """[{"op":"move","from":"/a/b","path":"/c"}]""", """{"a":{},"c":1}""" },
        { """{"a":{"b":1}}""", """[{"op":"copy","from":"/a","path":"/c"}]""", """{"a":{"b":1},"c":{"b":1}}""" },
        { """{"a/b":{"c~d":1}}""", """[{"op":"replace","path":"/a~1b/c~0d","value":2}]""", """{"a/b":{"c~d":2}}""" },
        { """{"a":1}""", """[{"op":"test","path":"/a","value":1},{"op":"test","path":"","value":{"a":1}},{"op":"add","path":"/b","value":1}]""", """{"a":1,"b":1}""" },
        { """{"a":null}""", """[{"op":"test","path":"/a"}]""", """{"a":null}""" },
        { """{"":1}""", """[{"op":"remove","path":"/"}]""", "{}" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Apply_DoesWhatTheRfcSays(string target, string patch, string expected) =>
        Trees.Same(expected, JsonPatch.Apply(Trees.Of(target), JsonNode.Parse(patch)!).Value);

    [Theory]
    [InlineData("""[{"op":"test","path":"/a","value":2}]""", "testing value /a failed: test failed")]
    [InlineData("""[{"op":"remove","path":"/x"}]""", "error in remove for path: '/x': Unable to remove nonexistent key: x: missing value")]
    [InlineData("""[{"op":"replace","path":"/x","value":1}]""", "replace operation does not apply: doc is missing key: /x: missing value")]
    [InlineData("""[{"op":"add","path":"/x/y","value":1}]""", "add operation does not apply: doc is missing path: \"/x/y\": missing value")]
    [InlineData("""[{"op":"add","path":"/l/5","value":1}]""", "add operation does not apply: Unable to access invalid index: 5 in /l/5: invalid index referenced")]
    [InlineData("""[{"op":"hop","path":"/a"}]""", "Unexpected kind: hop")]
    [InlineData("""[{"op":"move","from":"/o","path":"/o/x"}]""", "move operation does not apply: /o/x lies in /o")]
    [InlineData("""[{"op":"add","path":"","value":[]}]""", "the patch leaves no object")]
    public void PatchThatDoesNotApply_Is422_AndSaysWhy(string patch, string why)
    {
        var error = JsonPatch.Apply(Trees.Of("""{"a":1,"l":[],"o":{}}"""), JsonNode.Parse(patch)!).Error!;

        Assert.Equal((422, ApiErrorReason.Invalid, "the server rejected our request due to an error in our request: " + why), (error.Code, error.Reason, error.Message));
        Assert.Empty(error.Causes);
    }

    [Fact]
    public void TooManyOperations_Are413()
    {
        var patch = new JsonArray([.. Enumerable.Repeat(0, 10_001).Select(_ => Trees.Of("""{"op":"add","path":"/a","value":1}"""))]);

        var error = JsonPatch.Apply([], patch).Error!;

        Assert.Equal((413, "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001"), (error.Code, error.Message));
    }

    [Fact]
    public void CopyThatDoubles_IsStopped()
    {
        var patch = new JsonArray([.. Enumerable.Repeat(0, 40).Select(_ => Trees.Of("""{"op":"copy","from":"/a","path":"/a/-"}"""))]);

        var error = JsonPatch.Apply(Trees.Of("""{"a":["0123456789"]}"""), patch).Error!;

        Assert.Equal(422, error.Code);
        Assert.Contains("exceeding the limit 3145728", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MovesThatStackTrees_AreStoppedBeforeTheStackIs()
    {
        var chain = string.Concat(Enumerable.Repeat("/x", 300));
        var deep = string.Concat(Enumerable.Repeat("{\"x\":", 300)) + "{}" + new string('}', 300);
        var patch = $$"""[{"op":"add","path":"/a","value":{{deep}}},{"op":"add","path":"/b","value":{{deep}}},{"op":"move","from":"/a","path":"/b{{chain}}/y"}]""";

        Assert.EndsWith(": exceeded max depth", JsonPatch.Apply([], JsonNode.Parse(patch, documentOptions: new() { MaxDepth = 400 })!).Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsNoPatch_IsABadRequest()
    {
        Assert.Equal(400, JsonPatch.Apply([], new JsonObject()).Error!.Code);
        Assert.Equal(400, JsonPatch.Apply([], new JsonArray(JsonValue.Create(1))).Error!.Code);
    }
}
