using System.Text.Json.Nodes;
using KubeAspire.Resources.Apiextensions;

namespace KubeAspire.Resources.Tests.Apiextensions;

public sealed class JsonPathTests
{
    private const string Root = """
        {
          'metadata':{'name':'web','annotations':{'a.b/c':'note'},'creationTimestamp':'2026-11-21T11:58:00Z'},
          'spec':{'replicas':3,'ratio':1.5,'big':1e21,'paused':false,'nothing':null,'names':['a','b','c'],'text':'7','labels':{'x':'1','y':'2'}},
          'status':{'conditions':[{'type':'Ready','status':'True','n':1},{'type':'Synced','status':'False','n':2}]}
        }
        """;

    public static TheoryData<string, string> Found => new()
    {
        { ".spec.replicas", "[3]" },
        { "spec.replicas", "[3]" },
        { "{.spec.replicas}", "[3]" },
        { "$.spec.replicas", "[3]" },
        { ".spec.absent.further", "[]" },
        { ".spec.nothing", "[null]" },
        { ".metadata.annotations['a.b/c']", "['note']" },
        { ".metadata.annotations[\"a.b/c\"]", "['note']" },
        { ".metadata.annotations.a\\.b/c", "['note']" },
        { ".spec['replicas','text']", "[3,'7']" },
        { ".spec.names[0]", "['a']" },
        { ".spec.names[-1]", "['c']" },
        { ".spec.names[9]", "[]" },
        { ".spec.names[-9]", "[]" },
        { ".spec.names[1:]", "['b','c']" },
        { ".spec.names[:2]", "['a','b']" },
        { ".spec.names[0:3:2]", "['a','c']" },
        { ".spec.names[-2:]", "['b','c']" },
        { ".spec.names[*]", "['a','b','c']" },
        { ".spec.labels.*", "['1','2']" },
        { "..type", "['Ready','Synced']" },
        { ".status.conditions[?(@.type==\"Ready\")].status", "['True']" },
        { ".status.conditions[?(@.type == 'Synced')].status", "['False']" },
        { ".status.conditions[?(@.type!='Ready')].status", "['False']" },
        { ".status.conditions[?(@.n>1)].type", "['Synced']" },
        { ".status.conditions[?(@.n<=1)].type", "['Ready']" },
        { ".status.conditions[?(@.n>='1')].type", "[]" },
        { ".status.conditions[?(@.missing)].type", "[]" },
        { ".status.conditions[?(@.type)].type", "['Ready','Synced']" },
        { ".status.conditions[?(@.type==\"None\")].status", "[]" },
        { ".spec.names[?(@=='b')]", "['b']" },
        { ".spec.replicas.more", "[]" },
    };

    [Theory]
    [MemberData(nameof(Found))]
    public void Path_FindsValues(string text, string expected)
    {
        Assert.True(JsonPath.TryParse(text, out var path, out var error), error);

        var found = new JsonArray([.. path.Find(SchemaHarness.Tree(Root)).Select(node => node?.DeepClone())]);

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected.Replace('\'', '"')), found), found.ToJsonString());
    }

    [Theory]
    [InlineData("", "the path is empty")]
    [InlineData("{}", "the path is empty")]
    [InlineData(".spec[", "\".spec[\" ends too early")]
    [InlineData(".spec['a'", "\".spec['a'\" ends too early")]
    [InlineData(".spec['a", "\".spec['a\" ends too early")]
    [InlineData(".spec[]", "a number, a name in quotes, * or a filter is expected at 6 of \".spec[]\"")]
    [InlineData(".spec[99999999999]", "\"99999999999\" is no index")]
    [InlineData(".a[0:1:0]", "the step of a slice must be positive in \".a[0:1:0]\"")]
    [InlineData(".a..", "a name is expected at 4 of \".a..\"")]
    [InlineData(".a b", "unexpected character ' ' at 2 of \".a b\"")]
    [InlineData(".a\\", "a lone backslash ends \".a\\\"")]
    [InlineData(".a[?(@.b=~'x')]", "a comparison is expected at 8 of \".a[?(@.b=~'x')]\"")]
    [InlineData(".a[?(@.b==x)]", "\"x\" is no value to compare with")]
    public void NoPath_IsToldWhy(string text, string expected)
    {
        Assert.False(JsonPath.TryParse(text, out _, out var error));
        Assert.Equal(expected, error);
    }

    [Fact]
    public void LongPath_IsRefused() => Assert.False(JsonPath.TryParse(string.Concat(Enumerable.Repeat(".a", JsonPath.MaximumSteps + 1)), out _, out _));

    public static TheoryData<string, string, object?> Cells => new()
    {
        { ".spec.text", "string", "7" },
        { ".spec.replicas", "string", "3" },
        { ".spec.ratio", "string", "1.5" },
        { ".spec.big", "string", "1e+21" },
        { ".spec.paused", "string", "false" },
        { ".spec.labels", "string", "{\"x\":\"1\",\"y\":\"2\"}" },
        { ".spec.names", "string", "[\"a\",\"b\",\"c\"]" },
        { ".spec.nothing", "string", null },
        { ".spec.absent", "string", null },
        { ".spec.replicas", "integer", 3L },
        { ".spec.ratio", "integer", 1L },
        { ".spec.text", "integer", null },
        { ".spec.replicas", "number", 3.0 },
        { ".spec.ratio", "number", 1.5 },
        { ".spec.paused", "boolean", false },
        { ".spec.text", "boolean", null },
        { ".metadata.creationTimestamp", "date", "2m" },
        { ".spec.text", "date", "<invalid>" },
        { ".spec.absent", "date", null },
        { ".status.conditions[*].type", "string", "Ready" },
    };

    [Theory]
    [MemberData(nameof(Cells))]
    public void Cell_IsOfTheColumnsType(string text, string type, object? expected)
    {
        Assert.True(JsonPath.TryParse(text, out var path, out _));
        Assert.Equal(expected, path.Cell(SchemaHarness.Tree(Root), type, KindHarness.Now));
    }

    [Fact]
    public void FieldNames_AreThoseOfAPathOfFields()
    {
        Assert.True(JsonPath.TryParse(".spec['a.b'].c", out var fields, out _));
        Assert.True(JsonPath.TryParse(".spec.a[0]", out var others, out _));

        Assert.Equal(["spec", "a.b", "c"], fields.FieldNames);
        Assert.Null(others.FieldNames);
    }
}
