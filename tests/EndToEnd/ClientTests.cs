using KubeAspire.EndToEnd.Harness;

namespace KubeAspire.EndToEnd;

/// <summary>Programs upon the clients of other languages against pods that run: those of the folder Clients, with the packages that build/clients.sh has fetched.</summary>
[Collection(SharedCluster.Name)]
public sealed class ClientTests(ClusterFixture fixture)
{
    private const string Python = "/usr/bin/python3"; // The distribution's own: its packages are made for it.

    private Cluster Cluster => fixture.Cluster;

    private static string Folder => Path.Combine(Repository.Root, "tests/EndToEnd/Clients");

    [Fact]
    public async Task JavaScript_SeesAPodsLife_AndUsesItsStreams()
    {
        Cluster.RequireMachine();
        var packages = Path.Combine(Repository.Root, "artifacts/clients/javascript");
        Assert.SkipUnless(Shell.IsInstalled("node"), "node is not on the PATH");
        Assert.SkipUnless(Directory.Exists(Path.Combine(packages, "node_modules")), "@kubernetes/client-node is not at hand: build/clients.sh could not fetch it");
        // Beside its packages: modules are looked for from where a program lies.
        var program = Path.Combine(packages, "streams.mjs");
        File.Copy(Path.Combine(Folder, "streams.mjs"), program, overwrite: true);
        await RunAsync("node", program, "clients-javascript");
    }

    [Fact]
    public async Task Python_UsesAPodsStreams()
    {
        Cluster.RequireMachine();
        var packages = Path.Combine(Repository.Root, "artifacts/clients/python/usr/lib/python3/dist-packages");
        Assert.SkipUnless(File.Exists(Python), "python3 is not installed");
        Assert.SkipUnless(Directory.Exists(Path.Combine(packages, "kubernetes")), "the Python client is not at hand: build/clients.sh could not fetch it");
        await RunAsync(Python, Path.Combine(Folder, "streams.py"), "clients-python", ("PYTHONPATH", packages), ("PYTHONDONTWRITEBYTECODE", "1"));
    }

    private async Task RunAsync(string interpreter, string program, string name, params (string Name, string Value)[] environment)
    {
        await using var ns = await TestNamespace.CreateAsync(Cluster, name);
        var variables = new Dictionary<string, string> { ["KUBECONFIG"] = Cluster.Kubeconfig, ["HOME"] = Cluster.State };
        foreach (var (variable, value) in environment)
        {
            variables[variable] = value;
        }

        var result = await Shell.RunAsync(interpreter, [program, ns.Name], environment: variables);
        Assert.True(result.Code == 0 && result.Output.EndsWith("all well\n", StringComparison.Ordinal), result.ToString());
    }
}
