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
        ClusterGraph.Describe(Clusters.WithNodes(nodes)).Select(resource => $"{resource.Name} {resource.Project}"));

    [Fact]
    public void WhoWaits_ComesAfterWhatItWaitsFor()
    {
        var graph = ClusterGraph.Describe(Clusters.WithNodes(3));
        var silo = graph[0];

        Assert.Empty(silo.WaitFor);
        Assert.All(graph.Skip(1), resource => Assert.Same(silo, Assert.Single(resource.WaitFor)));
    }

    [Fact]
    public void NoTwoResources_ListenOnTheSamePort()
    {
        var ports = ClusterGraph.Describe(Clusters.WithNodes(16))
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
