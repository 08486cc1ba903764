using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.ApiMachinery.Tests.Meta;

public sealed class NamesTests
{
    private const string Subdomain =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character "
        + "(e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

    [Theory]
    [InlineData("web", true, true, true)]
    [InlineData("web-1", true, true, true)]
    [InlineData("1web", true, true, false)]
    [InlineData("web.x", false, true, false)]
    [InlineData("Web", false, false, false)]
    [InlineData("-web", false, false, false)]
    [InlineData("web-", false, false, false)]
    [InlineData("", false, false, false)]
    [InlineData("we b", false, false, false)]
    [InlineData("web\n", false, false, false)]
    [InlineData("a..b", false, false, false)]
    public void DnsNames(string name, bool label, bool subdomain, bool label1035)
    {
        Assert.Equal(label, Names.IsDnsLabel(name).Count == 0);
        Assert.Equal(subdomain, Names.IsDnsSubdomain(name).Count == 0);
        Assert.Equal(label1035, Names.IsDns1035Label(name).Count == 0);
    }

    [Fact]
    public void Messages_AreUpstreams()
    {
        Assert.Equal([Subdomain], Names.IsDnsSubdomain("Bad_Name"));
        Assert.Equal(["must be no more than 253 bytes"], Names.IsDnsSubdomain(new string('a', 254)));
        Assert.Equal(
            ["a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"],
            Names.IsDnsLabel("a.b"));
        Assert.Equal(
            ["a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"],
            Names.IsDns1035Label("1a"));
        Assert.Equal(["may not be '..'"], Names.IsPathSegment(".."));
        Assert.Equal(["may not contain '/'", "may not contain '%'"], Names.IsPathSegment("a/b%c"));
        Assert.Equal(["prefix part must be non-empty"], Names.IsQualifiedName("/a"));
        Assert.StartsWith("a qualified name must consist of", Names.IsQualifiedName("a/b/c")[0], StringComparison.Ordinal);
        Assert.Equal("name part must be non-empty", Names.IsQualifiedName("a/")[0]);
        Assert.Equal(["prefix part " + Subdomain], Names.IsQualifiedName("A/b"));
        Assert.Equal(["must be no more than 63 bytes"], Names.IsLabelValue(new string('a', 64)));
    }

    [Theory]
    [InlineData("app.kubernetes.io/name", true)]
    [InlineData("a_b.c-D", true)]
    [InlineData("_a", false)]
    [InlineData("a b", false)]
    public void QualifiedNames(string name, bool good) => Assert.Equal(good, Names.IsQualifiedName(name).Count == 0);

    [Theory]
    [InlineData("app.conf", true)]
    [InlineData("..x", false)]
    [InlineData(".", false)]
    [InlineData("a/b", false)]
    public void ConfigKeys(string name, bool good) => Assert.Equal(good, Names.IsConfigMapKey(name).Count == 0);

    [Theory]
    [InlineData("http", true)]
    [InlineData("http-2", true)]
    [InlineData("8080", false)]
    [InlineData("a--b", false)]
    [InlineData("a-name-much-too-long", false)]
    [InlineData("-a", false)]
    public void PortNames(string name, bool good) => Assert.Equal(good, Names.IsPortName(name).Count == 0);

    [Fact]
    public void GeneratedNames_AreLabels_AndDifferByFiveCharacters()
    {
        var generator = new NameGenerator(new Random(1));
        var names = Enumerable.Range(0, 200).Select(_ => generator.Generate("web-")).ToList();

        Assert.All(names, name => Assert.True(name.Length == 9 && Names.IsDnsLabel(name).Count == 0 && name[4..].All(c => "bcdfghjklmnpqrstvwxz2456789".Contains(c, StringComparison.Ordinal))));
        Assert.True(names.Distinct().Count() > 195);
        Assert.Equal(63, generator.Generate(new string('a', 100)).Length);
    }
}
