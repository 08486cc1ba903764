using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;

namespace KubeAspire.Bench;

/// <summary>Figures of one benchmark, printed and kept in bench/results/.</summary>
internal sealed class Report(string name, string what)
{
    private readonly List<string> _lines = [];
    private readonly List<string> _notes = [];

    public static string Root { get; } = typeof(Report).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(metadata => metadata.Key == "RepositoryRoot").Value!;

    public void Add(string line)
    {
        _lines.Add(line);
        Console.WriteLine(line);
    }

    /// <summary>A remark that stands below the figures of its section.</summary>
    public void Note(string text) => _notes.Add(text);

    /// <summary>Begins a section, the remarks of the last one before it.</summary>
    public void Section(string title, string text)
    {
        EndSection();
        Add($"## {title}\n\n{text}\n");
    }

    public void Save()
    {
        EndSection();
        var folder = Path.Combine(Root, "bench", "results");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, $"{name}.md"), string.Create(CultureInfo.InvariantCulture, $"""
            # {name}

            {what}

            {TimeProvider.System.GetUtcNow():yyyy-MM-dd}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription.Split('#')[0].Trim()}, .NET {Environment.Version}.

            {string.Join("\n", _lines)}

            """));
    }

    /// <summary>The median of the ratios of each round.</summary>
    public static double Ratio(IEnumerable<double> ours, IEnumerable<double> theirs) => Median(ours.Zip(theirs, (mine, peer) => mine / peer));

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2] + sorted[(sorted.Length / 2) - 1]) / 2;
    }

    private void EndSection()
    {
        if (_notes.Count > 0)
        {
            Add("\n" + string.Join("\n", _notes) + "\n");
            _notes.Clear();
        }
    }
}
