using KubeAspire.ApiServer;

namespace KubeAspire.Silo.Hosting;

/// <summary>What runs in the control plane once its API answers: the controllers and the scheduler join here.</summary>
internal static class ControlPlane
{
    /// <summary>Starts the parts; returns when they run.</summary>
    /// <param name="services">The host's services: loggers and configuration.</param>
    /// <param name="server">Gives each part its client, by the user it is.</param>
    /// <param name="stopping">Cancelled when the process stops.</param>
    public static Task StartAsync(IServiceProvider services, KubeApiServer server, CancellationToken stopping) => Task.CompletedTask;
}
