namespace KubeAspire.KindGenerator;

/// <summary>Collects files and writes them at the end, removing generated files that are no longer made.</summary>
internal sealed class Output(string root)
{
    private readonly Dictionary<string, string> _files = new(StringComparer.Ordinal);

    public int Count => _files.Count;

    public void Add(string path, string text) => _files.Add(path, text);

    public void Commit()
    {
        foreach (var folder in new[] { "src/ApiMachinery", "src/Resources" })
        {
            foreach (var stale in Directory.EnumerateFiles(Path.Combine(root, folder), "*.g.cs", SearchOption.AllDirectories))
            {
                if (!_files.ContainsKey(Path.GetRelativePath(root, stale)))
                {
                    File.Delete(stale);
                }
            }
        }

        foreach (var (path, text) in _files)
        {
            var full = Path.Combine(root, path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            if (!File.Exists(full) || File.ReadAllText(full) != text)
            {
                File.WriteAllText(full, text);
            }
        }
    }
}
