using KubeAspire.ApiMachinery.Fields;

namespace KubeAspire.ApiMachinery.Tests.Fields;

public sealed class FieldSelectorTests
{
    private static readonly Dictionary<string, string> s_fields = new() { ["metadata.name"] = "web", ["status.phase"] = "Running", ["odd"] = "a,b=c\\d" };

    [Theory]
    [InlineData("", true)]
    [InlineData("metadata.name=web", true)]
    [InlineData("metadata.name==web,status.phase!=Failed", true)]
    [InlineData("metadata.name=web,status.phase=Failed", false)]
    [InlineData("metadata.namespace=", true)]
    [InlineData("metadata.name=web,", true)]
    [InlineData("odd=a\\,b\\=c\\\\d", true)]
    public void Parse_ReadsTermsAndEscapes(string text, bool matches)
    {
        var selector = FieldSelector.Parse(text).Value!;

        Assert.Equal(matches, selector.Matches(field => s_fields.GetValueOrDefault(field)));
        Assert.Equal(selector.Requirements, FieldSelector.Parse(selector.ToString()).Value!.Requirements);
    }

    [Theory]
    [InlineData("metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'")]
    [InlineData("a=b,c", "invalid selector: 'a=b,c'; can't understand 'c'")]
    [InlineData("a=b\\x", "invalid field selector: invalid escape sequence in 'b\\x'")]
    public void BadSelector_IsRefused(string text, string message) => Assert.Equal((400, message), (FieldSelector.Parse(text).Error!.Code, FieldSelector.Parse(text).Error!.Message));

    [Fact]
    public void RequiredValue_TellsTheOneObjectAskedFor()
    {
        var selector = FieldSelector.Parse("metadata.name=web,metadata.namespace!=x").Value!;

        Assert.Equal("web", selector.RequiredValue("metadata.name"));
        Assert.Null(selector.RequiredValue("metadata.namespace"));
    }
}
