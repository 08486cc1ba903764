using KubeAspire.Conformance.Harness;

namespace KubeAspire.Conformance;

/// <summary>Each helm that is at hand installs, upgrades, rolls back and removes a chart of ours that has many kinds and every hook.</summary>
public sealed class HelmTests(ControlPlane api)
{
    private static string Folder => Path.Combine(Programs.Repository, "tests/Conformance/HelmScripts");

    /// <summary>Scripts, and the kubectl that a helm comes with: 3.16 with 1.28, 3.17 with 1.31, 4.1 with 1.35.</summary>
    public static TheoryData<string, string> Scripts
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var script in Directory.GetFiles(Folder, "*.txt").Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal))
            {
                foreach (var version in (string[])["1.28", "1.31", "1.35"])
                {
                    data.Add(script!, version);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Scripts))]
    public async Task Helm(string script, string version)
    {
        var helm = Programs.Require("helm", version);
        await using var play = new Script(api, $"helm-{script}-{version.Replace('.', '-')}", version).With("helm", helm);
        var text = await File.ReadAllTextAsync(Path.Combine(Folder, script + ".txt"), TestContext.Current.CancellationToken);
        await play.PlayAsync(text.Replace("@chart", Path.Combine(Folder, "Charts/web"), StringComparison.Ordinal));
    }
}
