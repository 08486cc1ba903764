using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;

namespace KubeAspire.Bench;

/// <summary>Figures of one benchmark, printed and kept in bench/results/.</summary>
internal sealed class Report(string name, string what)
{
    private readonly List<string> _lines = [];

    public static string Root { get; } = typeof(Report).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(metadata => metadata.Key == "RepositoryRoot").Value!;

    public void Add(string line)
    {
        _lines.Add(line);
        Console.WriteLine(line);
    }

    public void Save()
    {
        var folder = Path.Combine(Root, "bench", "results");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, $"{name}.md"), string.Create(CultureInfo.InvariantCulture, $"""
            # {name}

            {what}

            {TimeProvider.System.GetUtcNow():yyyy-MM-dd}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription.Split('#')[0].Trim()}, .NET {Environment.Version}.

            {string.Join("\n", _lines)}

            """));
    }

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2] + sorted[(sorted.Length / 2) - 1]) / 2;
    }
}
