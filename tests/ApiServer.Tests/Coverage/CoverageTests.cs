namespace KubeAspire.ApiServer.Tests.Coverage;

/// <summary>The committed docs/coverage.md tells what the server does.</summary>
public sealed class CoverageTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    /// <summary>Set by ./dev coverage: the document is written, not compared.</summary>
    private const string WriteVariable = "KUBEASPIRE_WRITE_COVERAGE";

    [Fact]
    public async Task TheDocument_IsUpToDate()
    {
        var published = PublishedApi.Load();
        Assert.SkipWhen(published is null, PublishedApi.Missing);
        var file = Path.Combine(PublishedApi.Repository.FullName, "docs", "coverage.md");

        var document = await new CoverageDocument(api, published!).WriteAsync();
        if (Environment.GetEnvironmentVariable(WriteVariable) == "1")
        {
            await File.WriteAllTextAsync(file, document, TestContext.Current.CancellationToken);
        }

        var committed = File.Exists(file) ? await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken) : "";
        Assert.True(committed == document, "docs/coverage.md is not what the server does: run ./dev coverage. First difference: " + FirstDifference(committed, document));
    }

    private static string FirstDifference(string committed, string document)
    {
        var (before, now) = (committed.Split('\n'), document.Split('\n'));
        var at = Enumerable.Range(0, Math.Max(before.Length, now.Length)).FirstOrDefault(line => before.ElementAtOrDefault(line) != now.ElementAtOrDefault(line));
        return $"line {at + 1}: \"{before.ElementAtOrDefault(at)}\" should be \"{now.ElementAtOrDefault(at)}\"";
    }
}
