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

    /// <summary>Writes a file beside its name and renames it: a reader sees the old one or the new one.</summary>
    public static void Write(string file, string text)
    {
        var beside = file + BesideSuffix;
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerFile;
        }

        using (var writer = new StreamWriter(beside, options))
        {
            writer.Write(text);
        }

        File.Move(beside, file, overwrite: true);
    }
}
