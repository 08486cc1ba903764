using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Patching.Apply;

namespace KubeAspire.ApiMachinery.Tests.Patching.Apply;

public sealed class FieldSetTests
{
    [Theory]
    [InlineData("""{"f:spec":{"f:replicas":{}}}""")]
    [InlineData("""{"f:metadata":{"f:labels":{".":{},"f:app":{}}}}""")]
    [InlineData("""{"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{".":{},"f:image":{}}}}}""")]
    [InlineData("""{"f:metadata":{"f:finalizers":{".":{},"v:\"x/y\"":{}}},"f:list":{"i:0":{},"i:10":{}}}""")]
    public void WhatIsPrinted_IsReadBack(string json) => Trees.Same(json, FieldSet.Parse(JsonNode.Parse(json))!.ToJson());

    [Fact]
    public void Paths_AreToldAsInConflicts()
    {
        var set = FieldSet.Parse(JsonNode.Parse("""{"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:name":{}}},"f:fin":{"v:\"x\"":{}}}}"""))!;

        Assert.Equal([".spec.fin[=\"x\"]", ".spec.ports[port=80,protocol=\"TCP\"]", ".spec.ports[port=80,protocol=\"TCP\"].name"], set.Paths);
    }

    [Fact]
    public void Operations_AreThoseOfSets()
    {
        var a = FieldSet.Of("a.x", "a.y", "b");
        var b = FieldSet.Of("a.y", "a.z", "b");

        Assert.Equal(FieldSet.Of("a.x", "a.y", "a.z", "b"), a.Union(b));
        Assert.Equal(FieldSet.Of("a.y", "b"), a.Intersection(b));
        Assert.Equal(FieldSet.Of("a.x"), a.Difference(b));
        Assert.Equal(FieldSet.Of("b"), a.Difference(FieldSet.Of("a"), recursive: true));
        Assert.True(a.Difference(a).IsEmpty);
        Assert.True(a.Has([PathElement.Field("a"), PathElement.Field("x")]));
        Assert.False(a.Has([PathElement.Field("a")]));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("""{"f:a":1}""")]
    [InlineData("null")]
    public void WhatIsNoSet_IsNull(string json) => Assert.Null(FieldSet.Parse(JsonNode.Parse(json)));
}
