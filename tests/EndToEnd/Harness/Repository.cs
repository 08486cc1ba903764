namespace KubeAspire.EndToEnd.Harness;

/// <summary>The checkout that the tests were built from.</summary>
public static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>A built program of the same configuration as the tests.</summary>
    public static string Executable(string project)
    {
        var configuration = Path.GetFileName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var name = project.StartsWith("KubeAspire.", StringComparison.Ordinal) ? project : $"KubeAspire.{project}";
        return Path.Combine(Root, "artifacts", "bin", project, configuration, name);
    }

    private static string Find()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "KubeAspire.sln")))
            {
                return folder;
            }
        }

        throw new InvalidOperationException("KubeAspire.sln was not found above the tests");
    }
}
