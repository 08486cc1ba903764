namespace KubeAspire.StateStore.Redis;

/// <summary>How an engine keeps its state in Redis.</summary>
public sealed class RedisStateOptions
{
    /// <summary>Where Redis is: <see cref="RedisAddress.Parse"/>.</summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>What the cluster's keys begin with. In braces, so that a sharded Redis keeps them together.</summary>
    public string KeyPrefix { get; set; } = "{kubeaspire}";

    /// <summary>What this silo is called in the log's takeovers; for people.</summary>
    public string SiloName { get; set; } = Environment.MachineName;

    /// <summary>History, and when a snapshot is due. The directory and what concerns a disk are not used.</summary>
    public StateStoreOptions Store { get; set; } = new();

    /// <summary>How long a connection may take. 2 s: it is on the same network.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long an answer may take before the connection is given up and another made. 5 s: a rewrite of a large append-only file on a slow disk holds Redis up for seconds.</summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a call waits for Redis, for the owner of the store, or for its end to be known. 30 s: longer than the death of the owner's
    /// silo takes to be noticed, shorter than the 60 s that the API server gives a request.
    /// </summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Times connections and waits. The engine's clock ages history and times watches.</summary>
    public TimeProvider NetworkClock { get; set; } = TimeProvider.System;

    /// <summary>
    /// Called when Redis has lost or changed what it had promised. What this silo holds is then no longer the cluster's state, so the process must end. By default it does.
    /// </summary>
    public Action<string, Exception> FailStop { get; set; } = Environment.FailFast;
}
