namespace KubeAspire.StateStore.Redis;

/// <summary>Something that all silos of a cluster must have the same, such as the key of its certificate authority: whoever is first decides.</summary>
public static class RedisAgreement
{
    /// <summary>Proposes a value, and answers the one that the cluster has.</summary>
    /// <param name="options">The cluster's Redis.</param>
    /// <param name="name">What is agreed on.</param>
    /// <param name="proposal">What it is to be where nobody was first.</param>
    /// <param name="cancellationToken">Gives up. Until then Redis is waited for.</param>
    public static async Task<byte[]> ReachAsync(RedisStateOptions options, string name, ReadOnlyMemory<byte> proposal, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        await using var client = new RedisClient(RedisAddress.Parse(options.ConnectionString), options);
        var key = RespConnection.Word($"{options.KeyPrefix}:{name}");
        await client.InsistAsync(cancellationToken, RespConnection.Word("SET"), key, proposal, RespConnection.Word("NX"));
        var agreed = await client.InsistAsync(cancellationToken, RespConnection.Word("GET"), key);
        return agreed.Bytes ?? throw new StateStoreException($"Redis has lost {options.KeyPrefix}:{name} as soon as it was written.");
    }

    /// <summary>What the cluster has agreed on; null where it has not, or there is no cluster.</summary>
    public static async Task<byte[]?> FindAsync(RedisStateOptions options, string name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        await using var client = new RedisClient(RedisAddress.Parse(options.ConnectionString), options);
        return (await client.InsistAsync(cancellationToken, RespConnection.Word("GET"), RespConnection.Word($"{options.KeyPrefix}:{name}"))).Bytes;
    }
}
