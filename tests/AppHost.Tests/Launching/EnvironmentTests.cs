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
    public void WhatWaitsForNothing_IsToldOfNoOther() => Assert.DoesNotContain(
        ManagedProcess.EnvironmentOf(ClusterGraph.Describe(Clusters.WithNodes(2))[0]).Keys,
        name => name.StartsWith("services__", StringComparison.Ordinal));
}
