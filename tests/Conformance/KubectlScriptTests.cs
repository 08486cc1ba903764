using KubeAspire.Conformance.Harness;

namespace KubeAspire.Conformance;

/// <summary>Each script of the folder Scripts, with each kubectl that is at hand.</summary>
public sealed class KubectlScriptTests(ControlPlane api)
{
    /// <summary>The versions of kubectl that are meant to work, oldest to newest; build/kubectl.sh fetches them. Empty: the machine's own.</summary>
    public static readonly string[] Versions = ["", "1.28", "1.31", "1.32", "1.35"];

    /// <summary>Scripts and versions.</summary>
    public static TheoryData<string, string> Scripts
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var script in Directory.GetFiles(ScriptFolder, "*.txt").Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal))
            {
                foreach (var version in Versions)
                {
                    data.Add(script!, version);
                }
            }

            return data;
        }
    }

    private static string ScriptFolder => Path.Combine(Programs.Repository, "tests/Conformance/Scripts");

    [Theory]
    [MemberData(nameof(Scripts))]
    public async Task Kubectl(string script, string version)
    {
        await using var play = new Script(api, $"{script}-{(version.Length == 0 ? "own" : version.Replace('.', '-'))}", version);
        await play.PlayAsync(await File.ReadAllTextAsync(Path.Combine(ScriptFolder, script + ".txt"), TestContext.Current.CancellationToken));
    }
}
