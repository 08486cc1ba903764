using KubeAspire.AppHost.Graph;
using KubeAspire.AppHost.Launching;

namespace KubeAspire.AppHost.Tests.Launching;

/// <summary>What the launcher tells a process, by Aspire's contract.</summary>
public sealed class EnvironmentTests
{
    [Fact]
    public void AProcess_IsToldItsName_AndWhereTheOthersAre()
    {
        var node = ClusterGraph.Describe(Clusters.WithNodes(2)).Single(resource => resource.Name == "node-2");

        var environment = ManagedProcess.EnvironmentOf(node);

        Assert.Equal("node-2", environment["OTEL_SERVICE_NAME"]);
        Assert.Equal("https://127.0.0.1:6443", environment["services__silo__https__0"]);
        Assert.All(node.Environment, variable => Assert.Equal(variable.Value, environment[variable.Key]));
    }

    [Fact]
    public void ASilo_IsToldWhereItsRedisIs_AndTheOthersWhereTheSilosAre()
    {
        var graph = ClusterGraph.Describe(Clusters.WithSilos(3));

        Assert.Equal("127.0.0.1:10379,password=", ManagedProcess.EnvironmentOf(graph.Single(resource => resource.Name == "silo-2"))["ConnectionStrings__redis"]);
        Assert.All(["gateway-1", "node-1"], name =>
        {
            var environment = ManagedProcess.EnvironmentOf(graph.Single(resource => resource.Name == name));
            Assert.Equal(
                ["https://127.0.0.1:6443", "https://127.0.0.1:6444", "https://127.0.0.1:6445"],
                Enumerable.Range(1, 3).Select(number => environment[$"services__silo-{number}__https__0"]));
            Assert.DoesNotContain("ConnectionStrings__redis", environment.Keys);
        });
    }

    [Fact]
    public void WhatWaitsForNothing_IsToldOfNoOther() => Assert.DoesNotContain(
        ManagedProcess.EnvironmentOf(ClusterGraph.Describe(Clusters.WithNodes(2))[0]).Keys,
        name => name.StartsWith("services__", StringComparison.Ordinal));
}
