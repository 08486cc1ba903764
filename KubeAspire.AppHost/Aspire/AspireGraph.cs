using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using KubeAspire.AppHost.Graph;
using KubeAspire.AppHost.Launching;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace KubeAspire.AppHost.Aspire;

/// <summary>The other interpreter of <see cref="ClusterGraph"/>: each record becomes a project resource of an Aspire application.</summary>
internal static class AspireGraph
{
    /// <summary>Where the dashboard is, and where it takes telemetry, unless the environment says otherwise: the ports that it has of itself.</summary>
    private static readonly Dictionary<string, string> s_dashboard = new()
    {
        ["ASPNETCORE_URLS"] = "http://localhost:18888",
        ["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] = "http://localhost:18889",
        ["ASPIRE_ALLOW_UNSECURED_TRANSPORT"] = "true",
    };

    /// <summary>The graph as an Aspire application, not built yet.</summary>
    /// <param name="arguments">Aspire's command line; empty runs.</param>
    /// <param name="options">The cluster.</param>
    public static IDistributedApplicationBuilder Describe(string[] arguments, ClusterOptions options)
    {
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            Args = arguments,
            AssemblyName = typeof(AspireGraph).Assembly.GetName().Name,
            // The silo makes its own certificates, and all else is on loopback: no developer certificate is needed.
            AllowUnsecuredTransport = true,
            TrustDeveloperCertificate = false,
        });
        foreach (var (name, value) in s_dashboard)
        {
            builder.Configuration[name] ??= value;
        }

        // Containers are removed once the agents have ended, not while they would start them again.
        builder.Configuration["DcpPublisher:WaitForResourceCleanup"] = "true";

        builder.AddParameter("silos", Text(options.Silos), publishValueAsDefault: true);
        builder.AddParameter("nodes", Text(options.Nodes), publishValueAsDefault: true);
        var redis = options.Redis is null ? null : builder.AddConnectionString("redis");
        var added = new Dictionary<GraphResource, IResourceBuilder<IResource>>();
        foreach (var resource in ClusterGraph.Describe(options))
        {
            added[resource] = resource.IsProject ? AddProject(builder, resource, added, resource.Program == "src/Silo" ? redis : null) : AddServer(builder, resource, options);
        }

        return builder;
    }

    // A program of the machine that others connect to by a connection string.
    private static IResourceBuilder<IResource> AddServer(IDistributedApplicationBuilder builder, GraphResource resource, ClusterOptions options)
    {
        var password = builder.AddParameter($"{resource.Name}-password", resource.Password ?? "", secret: true);
        var server = builder.AddResource(new ServerResource(resource.Name, resource.Program, options.RepositoryRoot, password.Resource)).WithArgs([.. resource.Arguments]);
        AddEndpoints(server, resource);
        AddHealth(builder, server, resource);
        return server;
    }

    private static IResourceBuilder<IResource> AddProject(
        IDistributedApplicationBuilder builder, GraphResource resource, Dictionary<GraphResource, IResourceBuilder<IResource>> added, IResourceBuilder<IResourceWithConnectionString>? redis)
    {
        var project = (resource.Program switch
        {
            "src/Silo" => builder.AddProject<Projects.Silo>(resource.Name, Options),
            "src/Gateway" => builder.AddProject<Projects.Gateway>(resource.Name, Options),
            "src/NodeAgent" => builder.AddProject<Projects.NodeAgent>(resource.Name, Options),
            var other => throw new InvalidOperationException($"no project of the AppHost is at {other}"),
        }).WithEndpointsInEnvironment(_ => false);

        foreach (var (name, value) in resource.Environment)
        {
            project.WithEnvironment(name, value);
        }

        AddEndpoints(project, resource);
        AddHealth(builder, project, resource);
        if (redis is not null)
        {
            project.WithReference(redis);
        }

        foreach (var other in resource.WaitFor)
        {
            Refer(project, added[other]).WaitFor(added[other]);
        }

        foreach (var other in resource.Knows)
        {
            Refer(project, added[other]);
        }

        return project;
    }

    private static IResourceBuilder<ProjectResource> Refer(IResourceBuilder<ProjectResource> project, IResourceBuilder<IResource> other) => other switch
    {
        IResourceBuilder<IResourceWithConnectionString> server => project.WithReference(server),
        IResourceBuilder<ProjectResource> sibling => project.WithReference(sibling),
        _ => throw new InvalidOperationException($"{other.Resource.Name} is nothing to refer to"),
    };

    // Our processes listen on their ports themselves: nothing stands in between.
    private static void AddEndpoints<T>(IResourceBuilder<T> builder, GraphResource resource)
        where T : IResourceWithEndpoints
    {
        foreach (var (name, address) in resource.Endpoints)
        {
            builder.WithEndpoint(name, endpoint =>
            {
                (endpoint.UriScheme, endpoint.Port, endpoint.TargetPort) = (address.Scheme, address.Port, address.Port);
                (endpoint.IsProxied, endpoint.IsExternal) = (false, resource.IsProject);
            });
        }
    }

    private static void AddHealth<T>(IDistributedApplicationBuilder builder, IResourceBuilder<T> added, GraphResource resource)
        where T : IResource
    {
        var health = $"{resource.Name}-health";
        builder.Services.AddHealthChecks().AddAsyncCheck(health, async cancellationToken => await ResourceHealth.AnswersAsync(resource, cancellationToken)
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy($"{resource.Health} does not answer yet"));
        added.WithHealthCheck(health);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    // What listens where is the graph's to say.
    private static void Options(ProjectResourceOptions options) => (options.ExcludeLaunchProfile, options.ExcludeKestrelEndpoints) = (true, true);
}
