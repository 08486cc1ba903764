using System.Reflection;
using Aspire.Hosting;
using KubeAspire.AppHost.Aspire;
using KubeAspire.AppHost.Engine;
using KubeAspire.AppHost.Graph;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace KubeAspire.AppHost.Commands;

/// <content>The graph under Aspire: the same lock, Docker Engine and cleaning up as by the launcher.</content>
internal static partial class RunCommand
{
    static partial void UseAspire(string[] arguments, ClusterOptions options, TimeProvider clock, ref Task<int>? running)
    {
        IDistributedApplicationBuilder application;
        try
        {
            application = AspireGraph.Describe(arguments, options);
        }
        catch (DistributedApplicationException error)
        {
            Console.Error.WriteLine(error.Message);
            running = Task.FromResult(2);
            return;
        }

        if (application.ExecutionContext.IsPublishMode)
        {
            running = PublishAsync(application);
        }
        else if (HasOrchestrator())
        {
            running = OrchestrateAsync(arguments, options, clock);
        }
        else
        {
            Console.WriteLine("Aspire's orchestrator and dashboard are not on this machine: the launcher runs the graph.");
        }
    }

    private static async Task<int> PublishAsync(IDistributedApplicationBuilder application)
    {
        await using var built = application.Build();
        await built.RunAsync();

        // Aspire logs why a pipeline failed and stops, with no code of its own.
        return built.Services.GetServices<IHostedService>().OfType<BackgroundService>().Any(service => service.ExecuteTask is { IsFaulted: true }) ? 1 : 0;
    }

    private static async Task<int> OrchestrateAsync(string[] arguments, ClusterOptions options, TimeProvider clock)
    {
        using var clusterLock = ClusterLock.TryTake(options, out _);
        if (clusterLock is null)
        {
            return await new UpCommand(options, clock).RunAsync(showLogs: true);
        }

        if (ClusterCheck.Prepare(options) is { } obstacle)
        {
            Console.Error.WriteLine(obstacle);
            return 1;
        }

        var engine = new DockerEngine(options, Console.WriteLine, clock);
        if (await engine.EnsureAsync(CancellationToken.None) is { } advice)
        {
            Console.Error.WriteLine(advice);
            return 1;
        }

        await Cleanup.RunAsync(options, clock, CancellationToken.None);
        Console.WriteLine($"export KUBECONFIG={options.Kubeconfig}");
        try
        {
            // Described once more: what was made ready just now, a password, is part of it.
            await using var built = AspireGraph.Describe(arguments, options).Build();
            await built.RunAsync();
            return 0;
        }
        catch (Exception error)
        {
            // Aspire has logged the whole of it, and has stopped.
            Console.Error.WriteLine($"Aspire could not run the graph: {error.Message}");
            return 1;
        }
        finally
        {
            await Cleanup.RunAsync(options, clock, CancellationToken.None);
            await engine.EndAsync();
        }
    }

    /// <summary>Where Aspire itself looks: its settings, then what its packages left in this assembly at build time.</summary>
    private static bool HasOrchestrator()
    {
        var orchestrator = Variable("DcpPublisher__CliPath") ?? (Variable("ASPIRE_DCP_PATH") is { } folder ? Path.Combine(folder, "dcp") : Metadata("dcpclipath"));
        var dashboard = Variable("DcpPublisher__DashboardPath") ?? Variable("ASPIRE_DASHBOARD_PATH") ?? Metadata("aspiredashboardpath");
        return Path.Exists(orchestrator) && Path.Exists(dashboard);
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static string? Metadata(string key) => typeof(RunCommand).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .FirstOrDefault(one => string.Equals(one.Key, key, StringComparison.OrdinalIgnoreCase))?.Value;
}
