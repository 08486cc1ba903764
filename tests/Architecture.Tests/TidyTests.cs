using System.Text.RegularExpressions;

namespace KubeAspire.Architecture.Tests;

/// <summary>Rules of the house that a reader can check by eye and a build should not have to be asked about.</summary>
public sealed partial class TidyTests
{
    private static readonly string[] s_code = ["src", "tests", "bench", "build", "KubeAspire.AppHost", "KubeAspire.ServiceDefaults", "examples"];

    [Fact]
    public void NothingIsMarkedAsUnfinished() => Assert.Empty(
        from file in Repository.Files("*.cs", s_code)
        where Path.GetFileName(file) != "TidyTests.cs"
        from line in File.ReadLines(file).Select((text, index) => (text, number: index + 1))
        where UnfinishedMark().IsMatch(line.text)
        select $"{Path.GetRelativePath(Repository.Root, file)}:{line.number}: {line.text.Trim()}");

    [Fact]
    public void LinksInDocuments_LeadSomewhere() => Assert.Empty(
        from file in Repository.Files("*.md", "docs", "src", "examples", "bench", "tests").Concat(Directory.EnumerateFiles(Repository.Root, "*.md"))
        from Match link in RelativeLink().Matches(File.ReadAllText(file))
        let target = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, link.Groups[1].Value))
        where !File.Exists(target) && !Directory.Exists(target)
        select $"{Path.GetRelativePath(Repository.Root, file)} -> {link.Groups[1].Value}");

    [Fact]
    public void LogEventIds_AreUnique()
    {
        var ids =
            from file in Repository.Files("*.cs", "src", "KubeAspire.AppHost")
            from Match message in LogMessage().Matches(File.ReadAllText(file))
            select (Id: message.Groups[1].Value, File: Path.GetRelativePath(Repository.Root, file));
        Assert.Empty(ids.GroupBy(one => one.Id).Where(same => same.Count() > 1).Select(same => $"{same.Key}: {string.Join(", ", same.Select(one => one.File))}"));
    }

    [Fact]
    public void LogsAreGenerated_NotFormattedInPlace() => Assert.Empty(
        from file in Repository.Files("*.cs", "src")
        from line in File.ReadLines(file).Select((text, index) => (text, number: index + 1))
        where DirectLog().IsMatch(line.text)
        select $"{Path.GetRelativePath(Repository.Root, file)}:{line.number}: {line.text.Trim()}");

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|NotImplementedException)\b")]
    private static partial Regex UnfinishedMark();

    [GeneratedRegex(@"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")]
    private static partial Regex RelativeLink();

    [GeneratedRegex(@"\[LoggerMessage\(\s*(?:EventId\s*=\s*)?(\d+)")]
    private static partial Regex LogMessage();

    [GeneratedRegex(@"[lL]ogger\??\.Log(Trace|Debug|Information|Warning|Error|Critical)\(")]
    private static partial Regex DirectLog();
}
