using KubeAspire.ApiMachinery.Quantities;

namespace KubeAspire.ApiMachinery.Tests.Quantities;

public sealed class QuantityTests
{
    public static TheoryData<string, string, long, long> Cases => new()
    {
        // text       canonical   value                 milli
        { "0",        "0",        0,                    0 },
        { "1",        "1",        1,                    1000 },
        { "0.5",      "500m",     1,                    500 },
        { "500m",     "500m",     1,                    500 },
        { "1500m",    "1500m",    2,                    1500 },
        { "2000m",    "2",        2,                    2000 },
        { "100",      "100",      100,                  100_000 },
        { "1000",     "1k",       1000,                 1_000_000 },
        { "1k",       "1k",       1000,                 1_000_000 },
        { "1Ki",      "1Ki",      1024,                 1_024_000 },
        { "1024Mi",   "1Gi",      1 << 30,              (1L << 30) * 1000 },
        { "1.5Gi",    "1536Mi",   3L << 29,             (3L << 29) * 1000 },
        { "0.5Ki",    "512",      512,                  512_000 },
        { "1e3",      "1e3",      1000,                 1_000_000 },
        { "1E3",      "1e3",      1000,                 1_000_000 },
        { "12e-3",    "12e-3",    1,                    12 },
        { "1E",       "1E",       1_000_000_000_000_000_000, long.MaxValue },
        { "5n",       "5n",       1,                    1 },
        { "0.1n",     "1n",       1,                    1 },
        { "100u",     "100u",     1,                    1 },
        { "-1500m",   "-1500m",   -2,                   -1500 },
        { "+3",       "3",        3,                    3000 },
        { ".5",       "500m",     1,                    500 },
        { "1.",       "1",        1,                    1000 },
        { "1.20",     "1200m",    2,                    1200 },
        { "9999999999999999999999", "9223372036854775807", long.MaxValue, long.MaxValue },
        { "1e99999",  "9223372036854775807", long.MaxValue, long.MaxValue },
        { "1e-99999", "1e-9",     1,                    1 },
        { "128974848", "128974848", 128974848,          128974848000 },
        { "129M",     "129M",     129_000_000,          129_000_000_000 },
        { "123Mi",    "123Mi",    128974848,            128974848000 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Parse_ReadsUpstreamsNotation(string text, string canonical, long value, long milli)
    {
        var quantity = Quantity.Parse(text);

        Assert.Equal((text, value, milli), (quantity.ToString(), quantity.Value, quantity.MilliValue));
        if (!text.Contains("999", StringComparison.Ordinal))
        {
            Assert.Equal(canonical, quantity.Canonical());
        }

        Assert.Equal(0, quantity.CompareTo(Quantity.Parse(quantity.Canonical())));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("1.2.3")]
    [InlineData(".")]
    [InlineData("1 ")]
    [InlineData(" 1")]
    [InlineData("--1")]
    [InlineData("1Ki2x")]
    [InlineData("1b")]
    public void WhatIsNoQuantity_IsRefused_InUpstreamsWords(string text)
    {
        Assert.False(Quantity.TryParse(text, out _, out var problem));
        Assert.Equal("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'", problem);
        Assert.Throws<FormatException>(() => Quantity.Parse(text));
    }

    [Theory]
    [InlineData("1mi")]
    [InlineData("1KiKi")]
    [InlineData("1K")]
    public void UnknownSuffix_IsTold(string text)
    {
        Assert.False(Quantity.TryParse(text, out _, out var problem));
        Assert.Equal("unable to parse quantity's suffix", problem);
    }

    [Theory]
    [InlineData("1", "500m", "1500m", "500m")]
    [InlineData("1Gi", "512Mi", "1536Mi", "512Mi")]
    [InlineData("0", "1Gi", "1Gi", "-1Gi")]
    [InlineData("1Gi", "1", "1073741825", "1073741823")]
    [InlineData("0.1", "0.2", "300m", "-100m")]
    public void SumAndDifference_AreExact(string left, string right, string sum, string difference)
    {
        Assert.Equal(sum, (Quantity.Parse(left) + Quantity.Parse(right)).ToString());
        Assert.Equal(difference, (Quantity.Parse(left) - Quantity.Parse(right)).ToString());
    }

    [Fact]
    public void Order_IsByAmount_NotByText()
    {
        Assert.True(Quantity.Parse("1Gi") > Quantity.Parse("1G"));
        Assert.True(Quantity.Parse("999m") < Quantity.Parse("1"));
        Assert.Equal(0, Quantity.Parse("1000m").CompareTo(Quantity.Parse("1")));
        Assert.True(default(Quantity).IsZero && Quantity.Zero.IsZero);
    }

    [Fact]
    public void Additions_CommuteAndCancel()
    {
        var random = new Random(3);
        for (var i = 0; i < 500; i++)
        {
            var a = Quantity.FromMilli(random.NextInt64(-1_000_000_000, 1_000_000_000));
            var b = Quantity.FromBinary(random.NextInt64(-1_000_000_000, 1_000_000_000));

            Assert.Equal(0, (a + b).CompareTo(b + a));
            Assert.Equal(0, (a + b - b).CompareTo(a));
        }
    }
}
