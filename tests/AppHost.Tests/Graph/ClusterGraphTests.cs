using KubeAspire.AppHost.Graph;

namespace KubeAspire.AppHost.Tests.Graph;

public sealed class ClusterGraphTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(16)]
    public void ThereIsASilo_AGateway_AndEveryNode(int nodes) => Assert.Equal(
        ["silo src/Silo", "gateway-1 src/Gateway", .. Enumerable.Range(1, nodes).Select(number => $"node-{number} src/NodeAgent")],
        ClusterGraph.Describe(Clusters.WithNodes(nodes)).Select(resource => $"{resource.Name} {resource.Program}"));

    [Fact]
    public void NobodyWaitsForTheSilo_AllStartAtOnce_AndKnowIt()
    {
        var graph = ClusterGraph.Describe(Clusters.WithNodes(3));
        var silo = graph[0];

        Assert.All(graph, resource => Assert.Empty(resource.WaitFor));
        Assert.All(graph.Skip(1), resource => Assert.Same(silo, Assert.Single(resource.Knows)));
        Assert.Equal([false, true, true, true, true], graph.Select(resource => resource.NeedsMachine));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(7)]
    public void SeveralSilos_ShareARedis_AndTheOthersKnowThemAll(int count)
    {
        var graph = ClusterGraph.Describe(Clusters.WithSilos(count));
        var (redis, silos, others) = (graph[0], graph.Skip(1).Take(count).ToList(), graph.Skip(1 + count).ToList());

        Assert.Equal("redis redis-server", $"{redis.Name} {redis.Program}");
        Assert.Equal(Enumerable.Range(1, count).Select(number => $"silo-{number} src/Silo"), silos.Select(silo => $"{silo.Name} {silo.Program}"));
        Assert.Equal(["gateway-1", "node-1", "node-2"], others.Select(other => other.Name));
        Assert.All(silos, silo => Assert.Same(redis, Assert.Single(silo.WaitFor)));
        Assert.All(others, other => Assert.Empty(other.WaitFor));
        Assert.All(others, other => Assert.Equal(silos, other.Knows));
        Assert.Distinct(silos.Select(silo => silo.Environment["Silo__DataDirectory"]));
        Assert.Equal(silos.Select(silo => silo.Name), silos.Select(silo => silo.Environment["Silo__Name"]));
        Assert.Equal(["/state/kubeconfig"], silos.Select(silo => silo.Environment["Silo__KubeconfigPath"]).Where(path => path.Length > 0));
        Assert.Equal(["/state/credentials"], silos.Select(silo => silo.Environment["Silo__CredentialsDirectory"]).Where(path => path.Length > 0));
    }

    // What the promises of docs/specs/clustering.md rest on.
    [Theory]
    [InlineData("--appendonly", "yes")]
    [InlineData("--appendfsync", "always")]
    [InlineData("--maxmemory-policy", "noeviction")]
    [InlineData("--bind", "127.0.0.1")]
    [InlineData("--dir", "/state/redis")]
    public void TheRedis_IsSetAsTheSilosNeedIt(string setting, string value)
    {
        var arguments = ClusterGraph.Describe(Clusters.WithSilos(3))[0].Arguments.ToList();

        Assert.Equal(value, arguments[arguments.IndexOf(setting) + 1]);
    }

    [Fact]
    public void ARedisThatIsThere_IsNotStartedOnceMore() => Assert.Equal(
        ["silo-1", "silo-2", "silo-3", "gateway-1", "node-1", "node-2"],
        ClusterGraph.Describe(Clusters.WithSilos(3) with { Redis = "redis.test:6379" }).Select(resource => resource.Name));

    [Fact]
    public void NoTwoResources_ListenOnTheSamePort()
    {
        var ports = ClusterGraph.Describe(Clusters.WithNodes(16) with { Silos = 7 })
            .SelectMany(resource => resource.Endpoints.Values.Append(resource.Health).Select(address => address.Port).Distinct());

        Assert.Distinct(ports);
    }

    [Fact]
    public void EveryNodeAndGateway_HasItsOwnCredential()
    {
        var graph = ClusterGraph.Describe(Clusters.WithNodes(2));

        Assert.Equal("gateway:gateway-1,node:node-1,node:node-2", graph[0].Environment["Silo__Credentials"]);
        Assert.Equal("/state/credentials/gateway-1.kubeconfig", graph[1].Environment["Gateway__Kubeconfig"]);
        Assert.Equal(
            ["/state/credentials/node-1.kubeconfig", "/state/credentials/node-2.kubeconfig"],
            graph.Skip(2).Select(node => node.Environment["NodeAgent__Kubeconfig"]));
    }

    [Fact]
    public void Telemetry_IsLeftToWhoRunsTheGraph() => Assert.All(
        ClusterGraph.Describe(Clusters.WithNodes(2)),
        resource => Assert.DoesNotContain(resource.Environment.Keys, name => name.StartsWith("OTEL_", StringComparison.Ordinal)));
}
