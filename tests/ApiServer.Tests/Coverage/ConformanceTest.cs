using System.Text.RegularExpressions;

namespace KubeAspire.ApiServer.Tests.Coverage;

/// <summary>One of Kubernetes' conformance tests.</summary>
/// <param name="Name">Its codename, without the closing tags: what a test of ours with its assertions is named by.</param>
/// <param name="Release">The release that it is a conformance test since, as <c>v1.36</c>.</param>
/// <param name="Machine">What of a machine it needs: <c>none</c> is the control plane alone, <c>plain</c> containers, and more.</param>
internal sealed partial record ConformanceTest(string Name, string Release, string Machine)
{
    /// <summary>Minor version of <see cref="Release"/>.</summary>
    public int Minor => int.Parse(Release.Split('.')[1], System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Reads the table of them: a row each, with columns named in the first.</summary>
    public static IReadOnlyList<ConformanceTest> Read(string path)
    {
        var rows = File.ReadLines(path).Select(line => line.Split('\t')).ToList();
        var (name, release, machine) = (Array.IndexOf(rows[0], "codename"), Array.IndexOf(rows[0], "release"), Array.IndexOf(rows[0], "docker"));
        return [.. rows.Skip(1).Select(row => new ConformanceTest(Tags().Replace(row[name], ""), row[release], row[machine]))];
    }

    /// <summary>The names of the tests of ours: what stands in the attribute [Conformance("…")] of the projects that have it.</summary>
    public static IReadOnlySet<string> Ours(DirectoryInfo repository) => new[] { "Conformance", "EndToEnd" }
        .SelectMany(project => Directory.EnumerateFiles(Path.Combine(repository.FullName, "tests", project), "*.cs", SearchOption.AllDirectories))
        .SelectMany(file => Attributes().Matches(File.ReadAllText(file))).Select(match => match.Groups[1].Value).ToHashSet(StringComparer.Ordinal);

    // What says how a test is run, after its name. LinuxOnly and the like belong to the name.
    [GeneratedRegex(@"( \[(Conformance|NodeConformance|Slow|Serial|Disruptive)\])+$")]
    private static partial Regex Tags();

    [GeneratedRegex("""\[Conformance\("([^"]+)"\)\]""")]
    private static partial Regex Attributes();
}
