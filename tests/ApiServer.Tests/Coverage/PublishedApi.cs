using System.Text.Json;

namespace KubeAspire.ApiServer.Tests.Coverage;

/// <summary>The published API as data, where it lies beside the repository.</summary>
/// <param name="Paths">Path → method → what it does.</param>
/// <param name="Definitions">Name → fields.</param>
/// <param name="Conformance">The conformance tests of upstream.</param>
internal sealed record PublishedApi(Dictionary<string, Dictionary<string, PublishedVerb>> Paths, Dictionary<string, JsonElement> Definitions, IReadOnlyList<ConformanceTest> Conformance)
{
    private static readonly JsonSerializerOptions s_options = new() { PropertyNameCaseInsensitive = true };

    /// <summary>Why a test is skipped.</summary>
    public const string Missing = "the published API (shared/kubernetes) is not beside this repository";

    /// <summary>The repository's folder.</summary>
    public static DirectoryInfo Repository
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder!.FullName, "KubeAspire.sln")))
            {
                folder = folder.Parent;
            }

            return folder;
        }
    }

    /// <summary>Reads the data; null where they are not there.</summary>
    public static PublishedApi? Load()
    {
        for (var folder = Repository; folder is not null; folder = folder.Parent)
        {
            var data = Path.Combine(folder.FullName, "shared", "kubernetes");
            if (File.Exists(Path.Combine(data, "paths.json")))
            {
                return new PublishedApi(
                    JsonSerializer.Deserialize<Dictionary<string, Dictionary<string, PublishedVerb>>>(File.ReadAllBytes(Path.Combine(data, "paths.json")), s_options)!,
                    JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(File.ReadAllBytes(Path.Combine(data, "definitions.json")))!,
                    ConformanceTest.Read(Path.Combine(data, "conformance.tsv")));
            }
        }

        return null;
    }
}

/// <summary>One method of a path.</summary>
internal sealed record PublishedVerb(string? Action, string? Gvk, string[]? Query);
