using KubeAspire.ApiMachinery.Labels;
using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.ApiMachinery.Tests.Labels;

public sealed class SelectorTests
{
    private static readonly Dictionary<string, string> s_labels = new() { ["app"] = "web", ["tier"] = "front", ["size"] = "5", ["empty"] = "" };

    [Theory]
    [InlineData("", true, "")]
    [InlineData("app=web", true, "app=web")]
    [InlineData("app==web", true, "app=web")]
    [InlineData("app = web , tier!=back", true, "app=web,tier!=back")]
    [InlineData("app!=web", false, "app!=web")]
    [InlineData("none!=x", true, "none!=x")]
    [InlineData("app in (web,api)", true, "app in (api,web)")]
    [InlineData("app in ( web )", true, "app=web")]
    [InlineData("app notin (web)", false, "app!=web")]
    [InlineData("none notin (web)", true, "none!=web")]
    [InlineData("app", true, "app")]
    [InlineData("!app", false, "!app")]
    [InlineData("!none", true, "!none")]
    [InlineData("size>4", true, "size>4")]
    [InlineData("size<5", false, "size<5")]
    [InlineData("app>1", false, "app>1")]
    [InlineData("empty=", true, "empty=")]
    [InlineData("app=", false, "app=")]
    [InlineData("empty in ()", true, "empty=")]
    [InlineData("app in (,web)", true, "app in (,web)")]
    [InlineData("in in (in)", false, "in=in")]
    [InlineData("example.com/x notin (a,b),app", true, "app,example.com/x notin (a,b)")]
    public void Parse_ReadsTheWholeGrammar(string text, bool matches, string printed)
    {
        var selector = Selector.Parse(text).Value!;

        Assert.Equal(matches, selector.Matches(s_labels));
        Assert.Equal(printed, selector.ToString());
        Assert.Equal(printed, Selector.Parse(printed).Value!.ToString());
    }

    [Theory]
    [InlineData("=a", "found '=', expected: !, identifier, or 'end of string'")]
    [InlineData("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt")]
    [InlineData("a in b", "unable to parse requirement: found 'b', expected: '('")]
    [InlineData("a in (b", "unable to parse requirement: found '', expected: ',' or ')'")]
    [InlineData("a,", "found '', expected: identifier after ','")]
    [InlineData("a=b c", "found 'c', expected: ',' or 'end of string'")]
    [InlineData("a=(", "unable to parse requirement: found '(', expected: identifier")]
    [InlineData("a>x", "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer")]
    [InlineData("a=b/c", "unable to parse requirement: values[0][a]: Invalid value: \"b/c\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')")]
    [InlineData("-a=b", "unable to parse requirement: <nil>: Invalid value: \"-a\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')")]
    public void BadSelector_IsRefused_InUpstreamsWords(string text, string message)
    {
        var error = Selector.Parse(text).Error!;

        Assert.Equal((400, message), (error.Code, error.Message));
    }

    [Fact]
    public void FromField_NullSelectsNothing_EmptySelectsEverything()
    {
        Assert.False(Selector.From(null).Value!.Matches(s_labels));
        Assert.False(Selector.From(null).Value!.IsEmpty);
        Assert.True(Selector.From(new LabelSelector()).Value!.Matches(null));
        Assert.True(Selector.FromMap(null).IsEmpty);
    }

    [Fact]
    public void FromField_TakesBothForms()
    {
        var field = new LabelSelector
        {
            MatchLabels = new Dictionary<string, string> { ["app"] = "web" },
            MatchExpressions = [new() { Key = "tier", Operator = "In", Values = ["front", "back"] }, new() { Key = "old", Operator = "DoesNotExist" }],
        };

        var selector = Selector.From(field).Value!;

        Assert.Equal("app=web,!old,tier in (back,front)", selector.ToString());
        Assert.True(selector.Matches(s_labels));
        Assert.Equal("\"Like\" is not a valid label selector operator", Selector.From(new() { MatchExpressions = [new() { Key = "a", Operator = "Like" }] }).Error!.Message);
        Assert.NotNull(Selector.From(new() { MatchExpressions = [new() { Key = "a", Operator = "In" }] }).Error);
    }

    [Fact]
    public void NoText_Throws()
    {
        var random = new Random(5);
        for (var run = 0; run < 5000; run++)
        {
            var text = new string([.. Enumerable.Range(0, random.Next(12)).Select(_ => "ab=!(),<> in.-/\\"[random.Next(16)])]);
            if (Selector.Parse(text).Value is { } selector)
            {
                Assert.Equal(selector.ToString(), Selector.Parse(selector.ToString()).Value!.ToString());
            }
        }
    }
}
