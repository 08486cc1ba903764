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
        var mine = s_files.ToDictionary(file => file, file => File.ReadAllText(Path.Combine(folder, file)));
        var agreed = JsonSerializer.Deserialize<Dictionary<string, string>>(
            await RedisAgreement.ReachAsync(redis, Name, Shared(file => mine[file]), cancellationToken))!;
        var others = s_files.Where(file => agreed[file] != mine[file]).ToList();
        foreach (var file in others)
        {
            SecretFiles.Write(Path.Combine(folder, file), agreed[file]);
        }

        return others.Count > 0;
    }

    /// <summary>The keys as the silos agree on them.</summary>
    /// <param name="read">Reads one of a name.</param>
    public static byte[] Shared(Func<string, string> read) => JsonSerializer.SerializeToUtf8Bytes(s_files.ToDictionary(file => file, read));
}
