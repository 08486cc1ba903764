using KubeAspire.EndToEnd.Harness;

namespace KubeAspire.EndToEnd;

/// <summary>Every document under examples/ is taken by kubectl apply, on either side.</summary>
[Collection(SharedCluster.Name)]
public sealed class ExamplesTests(ClusterFixture fixture)
{
    public static TheoryData<string, bool> Documents
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (var file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "examples"), "*.yaml", SearchOption.AllDirectories)
                .Where(file => Path.GetFileName(file) != "kustomization.yaml" && !file.Contains("/bin/", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
            {
                data.Add(Path.GetRelativePath(Repository.Root, file), false);
                data.Add(Path.GetRelativePath(Repository.Root, file), true);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public async Task ADocument_IsApplied_AppliedAgainUnchanged_AndDeleted(string file, bool serverSide)
    {
        Cluster.RequireMachine();
        var side = serverSide ? " --server-side" : "";
        var name = $"examples-{Guid.NewGuid():N}"[..20];
        await fixture.Cluster.KubectlAsync($"create namespace {name}");
        var path = Path.Combine(Repository.Root, file);
        await fixture.Cluster.KubectlAsync($"apply -n {name} -f {path}{side}");
        var revisions = await fixture.Cluster.KubectlAsync($"get -n {name} -f {path} -o jsonpath='{{.items[*].metadata.generation}}'");
        var again = await fixture.Cluster.KubectlAsync($"apply -n {name} -f {path}{side}");
        if (!serverSide)
        {
            Assert.All(again.TrimEnd('\n').Split('\n'), line => Assert.EndsWith("unchanged", line, StringComparison.Ordinal));
        }

        Assert.Equal(revisions, await fixture.Cluster.KubectlAsync($"get -n {name} -f {path} -o jsonpath='{{.items[*].metadata.generation}}'"));
        Assert.Equal(0, (await fixture.Cluster.TryKubectlAsync($"diff -n {name} -f {path}{side}")).Code);
        await fixture.Cluster.KubectlAsync($"delete namespace {name} --timeout=60s");
    }
}
