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

        builder.AddParameter("nodes", options.Nodes.ToString(CultureInfo.InvariantCulture), publishValueAsDefault: true);
        var added = new Dictionary<GraphResource, IResourceBuilder<ProjectResource>>();
        foreach (var resource in ClusterGraph.Describe(options))
        {
            added[resource] = Add(builder, resource, added);
        }

        return builder;
    }

    private static IResourceBuilder<ProjectResource> Add(
        IDistributedApplicationBuilder builder, GraphResource resource, Dictionary<GraphResource, IResourceBuilder<ProjectResource>> added)
    {
        var project = (resource.Project switch
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

        // Our processes listen on their ports themselves: nothing stands in between.
        foreach (var (name, address) in resource.Endpoints)
        {
            project.WithEndpoint(name, endpoint =>
            {
                (endpoint.UriScheme, endpoint.Port, endpoint.TargetPort) = (address.Scheme, address.Port, address.Port);
                (endpoint.IsProxied, endpoint.IsExternal) = (false, true);
            });
        }

        var health = $"{resource.Name}-health";
        builder.Services.AddHealthChecks().AddAsyncCheck(health, async cancellationToken => await ResourceHealth.AnswersAsync(resource.Health, cancellationToken)
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy($"{resource.Health} does not answer yet"));
        project.WithHealthCheck(health);

        foreach (var other in resource.WaitFor.Select(other => added[other]))
        {
            project.WithReference(other).WaitFor(other);
        }

        return project;
    }

    // What listens where is the graph's to say.
    private static void Options(ProjectResourceOptions options) => (options.ExcludeLaunchProfile, options.ExcludeKestrelEndpoints) = (true, true);
}
