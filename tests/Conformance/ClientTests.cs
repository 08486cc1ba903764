using KubeAspire.Conformance.Harness;

namespace KubeAspire.Conformance;

/// <summary>Programs upon the clients of other languages: those of the folder Clients, with the packages that build/clients.sh has fetched.</summary>
public sealed class ClientTests(ControlPlane api)
{
    private static string Folder => Path.Combine(Programs.Repository, "tests/Conformance/Clients");

    // A major of 2 or more asks for a newer Node.js than distributions have.
    private const string JavaScriptVersion = "1.4.0";

    [Fact]
    public async Task JavaScript_InformsWatchesPatchesAndApplies()
    {
        var packages = Programs.Artifact("clients", "javascript");
        Assert.SkipUnless(Programs.IsInstalled("node"), "node is not on the PATH");
        Assert.SkipUnless(Directory.Exists(Path.Combine(packages, "node_modules")), $"@kubernetes/client-node {JavaScriptVersion} is not at hand: build/clients.sh could not fetch it");
        // Beside its packages: modules are looked for from where a program lies.
        var program = Path.Combine(packages, "informer.mjs");
        File.Copy(Path.Combine(Folder, "informer.mjs"), program, overwrite: true);
        Check(await api.RunAsync("node", program, "javascript"));
    }

    [Fact]
    public async Task Python_WatchesPatchesAndFindsKinds()
    {
        const string Python = "/usr/bin/python3"; // The distribution's own: its packages are made for it.
        var packages = Programs.Artifact("clients", "python", "usr", "lib", "python3", "dist-packages");
        Assert.SkipUnless(File.Exists(Python), "python3 is not installed");
        Assert.SkipUnless(Directory.Exists(Path.Combine(packages, "kubernetes")), "the Python client is not at hand: build/clients.sh could not fetch it");
        var environment = new Dictionary<string, string> { ["KUBECONFIG"] = api.Kubeconfig, ["HOME"] = api.Folder, ["PYTHONPATH"] = packages, ["PYTHONDONTWRITEBYTECODE"] = "1" };
        Check(await Programs.RunAsync(Python, [Path.Combine(Folder, "manager.py"), "python"], api.Folder, environment));
    }

    private static void Check((int Code, string Output, string Errors) result) =>
        Assert.True(result.Code == 0 && result.Output.EndsWith("all well\n", StringComparison.Ordinal), $"code {result.Code}\n{result.Output}{result.Errors}");
}
