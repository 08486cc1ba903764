using System.Xml.Linq;

namespace KubeAspire.Architecture.Tests;

/// <summary>The checkout that the tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static IEnumerable<string> Files(string pattern, params string[] folders) =>
        folders.Select(folder => Path.Combine(Root, folder)).Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, pattern, SearchOption.AllDirectories))
            .Where(file => !file.Contains("/bin/") && !file.Contains("/obj/") && !file.Contains("/artifacts/"));

    public static IEnumerable<(string Folder, XDocument Xml)> Projects() =>
        Files("*.csproj", "src", "tests", "bench", "KubeAspire.AppHost", "KubeAspire.ServiceDefaults")
            .Select(file => (Path.GetRelativePath(Root, Path.GetDirectoryName(file)!), XDocument.Load(file)));

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
