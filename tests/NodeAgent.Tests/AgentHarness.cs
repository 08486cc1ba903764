using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Events;
using KubeAspire.ContainerRuntime;
using KubeAspire.NodeAgent.Hosting;
using KubeAspire.Resources.Core;
using KubeAspire.Testing.Api;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace KubeAspire.NodeAgent.Tests;

/// <summary>A node agent put together as the program does, over an API server in memory and a runtime of the test's choice.</summary>
internal sealed class AgentHarness : IAsyncDisposable
{
    /// <summary>Longest wait for anything. 30 s: a bound, not a pace.</summary>
    private readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, string?> _settings;
    private readonly IContainerRuntime _runtime;
    private readonly TimeProvider _clock;
    private IHost? _host;

    public AgentHarness(IContainerRuntime runtime, TimeProvider clock, string network = "kubeaspire-test-agent", string bridge = "kubeaspiret0", string subnet = "10.250.90.0/24", string gateway = "10.250.90.1")
    {
        (_runtime, _clock) = (runtime, clock);
        Api = new FakeApiClient(clock);
        State = Directory.CreateTempSubdirectory("kubeaspire-agent-").FullName;
        _settings = new Dictionary<string, string?>
        {
            ["NodeAgent:NodeName"] = NodeName,
            ["NodeAgent:Kubeconfig"] = "not used",
            ["NodeAgent:StateDirectory"] = State,
            ["NodeAgent:NetworkName"] = network,
            ["NodeAgent:NetworkBridge"] = bridge,
            ["NodeAgent:NetworkSubnet"] = subnet,
            ["NodeAgent:NetworkGateway"] = gateway,
            ["NodeAgent:NodeIP"] = "127.0.0.1",
        };
        Api.Seed(new Node { Metadata = new ObjectMeta { Name = NodeName }, Spec = new NodeSpec { PodCIDR = subnet } });
    }

    public string NodeName { get; } = $"test-{Guid.NewGuid():N}"[..13];

    public string State { get; }

    public FakeApiClient Api { get; }

    public RecordedEvents Events { get; } = new();

    public IServiceProvider Services => _host!.Services;

    /// <summary>Starts an agent; one that ran before is gone without a word, as after SIGKILL.</summary>
    public async Task StartAsync()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(_settings);
        builder.Logging.SetMinimumLevel(LogLevel.None);
        builder.Services.AddSingleton(_clock);
        builder.Services.AddSingleton<IApiClient>(Api);
        builder.Services.AddSingleton<IContainerRuntime>(_runtime);
        builder.Services.AddSingleton<IEventRecorder>(Events);
        builder.Services.AddNodeAgent();
        _host = builder.Build();
        await _host.StartAsync();
    }

    /// <summary>Stops the agent; containers stay.</summary>
    public async Task StopAsync()
    {
        if (_host is { } host)
        {
            _host = null;
            await host.StopAsync();
        }
    }

    /// <summary>The pod as it is stored; null for gone.</summary>
    public Pod? Pod(string name) => Api.Find<Pod>("default", name);

    /// <summary>Stores a pod bound to this node.</summary>
    public Pod Add(string name, PodSpec spec) => Api.Seed(new Pod
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "default", Uid = Guid.NewGuid().ToString() },
        Spec = spec with { NodeName = NodeName },
    });

    /// <summary>Waits until something holds.</summary>
    public async Task Until(Func<bool> holds, string what)
    {
        using var limit = new CancellationTokenSource(_patience);
        while (!holds())
        {
            Assert.False(limit.IsCancellationRequested, $"never came: {what}");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }

    public Task UntilReady(string name) =>
        Until(() => Pod(name)?.Status.Conditions?.Any(one => one is { Type: "Ready", Status: "True" }) == true, $"pod {name} ready");

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(State, recursive: true);
    }

}
