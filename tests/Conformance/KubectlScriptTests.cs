using KubeAspire.Conformance.Harness;

namespace KubeAspire.Conformance;

/// <summary>Each script of the folder Scripts, with one kubectl. A class for each version, so that the versions play beside each other.</summary>
/// <param name="api">The control plane.</param>
/// <param name="version">As <c>1.28</c>; build/kubectl.sh fetches it.</param>
public abstract class KubectlScriptTests(ControlPlane api, string version)
{
    // A word that a script begins with when it changes what all share: such scripts are played one at a time.
    private const string Alone = "alone\n";

    private static readonly SemaphoreSlim s_alone = new(1);

    /// <summary>The scripts' names.</summary>
    public static TheoryData<string> Scripts => [.. Directory.GetFiles(ScriptFolder, "*.txt").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    private static string ScriptFolder => Path.Combine(Programs.Repository, "tests/Conformance/Scripts");

    [Theory]
    [MemberData(nameof(Scripts))]
    public async Task Kubectl(string script)
    {
        await using var play = new Script(api, $"{script}-{version.Replace('.', '-')}", version);
        var text = await File.ReadAllTextAsync(Path.Combine(ScriptFolder, script + ".txt"), TestContext.Current.CancellationToken);
        if (!text.StartsWith(Alone, StringComparison.Ordinal))
        {
            await play.PlayAsync(text);
            return;
        }

        await s_alone.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            await play.PlayAsync(text[Alone.Length..]);
        }
        finally
        {
            s_alone.Release();
        }
    }
}

/// <summary>Asks OpenAPI for its second version, speaks SPDY.</summary>
public sealed class Kubectl128ScriptTests(ControlPlane api) : KubectlScriptTests(api, "1.28");

/// <summary>The first that streams through WebSockets.</summary>
public sealed class Kubectl131ScriptTests(ControlPlane api) : KubectlScriptTests(api, "1.31");

/// <summary>The one whose requests are recorded, byte by byte.</summary>
public sealed class Kubectl132ScriptTests(ControlPlane api) : KubectlScriptTests(api, "1.32");

/// <summary>The newest.</summary>
public sealed class Kubectl135ScriptTests(ControlPlane api) : KubectlScriptTests(api, "1.35");
