using System.Text;
using System.Text.Json;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.StateStore.Redis;

namespace KubeAspire.Silo.Grains;

/// <summary>One authority and one signing key for all silos: a certificate or a token that one of them issued is good at each.</summary>
/// <remarks>They stand in Redis beside the state, whose Secrets are there as well: who reads that Redis is the cluster's administrator.</remarks>
internal static class SharedKeys
{
    /// <summary>What they are called in Redis.</summary>
    public const string Name = "keys";

    private static readonly string[] s_files = ["ca.crt", "ca.key", "sa.key"];

    /// <summary>Puts the cluster's keys into a silo's folder, or this silo's into Redis where it is the first.</summary>
    /// <param name="redis">The cluster's Redis.</param>
    /// <param name="folder">The silo's keys, made already.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether the folder has other keys now.</returns>
    public static async Task<bool> AgreeAsync(RedisStateOptions redis, string folder, CancellationToken cancellationToken)
    {
        var mine = Together(name => File.ReadAllBytes(Path.Combine(folder, name)));
        var agreed = await RedisAgreement.ReachAsync(redis, Name, mine, cancellationToken);
        if (agreed.AsSpan().SequenceEqual(mine))
        {
            return false;
        }

        foreach (var (name, bytes) in Apart(agreed))
        {
            SecretFiles.Write(Path.Combine(folder, name), Encoding.UTF8.GetString(bytes));
        }

        return true;
    }

    /// <summary>The keys as they stand in Redis: one value, so that they are always of one cluster.</summary>
    /// <param name="read">Reads one of a name.</param>
    public static byte[] Together(Func<string, ReadOnlyMemory<byte>> read) =>
        JsonSerializer.SerializeToUtf8Bytes(s_files.ToDictionary(name => name, name => Encoding.UTF8.GetString(read(name).Span)));

    /// <summary>The keys of what stands in Redis.</summary>
    public static IEnumerable<(string Name, byte[] Bytes)> Apart(byte[] together)
    {
        var keys = JsonSerializer.Deserialize<Dictionary<string, string>>(together)!;
        return s_files.Select(name => (name, Encoding.UTF8.GetBytes(keys[name])));
    }
}
