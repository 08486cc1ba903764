namespace KubeAspire.ApiServer.Tests.Coverage;

/// <summary>The committed docs/coverage.md tells what the server does.</summary>
public sealed class CoverageTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    /// <summary>Set by ./dev coverage: the document is written, not compared.</summary>
    private const string WriteVariable = "KUBEASPIRE_WRITE_COVERAGE";

    [Fact]
    public async Task TheDocument_ClaimsNothingThatIsNotServed()
    {
        var published = PublishedApi.Load();
        Assert.SkipWhen(published is null, PublishedApi.Missing);
        var file = Path.Combine(PublishedApi.Repository.FullName, "docs", "coverage.md");

        var document = await new CoverageDocument(api, published!).WriteAsync();
        if (Environment.GetEnvironmentVariable(WriteVariable) == "1")
        {
            await File.WriteAllTextAsync(file, document, TestContext.Current.CancellationToken);
        }

        // What is served meanwhile and not told yet is no lie: ./dev coverage tells it.
        Assert.Empty(Overclaimed(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), document));
    }

    [Fact]
    public void TheConformanceTests_AreNamedAsUpstreams()
    {
        var published = PublishedApi.Load();
        Assert.SkipWhen(published is null, PublishedApi.Missing);

        Assert.Empty(ConformanceTest.Ours(PublishedApi.Repository).Except(published!.Conformance.Select(test => test.Name)));
    }

    private static IEnumerable<string> Overclaimed(string committed, string document)
    {
        var now = Rows(document);
        foreach (var (name, claimed) in Rows(committed))
        {
            if (!now.TryGetValue(name, out var served))
            {
                yield return $"{name} is not published";
            }
            else if (claimed != served && !(claimed.Length > 0 && char.IsAsciiDigit(claimed[0])) && claimed.Split(' ').Except(served.Split(' ')).Any(word => word.Length > 0))
            {
                yield return $"{name}: claimed \"{claimed}\", served \"{served}\"";
            }
        }
    }

    // Path, type or conformance test → what is served or covered of it.
    private static Dictionary<string, string> Rows(string document) => document.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal))
        .Select(line => line.Split('|', StringSplitOptions.TrimEntries)).ToDictionary(cells => cells[1], cells => cells[cells.Length == 6 ? 3 : 2], StringComparer.Ordinal);
}
