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
    [Theory]
    [InlineData(1, DistributedApplicationOperation.Run)]
    [InlineData(1, DistributedApplicationOperation.Publish)]
    [InlineData(3, DistributedApplicationOperation.Run)]
    [InlineData(3, DistributedApplicationOperation.Publish)]
    public void EveryResource_IsAProjectOrAProgramOfTheSameName(int silos, DistributedApplicationOperation operation)
    {
        var graph = ClusterGraph.Describe(Clusters.WithSilos(silos));
        var resources = Processes(Describe(silos, operation));

        Assert.Equal(graph.Select(resource => resource.Name), resources.Keys);
        Assert.All(graph.Where(resource => resource.IsProject), resource => Assert.EndsWith(
            $"/{resource.Program}/{Path.GetFileName(resource.Program)}.csproj",
            Assert.IsType<ProjectResource>(resources[resource.Name]).GetProjectMetadata().ProjectPath,
            StringComparison.Ordinal));
        Assert.All(graph.Where(resource => !resource.IsProject), resource => Assert.Equal(resource.Program, Assert.IsType<ServerResource>(resources[resource.Name]).Command));
    }

    [Theory]
    [InlineData(1, DistributedApplicationOperation.Run)]
    [InlineData(1, DistributedApplicationOperation.Publish)]
    [InlineData(3, DistributedApplicationOperation.Run)]
    [InlineData(3, DistributedApplicationOperation.Publish)]
    public void EveryResource_WaitsForAndRefersToWhatTheGraphSays(int silos, DistributedApplicationOperation operation)
    {
        var resources = Processes(Describe(silos, operation));

        Assert.All(ClusterGraph.Describe(Clusters.WithSilos(silos)), resource =>
        {
            var waits = resources[resource.Name].Annotations.OfType<WaitAnnotation>().ToList();
            Assert.Equal(resource.WaitFor.Select(other => other.Name), waits.Select(wait => wait.Resource.Name));
            Assert.All(waits, wait => Assert.Equal(WaitType.WaitUntilHealthy, wait.WaitType));
            Assert.Equal(
                resource.WaitFor.Concat(resource.Knows).Select(other => other.Name),
                resources[resource.Name].Annotations.OfType<ResourceRelationshipAnnotation>().Where(one => one.Type == "Reference").Select(one => one.Resource.Name));
        });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void EveryEndpoint_IsWhereTheProcessListensItself(int silos)
    {
        var resources = Processes(Describe(silos, DistributedApplicationOperation.Run));

        Assert.All(ClusterGraph.Describe(Clusters.WithSilos(silos)), resource => Assert.Equal(
            resource.Endpoints.Select(endpoint => (endpoint.Key, endpoint.Value.Scheme, (int?)endpoint.Value.Port, (int?)endpoint.Value.Port, false)),
            resources[resource.Name].Annotations.OfType<EndpointAnnotation>().Select(one => (one.Name, one.UriScheme, one.Port, one.TargetPort, one.IsProxied))));
    }

    [Fact]
    public async Task TheEnvironment_IsTheGraphs_AndWhereTheOthersAre()
    {
        var resources = Processes(Describe(1, DistributedApplicationOperation.Publish));

        foreach (var resource in ClusterGraph.Describe(Clusters.WithSilos(1)))
        {
            var environment = await EnvironmentOf(resources[resource.Name], DistributedApplicationOperation.Publish);
            Assert.All(resource.Environment, variable => Assert.Equal(variable.Value, environment[variable.Key]));
            Assert.Equal(resource.Knows.Any() ? "{silo.bindings.https.url}" : null, environment.GetValueOrDefault("services__silo__https__0"));
            Assert.DoesNotContain("ASPNETCORE_URLS", environment.Keys);
        }
    }

    [Fact]
    public async Task ASilo_IsToldItsRedis_AndTheGatewayEverySilo()
    {
        var resources = Processes(Describe(3, DistributedApplicationOperation.Publish));

        var silo = await EnvironmentOf(resources["silo-3"], DistributedApplicationOperation.Publish);
        var gateway = await EnvironmentOf(resources["gateway-1"], DistributedApplicationOperation.Publish);

        Assert.Equal("{redis.connectionString}", silo["ConnectionStrings__redis"]);
        Assert.Equal(
            Enumerable.Range(1, 3).Select(number => $"{{silo-{number}.bindings.https.url}}"),
            Enumerable.Range(1, 3).Select(number => gateway[$"services__silo-{number}__https__0"]));
    }

    [Fact]
    public async Task ARedisFromOutside_IsGivenToTheSilosAlone()
    {
        const string Variable = "ConnectionStrings:redis";
        var builder = AspireGraph.Describe(["--publisher", "manifest", $"--{Variable}=redis.test:6379"], Clusters.WithSilos(2) with { Redis = "redis.test:6379" });
        var resources = Processes(builder);

        Assert.DoesNotContain("redis", resources.Keys);
        Assert.Equal("{redis.connectionString}", (await EnvironmentOf(resources["silo-2"], DistributedApplicationOperation.Publish))["ConnectionStrings__redis"]);
        Assert.DoesNotContain("ConnectionStrings__redis", await EnvironmentOf(resources["gateway-1"], DistributedApplicationOperation.Publish));
    }

    [Fact]
    public async Task Telemetry_GoesToTheDashboard_UnderTheResourcesName()
    {
        var silo = Processes(Describe(1, DistributedApplicationOperation.Run))["silo"];

        var environment = await EnvironmentOf(silo, DistributedApplicationOperation.Run);

        Assert.Equal("http://localhost:18889", environment["OTEL_EXPORTER_OTLP_ENDPOINT"]);
        Assert.Contains("OTEL_SERVICE_NAME", environment.Keys);
    }

    [Fact]
    public async Task Health_IsTheProcessOwnAnswer()
    {
        // Ports on which nothing listens: the health port of one node is as good as another.
        var builder = AspireGraph.Describe([], Clusters.WithSilos(3) with { ApiPort = 1, HealthPort = 4, RedisPort = 9 });
        await using var services = builder.Services.BuildServiceProvider();
        var checks = services.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations.ToDictionary(check => check.Name);

        foreach (var (name, project) in Processes(builder))
        {
            var check = checks[Assert.Single(project.Annotations.OfType<HealthCheckAnnotation>()).Key];
            var result = await check.Factory(services).CheckHealthAsync(new HealthCheckContext { Registration = check }, TestContext.Current.CancellationToken);
            Assert.Equal($"{name}-health", check.Name);
            Assert.Equal(HealthStatus.Unhealthy, result.Status);
        }
    }

    private static async Task<IReadOnlyDictionary<string, string>> EnvironmentOf(IResource project, DistributedApplicationOperation operation)
    {
        var configuration = await ExecutionConfigurationBuilder.Create(project).WithEnvironmentVariablesConfig()
            .BuildAsync(new DistributedApplicationExecutionContext(operation), NullLogger.Instance, TestContext.Current.CancellationToken);
        return configuration.EnvironmentVariables.ToDictionary();
    }

    private static IDistributedApplicationBuilder Describe(int silos, DistributedApplicationOperation operation) =>
        AspireGraph.Describe(operation == DistributedApplicationOperation.Publish ? ["--publisher", "manifest"] : [], Clusters.WithSilos(silos));

    private static Dictionary<string, IResource> Processes(IDistributedApplicationBuilder builder) =>
        builder.Resources.Where(resource => resource is ProjectResource or ServerResource).ToDictionary(resource => resource.Name);
}
