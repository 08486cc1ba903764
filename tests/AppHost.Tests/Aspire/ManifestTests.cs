using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using KubeAspire.AppHost.Commands;
using KubeAspire.AppHost.Graph;

namespace KubeAspire.AppHost.Tests.Aspire;

/// <summary>What <c>--publisher manifest</c> writes, by the program itself.</summary>
public sealed class ManifestTests
{
    public const string Missing = "Aspire's packages do not restore here";

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task TheManifest_NamesEveryResource_WithItsReferences(int silos)
    {
        Assert.SkipUnless(RunCommand.HasAspire, Missing);
        var folder = Directory.CreateTempSubdirectory("kubeaspire-manifest-");
        try
        {
            var path = Path.Combine(folder.FullName, "aspire-manifest.json");
            var (code, output) = await RunAsync(silos, "--publisher", "manifest", "--output-path", path);
            Assert.True(code == 0, output);

            var resources = JsonNode.Parse(await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken))!["resources"]!.AsObject();
            var graph = ClusterGraph.Describe(ClusterOptions.FromEnvironment() with { Silos = silos });
            string[] parameters = silos == 1 ? ["silos", "nodes"] : ["silos", "nodes", "redis-password"];

            Assert.Equal(parameters.Concat(graph.Select(resource => resource.Name)), resources.Select(resource => resource.Key));
            Assert.Equal($"{silos}", (string?)resources["silos"]!["inputs"]!["value"]!["default"]!["value"]);
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

        var (code, output) = await RunAsync(1, "--publisher", "manifest");

        Assert.Equal(1, code);
        Assert.Contains("--output-path", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutAspire_ItsArgumentsAreRefusedInOneSentence()
    {
        Assert.SkipWhen(RunCommand.HasAspire, "Aspire's packages restore here");

        var (code, output) = await RunAsync(1, "--publisher", "manifest", "--output-path", "unused.json");

        Assert.Equal(2, code);
        Assert.Equal("--publisher is for Aspire, whose packages did not restore when this was built.", output.Trim());
    }

    private static void AssertIs(GraphResource resource, JsonNode written)
    {
        if (resource.IsProject)
        {
            Assert.Equal("project.v0", (string?)written["type"]);
            Assert.EndsWith($"/{resource.Program}/{Path.GetFileName(resource.Program)}.csproj", (string?)written["path"], StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal("executable.v0", (string?)written["type"]);
            Assert.Equal(resource.Program, (string?)written["command"]);
            Assert.Equal(resource.Arguments, written["args"]!.AsArray().Select(argument => (string)argument!));
            Assert.Equal(
                $"{{{resource.Name}.bindings.tcp.host}}:{{{resource.Name}.bindings.tcp.port}},password={{{resource.Name}-password.value}}",
                (string?)written["connectionString"]);
        }

        Assert.All(resource.Environment, variable => Assert.Equal(variable.Value, (string?)written["env"]![variable.Key]));
        Assert.Equal(
            resource.Endpoints.Select(endpoint => (endpoint.Key, (string?)endpoint.Value.Scheme, (int?)endpoint.Value.Port)),
            (written["bindings"]?.AsObject() ?? []).Select(binding => (binding.Key, (string?)binding.Value!["scheme"], (int?)binding.Value!["targetPort"])));
        Assert.Equal(
            resource.WaitFor.Concat(resource.Knows).SelectMany(other => other.Password is null
                ? other.Endpoints.Keys.Select(name => ($"services__{other.Name}__{name}__0", $"{{{other.Name}.bindings.{name}.url}}"))
                : [($"ConnectionStrings__{other.Name}", $"{{{other.Name}.connectionString}}")]),
            (written["env"]?.AsObject() ?? []).Where(variable => variable.Key.StartsWith("services__", StringComparison.Ordinal) || variable.Key.StartsWith("ConnectionStrings__", StringComparison.Ordinal))
                .Select(variable => (variable.Key, (string)variable.Value!)));
    }

    private static async Task<(int Code, string Output)> RunAsync(int silos, params string[] arguments)
    {
        // The AppHost's program lies beside the tests, as every referenced program does.
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "KubeAspire.AppHost"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["KUBEASPIRE_SILOS"] = silos.ToString(CultureInfo.InvariantCulture);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + await errors);
    }
}
