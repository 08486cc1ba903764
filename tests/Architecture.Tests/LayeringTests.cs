using System.Xml.Linq;

namespace KubeAspire.Architecture.Tests;

/// <summary>Keeps docs/ARCHITECTURE.md true: a project refers to lower layers only, and a few packages have one home each.</summary>
public sealed class LayeringTests
{
    private static readonly string[][] s_layers =
    [
        ["ApiMachinery", "KubeAspire.ServiceDefaults"],
        ["Resources"],
        ["StateStore", "Client", "ControllerRuntime", "ContainerRuntime"],
        ["ApiServer", "Controllers", "Scheduler", "ServiceProxy", "Dns", "Overlay"],
        ["Silo", "Gateway", "NodeAgent", "Dashboard"],
        ["KubeAspire.AppHost", "Cli"],
    ];

    [Fact]
    public void NoProject_RefersToItsOwnLayerOrAHigherOne() =>
        Assert.Empty(UpwardReferences(Repository.Projects().Where(project => project.Folder.StartsWith("src/", StringComparison.Ordinal) || project.Folder.StartsWith("KubeAspire.", StringComparison.Ordinal))));

    [Fact]
    public void EveryProjectInSrc_HasALayer() =>
        Assert.All(
            Repository.Projects().Select(project => project.Folder).Where(folder => folder.StartsWith("src/", StringComparison.Ordinal)),
            folder => Assert.True(LayerOf(Path.GetFileName(folder)) >= 0, $"{folder} has no layer"));

    [Fact]
    public void UpwardReference_IsReported() => Assert.Equal(
        ["StateStore -> ApiServer"],
        UpwardReferences([("src/StateStore", XDocument.Parse("""<Project><ItemGroup><ProjectReference Include="..\ApiServer\ApiServer.csproj" /></ItemGroup></Project>"""))]));

    [Theory]
    [InlineData("Yarp.", "src/Gateway")]
    [InlineData("Microsoft.Orleans", "src/Silo")]
    [InlineData("Aspire.", "KubeAspire.AppHost")]
    [InlineData("OpenTelemetry", "KubeAspire.ServiceDefaults")]
    public void APackageFamily_HasOneHome(string prefix, string home) => Assert.Empty(
        from project in Repository.Projects()
        where project.Folder != home && !project.Folder.StartsWith("tests/", StringComparison.Ordinal)
        from reference in project.Xml.Descendants("PackageReference")
        where ((string?)reference.Attribute("Include"))?.StartsWith(prefix, StringComparison.Ordinal) == true
        select $"{project.Folder} -> {(string?)reference.Attribute("Include")}");

    private static IEnumerable<string> UpwardReferences(IEnumerable<(string Folder, XDocument Xml)> projects) =>
        from project in projects
        let name = Path.GetFileName(project.Folder)
        from reference in project.Xml.Descendants("ProjectReference")
        // Built beside the AppHost, not linked into it.
        where (string?)reference.Attribute("ReferenceOutputAssembly") != "false"
        let target = Path.GetFileNameWithoutExtension(((string)reference.Attribute("Include")!).Replace('\\', '/'))
        where LayerOf(target) >= LayerOf(name)
        select $"{name} -> {target}";

    private static int LayerOf(string project) => Array.FindIndex(s_layers, layer => layer.Contains(project));
}
