namespace KubeAspire.Silo.Grains;

/// <summary>Says which silo runs a work that must run once in the cluster.</summary>
[Alias("KubeAspire.Leader")]
internal interface ILeaderGrain : IGrainWithStringKey
{
    /// <summary>Asks for the work, or to keep it.</summary>
    /// <param name="candidate">Who asks: one run of one silo.</param>
    /// <param name="silo">Its silo.</param>
    /// <param name="holds">Whether it runs the work, its term not being over.</param>
    /// <returns>Whether it is to run the work until <see cref="LeaderGrain.Term"/> from now.</returns>
    [Alias("Ask")]
    ValueTask<bool> AskAsync(Guid candidate, SiloAddress silo, bool holds);

    /// <summary>Gives the work back.</summary>
    [Alias("Release")]
    ValueTask ReleaseAsync(Guid candidate);
}
