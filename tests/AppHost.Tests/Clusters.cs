using KubeAspire.AppHost.Graph;

namespace KubeAspire.AppHost.Tests;

/// <summary>Clusters to describe; none is started.</summary>
internal static class Clusters
{
    public static ClusterOptions WithNodes(int nodes) => new() { RepositoryRoot = "/repository", StateDirectory = "/state", Nodes = nodes };

    public static ClusterOptions WithSilos(int silos) => WithNodes(2) with { Silos = silos };
}
