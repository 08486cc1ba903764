using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using KubeAspire.AppHost.Graph;
using KubeAspire.AppHost.Launching;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace KubeAspire.AppHost.Aspire;

/// <summary>The other interpreter of <see cref="ClusterGraph"/>: each record becomes a project resource of an Aspire application.</summary>
internal static class AspireGraph
{
    /// <param name="arguments">Aspire's command line; empty runs.</param>
    /// <param name="options">The cluster. Aspire's parameter <c>nodes</c> (Parameters__nodes) goes before its number of nodes.</param>
    public static DistributedApplication Build(string[] arguments, ClusterOptions options) => Describe(arguments, options).Build();

    /// <summary>The application before it is built.</summary>
    public static IDistributedApplicationBuilder Describe(string[] arguments, ClusterOptions options)
    {
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            Args = arguments,
            AssemblyName = typeof(AspireGraph).Assembly.GetName().Name,
        });
        if (builder.Configuration["Parameters:nodes"] is { } nodes)
        {
            options = options with { Nodes = ClusterOptions.ParseNodes(nodes) };
        }

        builder.AddParameter("nodes", options.Nodes.ToString(CultureInfo.InvariantCulture));
        var added = new Dictionary<string, IResourceBuilder<ProjectResource>>();
        foreach (var resource in ClusterGraph.Describe(options))
        {
            added[resource.Name] = Add(builder, resource, added);
        }

        return builder;
    }

    private static IResourceBuilder<ProjectResource> Add(
        IDistributedApplicationBuilder builder, GraphResource resource, Dictionary<string, IResourceBuilder<ProjectResource>> added)
    {
        var project = (resource.Project switch
        {
            "src/Silo" => builder.AddProject<Projects.Silo>(resource.Name, Options),
            "src/Gateway" => builder.AddProject<Projects.Gateway>(resource.Name, Options),
            "src/NodeAgent" => builder.AddProject<Projects.NodeAgent>(resource.Name, Options),
            var other => throw new InvalidOperationException($"no project of the AppHost is at {other}"),
        }).WithEndpointsInEnvironment(_ => false).WithEnvironment("DOTNET_gcServer", "0");

        foreach (var (name, value) in resource.Environment)
        {
            project.WithEnvironment(name, value);
        }

        // Our processes listen on their ports themselves: nothing stands in between.
        foreach (var (name, address) in resource.Endpoints)
        {
            project.WithEndpoint(name, endpoint =>
            {
                (endpoint.UriScheme, endpoint.Port, endpoint.TargetPort, endpoint.IsProxied) = (address.Scheme, address.Port, address.Port, false);
                endpoint.IsExternal = true;
            });
        }

        var health = $"{resource.Name}-health";
        builder.Services.AddHealthChecks().AddAsyncCheck(health, async cancellationToken =>
            await ResourceHealth.AnswersAsync(resource.Health, cancellationToken) ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy($"{resource.Health} does not answer yet"));
        project.WithHealthCheck(health);

        foreach (var other in resource.WaitFor.Select(name => added[name]))
        {
            project.WithReference(other).WaitFor(other);
        }

        return project;
    }

    private static void Options(ProjectResourceOptions options) => (options.ExcludeLaunchProfile, options.ExcludeKestrelEndpoints) = (true, true);
}
