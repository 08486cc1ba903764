using System.Security.Cryptography;

namespace KubeAspire.AppHost.Graph;

/// <summary>
/// The folder and the password of the Redis that several silos share. The password keeps the machine's other users from the cluster's Secrets,
/// and the silos from a Redis that somebody else runs on the port.
/// </summary>
internal static class RedisSetup
{
    /// <summary>Length of the password. 32 bytes.</summary>
    private const int PasswordBytes = 32;

    private const string Setting = "requirepass ";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The password, or an empty string before <see cref="Prepare"/>.</summary>
    public static string PasswordOf(string folder) => File.Exists(FileOf(folder))
        ? File.ReadLines(FileOf(folder)).FirstOrDefault(line => line.StartsWith(Setting, StringComparison.Ordinal))?[Setting.Length..] ?? ""
        : "";

    /// <summary>Makes the folder and, at the first start, the password.</summary>
    public static void Prepare(string folder)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder); // Below a user's own folder, which Windows keeps from others.
        }
        else
        {
            Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
            options.UnixCreateMode = OwnerOnly;
        }

        if (PasswordOf(folder).Length > 0)
        {
            return;
        }

        using var file = new FileStream(FileOf(folder), options);
        using var writer = new StreamWriter(file);
        writer.WriteLine(Setting + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(PasswordBytes)));
    }

    private static string FileOf(string folder) => Path.Combine(folder, "redis.conf");
}
