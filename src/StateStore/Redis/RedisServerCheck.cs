namespace KubeAspire.StateStore.Redis;

/// <summary>Looks how Redis is configured: what it acknowledges is what the store acknowledges.</summary>
internal static class RedisServerCheck
{
    /// <summary>Warns of settings under which acknowledged writes can be lost; refuses one under which Redis throws data away as a matter of course.</summary>
    public static async Task CheckAsync(RedisClient client, ILogger logger, CancellationToken cancellationToken)
    {
        try
        {
            if (await GetAsync(client, "appendonly", cancellationToken) is { } append && append != "yes")
            {
                logger.WeakRedis("appendonly", append, "yes", "a restart of Redis loses everything since its last snapshot");
            }
            else if (await GetAsync(client, "appendfsync", cancellationToken) is { } sync && sync != "always")
            {
                logger.WeakRedis("appendfsync", sync, "always", "a loss of power loses acknowledged writes");
            }

            if (await GetAsync(client, "maxmemory", cancellationToken) is not (null or "0") && await GetAsync(client, "maxmemory-policy", cancellationToken) is { } policy
                && policy.StartsWith("allkeys", StringComparison.Ordinal))
            {
                throw new StateStoreException($"Redis at {client.Address} has the maxmemory-policy {policy}, by which it throws the cluster's state away when it is full. It must be noeviction.");
            }
        }
        catch (RedisRefusedException refused)
        {
            logger.SilentRedis(refused.Message);
        }
    }

    private static async Task<string?> GetAsync(RedisClient client, string name, CancellationToken cancellationToken)
    {
        var answer = await client.InsistAsync(cancellationToken, RespConnection.Word("CONFIG"), RespConnection.Word("GET"), RespConnection.Word(name));
        return answer.Items is [_, var value] ? value.Text : null;
    }
}
