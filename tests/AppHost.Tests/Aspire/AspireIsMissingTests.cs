namespace KubeAspire.AppHost.Tests.Aspire;

/// <summary>In the place of AspireGraphTests, where they cannot be compiled.</summary>
public sealed class AspireIsMissingTests
{
    [Fact(Skip = ManifestTests.Missing)]
    public void TheAspireApplication_IsTheGraph()
    {
    }
}
