using KubeAspire.Resources.Apiextensions;

namespace KubeAspire.Resources.Tests.Apiextensions;

public sealed class GoPatternTests
{
    public static TheoryData<string, string, bool> Matches => new()
    {
        { "b", "abc", true },
        { "^b", "abc", false },
        { "^a$", "a\n", false },
        { "(?m)^a$", "a\nb", true },
        { @"^\d+$", "12", true },
        { @"^\d+$", "\u0661\u0662", false }, // Arabic digits are none to Go
        { @"^\w$", "\u00E4", false },
        { @"^[\w-]+$", "a-b_1", true },
        { @"^[^\s/]+$", "a/b", false },
        { @"^\S+$", "a b", false },
        { @"^[\S]+$", "ab", true },
        { @"^[\D]$", "1", false },
        { @"^[[:alpha:]]+$", "abC", true },
        { @"^[[:^digit:]]+$", "a1", false },
        { @"^[a[]+$", "a[[", true },
        { @"^[]a]+$", "]a", true },
        { @"^[^]]$", "]", false },
        { @"^a\.b$", "a.b", true },
        { @"^\_\/\-$", "_/-", true },
        { @"^(?P<name>a|b)(?<other>c)$", "ac", true },
        { @"^(?i)abc$", "ABC", true },
        { @"^(?i:a)b$", "AB", false },
        { @"^\x41\x{42}$", "AB", true },
        { @"^\101$", "A", true },
        { @"^\Qa.b\E$", "a.b", true },
        { @"^\Qa.b\E$", "axb", false },
        { @"^a{2,3}$", "aaaa", false },
        { @"^a{2}$", "aa", true },
        { @"^{a}$", "{a}", true },
        { @"^a{,2}$", "a{,2}", true },
        { @"^\p{Lu}\pL$", "Ab", true },
        { @"^\P{Lu}$", "A", false },
        { @"^\p{Greek}$", "\u03B1", true },
        { @"a\z", "ba", true },
        { @"\bword\b", "a word here", true },
        { @"^.$", "\n", false },
        { @"^(?s).$", "\n", true },
        { @"^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$", "a.b", true },
    };

    [Theory]
    [MemberData(nameof(Matches))]
    public void Pattern_MeansWhatItMeansInGo(string pattern, string text, bool expected)
    {
        Assert.True(GoPattern.TryParse(pattern, out var found, out var error), error);
        Assert.Equal(expected, found.IsMatch(text));
    }

    [Theory]
    [InlineData("a(?=b)", "error parsing regexp: invalid or unsupported Perl syntax: `(?=`")]
    [InlineData("a(?!b)", "error parsing regexp: invalid or unsupported Perl syntax: `(?!`")]
    [InlineData("(?<=a)b", "error parsing regexp: invalid or unsupported Perl syntax: `(?<=`")]
    [InlineData("(?<!a)b", "error parsing regexp: invalid or unsupported Perl syntax: `(?<!`")]
    [InlineData("(?>a)", "error parsing regexp: invalid or unsupported Perl syntax: `(?>`")]
    [InlineData(@"(a)\1", @"error parsing regexp: invalid escape sequence: `\1`")]
    [InlineData(@"\y", @"error parsing regexp: invalid escape sequence: `\y`")]
    [InlineData("a\\", "error parsing regexp: trailing backslash at end of expression: ``")]
    [InlineData("a{1001}", "error parsing regexp: invalid repeat count: `{1001}`")]
    [InlineData("[a", "error parsing regexp: missing closing ]: `[a`")]
    [InlineData("[[:nope:]]", "error parsing regexp: invalid character class range: `[:nope:]`")]
    public void PatternThatGoRefuses_IsRefused(string pattern, string expected)
    {
        Assert.False(GoPattern.TryParse(pattern, out _, out var error));
        Assert.Equal(expected, error);
    }

    [Theory]
    [InlineData("(a")]
    [InlineData("a)")]
    [InlineData("*a")]
    [InlineData("a**")]
    [InlineData("[z-a]")]
    public void OtherNonsense_IsRefused(string pattern)
    {
        Assert.False(GoPattern.TryParse(pattern, out _, out var error));
        Assert.StartsWith("error parsing regexp: ", error, StringComparison.Ordinal);
    }

    [Fact]
    public void HardPattern_TakesLinearTime()
    {
        Assert.True(GoPattern.TryParse("^(a+)+$", out var found, out _));
        Assert.False(found.IsMatch(new string('a', 50_000) + "b"));
    }
}
