using KubeAspire.Testing.Processes;

[assembly: AssemblyFixture(typeof(KubeAspire.StateStore.Tests.Clusters.SharedSilos))]

namespace KubeAspire.StateStore.Tests.Clusters;

/// <summary>Three silos on a Redis for the tests that do them no harm; each test has a store of its own.</summary>
public sealed class SharedSilos : IAsyncDisposable
{
    private static readonly SemaphoreSlim s_starting = new(1);
    private static SiloCluster? s_cluster;

    /// <summary>The silos, started when they are first asked for. Skips the test where there can be none.</summary>
    public static async Task<SiloCluster> GetAsync()
    {
        Assert.SkipWhen(SiloCluster.WhyNot is not null, SiloCluster.WhyNot ?? "");
        await s_starting.WaitAsync();
        try
        {
            return s_cluster ??= await SiloCluster.StartAsync(3, CancellationToken.None);
        }
        finally
        {
            s_starting.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (s_cluster is { } cluster)
        {
            await cluster.DisposeAsync();
        }
    }
}
