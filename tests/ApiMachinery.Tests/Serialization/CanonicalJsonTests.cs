using System.Text;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Serialization;

namespace KubeAspire.ApiMachinery.Tests.Serialization;

public sealed class CanonicalJsonTests
{
    public static TheoryData<string, string> Cases => new()
    {
        { """{"spec":{"b":1,"a":null},"metadata":{"name":"x","resourceVersion":"7"},"kind":"Pod","apiVersion":"v1"}""",
          """{"apiVersion":"v1","kind":"Pod","metadata":{"resourceVersion":"","name":"x"},"spec":{"b":1}}""" },
        { """{"kind":"Pod","data":{"a":"<&>'ü\n"}}""", """{"kind":"Pod","metadata":{"resourceVersion":""},"data":{"a":"<&>'ü\n"}}""" },
        { """{"metadata":null,"list":[1,null,{"x":null}]}""", """{"metadata":{"resourceVersion":""},"list":[1,null,{}]}""" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Encode_OrdersTheHead_LeavesOutNulls_AndKeepsAGapForTheRevision(string value, string expected)
    {
        var (json, at) = CanonicalJson.Encode(Trees.Of(value));

        Assert.Equal(expected, Encoding.UTF8.GetString(json));
        var filled = Encoding.UTF8.GetString(json).Insert(at, "42");
        Assert.Equal("42", JsonNode.Parse(filled)!["metadata"]!["resourceVersion"]!.GetValue<string>());
    }

    [Fact]
    public void EncodeAndParse_AreInverse()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var value = new RandomObjects(seed).Object(Kinds.Pod, "v1", "Pod");
            var first = CanonicalJson.Encode(value);
            var again = CanonicalJson.Encode(CanonicalJson.Parse(first.Json));

            Assert.Equal(first.Json, again.Json);
            Assert.Equal(first.RevisionAt, again.RevisionAt);
        }
    }
}
