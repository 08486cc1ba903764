using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using KubeAspire.AppHost.Aspire;
using KubeAspire.AppHost.Graph;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace KubeAspire.AppHost.Tests.Aspire;

/// <summary>The Aspire application is the graph: each resource with its project, environment, endpoints, health and what it waits for.</summary>
public sealed class AspireGraphTests
{
    private static readonly ClusterOptions s_options = Clusters.WithNodes(3);
    private static readonly IReadOnlyList<GraphResource> s_graph = ClusterGraph.Describe(s_options);

    [Theory]
    [InlineData(DistributedApplicationOperation.Run)]
    [InlineData(DistributedApplicationOperation.Publish)]
    public void EveryResource_IsAProjectOfTheSameName(DistributedApplicationOperation operation)
    {
        var projects = Projects(Describe(operation));

        Assert.Equal(s_graph.Select(resource => resource.Name), projects.Keys);
        Assert.All(s_graph, resource => Assert.EndsWith(
            $"/{resource.Project}/{Path.GetFileName(resource.Project)}.csproj",
            projects[resource.Name].GetProjectMetadata().ProjectPath,
            StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(DistributedApplicationOperation.Run)]
    [InlineData(DistributedApplicationOperation.Publish)]
    public void EveryResource_WaitsForAndRefersToWhatTheGraphSays(DistributedApplicationOperation operation)
    {
        var projects = Projects(Describe(operation));

        Assert.All(s_graph, resource =>
        {
            var waits = projects[resource.Name].Annotations.OfType<WaitAnnotation>().ToList();
            Assert.Equal(resource.WaitFor.Select(other => other.Name), waits.Select(wait => wait.Resource.Name));
            Assert.All(waits, wait => Assert.Equal(WaitType.WaitUntilHealthy, wait.WaitType));
            Assert.Equal(
                resource.WaitFor.Select(other => other.Name),
                projects[resource.Name].Annotations.OfType<ResourceRelationshipAnnotation>().Where(one => one.Type == "Reference").Select(one => one.Resource.Name));
        });
    }

    [Fact]
    public void EveryEndpoint_IsWhereTheProcessListensItself()
    {
        var projects = Projects(Describe(DistributedApplicationOperation.Run));

        Assert.All(s_graph, resource => Assert.Equal(
            resource.Endpoints.Select(endpoint => (endpoint.Key, endpoint.Value.Scheme, (int?)endpoint.Value.Port, (int?)endpoint.Value.Port, false)),
            projects[resource.Name].Annotations.OfType<EndpointAnnotation>().Select(one => (one.Name, one.UriScheme, one.Port, one.TargetPort, one.IsProxied))));
    }

    [Fact]
    public async Task TheEnvironment_IsTheGraphs_AndWhereTheOthersAre()
    {
        var projects = Projects(Describe(DistributedApplicationOperation.Publish));

        foreach (var resource in s_graph)
        {
            var environment = await EnvironmentOf(projects[resource.Name], DistributedApplicationOperation.Publish);
            Assert.All(resource.Environment, variable => Assert.Equal(variable.Value, environment[variable.Key]));
            Assert.Equal(resource.WaitFor.Any() ? "{silo.bindings.https.url}" : null, environment.GetValueOrDefault("services__silo__https__0"));
            Assert.DoesNotContain("ASPNETCORE_URLS", environment.Keys);
        }
    }

    [Fact]
    public async Task Telemetry_GoesToTheDashboard_UnderTheResourcesName()
    {
        var silo = Projects(Describe(DistributedApplicationOperation.Run))["silo"];

        var environment = await EnvironmentOf(silo, DistributedApplicationOperation.Run);

        Assert.Equal("http://localhost:18889", environment["OTEL_EXPORTER_OTLP_ENDPOINT"]);
        Assert.Contains("OTEL_SERVICE_NAME", environment.Keys);
    }

    [Fact]
    public async Task Health_IsTheProcessOwnAnswer()
    {
        // Ports on which nothing listens: the health port of one node is as good as another.
        var builder = AspireGraph.Describe([], s_options with { ApiPort = 1, HealthPort = 2 });
        await using var services = builder.Services.BuildServiceProvider();
        var checks = services.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations.ToDictionary(check => check.Name);

        foreach (var (name, project) in Projects(builder))
        {
            var check = checks[Assert.Single(project.Annotations.OfType<HealthCheckAnnotation>()).Key];
            var result = await check.Factory(services).CheckHealthAsync(new HealthCheckContext { Registration = check }, TestContext.Current.CancellationToken);
            Assert.Equal($"{name}-health", check.Name);
            Assert.Equal(HealthStatus.Unhealthy, result.Status);
        }
    }

    private static async Task<IReadOnlyDictionary<string, string>> EnvironmentOf(ProjectResource project, DistributedApplicationOperation operation)
    {
        var configuration = await ExecutionConfigurationBuilder.Create(project).WithEnvironmentVariablesConfig()
            .BuildAsync(new DistributedApplicationExecutionContext(operation), NullLogger.Instance, TestContext.Current.CancellationToken);
        return configuration.EnvironmentVariables.ToDictionary();
    }

    private static IDistributedApplicationBuilder Describe(DistributedApplicationOperation operation) =>
        AspireGraph.Describe(operation == DistributedApplicationOperation.Publish ? ["--publisher", "manifest"] : [], s_options);

    private static Dictionary<string, ProjectResource> Projects(IDistributedApplicationBuilder builder) =>
        builder.Resources.OfType<ProjectResource>().ToDictionary(project => project.Name);
}
