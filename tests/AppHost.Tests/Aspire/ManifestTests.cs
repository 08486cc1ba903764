using System.Diagnostics;
using System.Text.Json.Nodes;
using KubeAspire.AppHost.Commands;
using KubeAspire.AppHost.Graph;

namespace KubeAspire.AppHost.Tests.Aspire;

/// <summary>What <c>--publisher manifest</c> writes, by the program itself.</summary>
public sealed class ManifestTests
{
    public const string Missing = "Aspire's packages do not restore here";

    [Fact]
    public async Task TheManifest_NamesEveryResource_WithItsReferences()
    {
        Assert.SkipUnless(RunCommand.HasAspire, Missing);
        var folder = Directory.CreateTempSubdirectory("kubeaspire-manifest-");
        try
        {
            var path = Path.Combine(folder.FullName, "aspire-manifest.json");
            var (code, output) = await RunAsync("--publisher", "manifest", "--output-path", path);
            Assert.True(code == 0, output);

            var resources = JsonNode.Parse(await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken))!["resources"]!.AsObject();
            var graph = ClusterGraph.Describe(ClusterOptions.FromEnvironment());

            Assert.Equal(graph.Select(resource => resource.Name).Prepend("nodes"), resources.Select(resource => resource.Key));
            Assert.Equal("2", (string?)resources["nodes"]!["inputs"]!["value"]!["default"]!["value"]);
            Assert.All(graph, resource => AssertIs(resource, resources[resource.Name]!));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task AManifestThatCannotBeWritten_IsAFailure()
    {
        Assert.SkipUnless(RunCommand.HasAspire, Missing);

        var (code, output) = await RunAsync("--publisher", "manifest");

        Assert.Equal(1, code);
        Assert.Contains("--output-path", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutAspire_ItsArgumentsAreRefusedInOneSentence()
    {
        Assert.SkipWhen(RunCommand.HasAspire, "Aspire's packages restore here");

        var (code, output) = await RunAsync("--publisher", "manifest", "--output-path", "unused.json");

        Assert.Equal(2, code);
        Assert.Equal("--publisher is for Aspire, whose packages did not restore when this was built.", output.Trim());
    }

    private static void AssertIs(GraphResource resource, JsonNode written)
    {
        Assert.Equal("project.v0", (string?)written["type"]);
        Assert.EndsWith($"/{resource.Project}/{Path.GetFileName(resource.Project)}.csproj", (string?)written["path"], StringComparison.Ordinal);
        Assert.All(resource.Environment, variable => Assert.Equal(variable.Value, (string?)written["env"]![variable.Key]));
        Assert.Equal(
            resource.Endpoints.Select(endpoint => (endpoint.Key, (string?)endpoint.Value.Scheme, (int?)endpoint.Value.Port)),
            (written["bindings"]?.AsObject() ?? []).Select(binding => (binding.Key, (string?)binding.Value!["scheme"], (int?)binding.Value!["targetPort"])));
        Assert.Equal(
            resource.WaitFor.SelectMany(other => other.Endpoints.Keys.Select(name => ($"services__{other.Name}__{name}__0", $"{{{other.Name}.bindings.{name}.url}}"))),
            written["env"]!.AsObject().Where(variable => variable.Key.StartsWith("services__", StringComparison.Ordinal)).Select(variable => (variable.Key, (string)variable.Value!)));
    }

    private static async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        // The AppHost's program lies beside the tests, as every referenced program does.
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "KubeAspire.AppHost"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + await errors);
    }
}
