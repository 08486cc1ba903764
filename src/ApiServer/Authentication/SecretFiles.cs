using System.Text;
using KubeAspire.StateStore.Disks;

namespace KubeAspire.ApiServer.Authentication;

/// <summary>Files that only their owner may read, replaced whole.</summary>
public static class SecretFiles
{
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>What the name of a file ends in that is not yet whole.</summary>
    public const string BesideSuffix = ".new";

    /// <summary>Makes a folder that only its owner may enter.</summary>
    public static void MakeFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, OwnerFile | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Replaces a file whole: a reader sees the old one or the new one, and so does the next start after a loss of power.</summary>
    public static void Write(string file, string text) => DurableFile.Replace(file, BesideSuffix, Encoding.UTF8.GetBytes(text));
}
