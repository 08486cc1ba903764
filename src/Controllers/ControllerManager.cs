using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Events;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Leadership;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Certificates;
using KubeAspire.Controllers.Common;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KubeAspire.Controllers;

/// <summary>Runs all controllers over one API client: makes the informers, wires them to queues, and works while this process leads.</summary>
public sealed class ControllerManager : BackgroundService
{
    /// <summary>What leadership is asked for.</summary>
    public const string Work = "kube-controller-manager";

    private readonly InformerFactory _informers;
    private readonly Dictionary<string, EventRecorder> _recorders = [];
    private readonly ControllerHost _host;

    /// <summary>A manager that has not begun.</summary>
    /// <param name="client">The API, as <c>system:kube-controller-manager</c>.</param>
    /// <param name="leadership">Says whether the controllers run here.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="loggers">Makes loggers.</param>
    /// <param name="options">The settings.</param>
    /// <param name="resourceTypes">The resource types that the garbage collector and the namespace controller work over; null for the built-in ones.</param>
    /// <param name="authority">Signs certificates; null where this process cannot.</param>
    public ControllerManager(
        IApiClient client, ILeadership leadership, TimeProvider clock, ILoggerFactory loggers, IOptions<ControllersOptions> options, Func<IReadOnlyList<ResourceType>>? resourceTypes = null,
        ICertificateAuthority? authority = null)
    {
        _informers = new InformerFactory(client, clock, loggers.CreateLogger<InformerFactory>());
        IEventRecorder RecorderOf(string component)
        {
            if (!_recorders.TryGetValue(component, out var recorder))
            {
                _recorders[component] = recorder = new EventRecorder(client, component, null, clock, loggers.CreateLogger<EventRecorder>());
            }

            return recorder;
        }

        var context = new ControllerContext(client, _informers, RecorderOf, clock, loggers, options.Value, resourceTypes ?? ControllerSet.BuiltInResourceTypes)
        {
            CertificateAuthority = authority,
        };
        Controllers = ControllerSet.All(context);
        _host = new ControllerHost(Work, Controllers, leadership, clock, loggers.CreateLogger<ControllerHost>());
    }

    /// <summary>The controllers, for a health page.</summary>
    public IReadOnlyList<Controller> Controllers { get; }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _informers.Start(stoppingToken);
        await Task.WhenAll([_host.RunAsync(stoppingToken), .. _recorders.Values.Select(recorder => recorder.RunAsync(stoppingToken))]);
    }
}
