using KubeAspire.Client.Rest;
using KubeAspire.ContainerRuntime;
using KubeAspire.NodeAgent.Hosting;
using KubeAspire.NodeAgent.Nodes;
using KubeAspire.NodeAgent.Pods;
using KubeAspire.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

// KubeAspire.NodeAgent [--node-name X]              runs the agent of a node
// KubeAspire.NodeAgent cleanup [--node-name X] [--network]   removes what the node's agent left on this machine
var cleanup = args is ["cleanup", ..];
var rest = cleanup ? args[1..] : args;
var withNetwork = rest.Contains("--network");

var notice = ReadyNotice.Take();
var builder = WebApplication.CreateSlimBuilder();
builder.Configuration.AddCommandLine([.. rest.Where(arg => arg != "--network")], new Dictionary<string, string> { ["--node-name"] = "NodeAgent:NodeName" });
builder.AddServiceDefaults("node-agent");
builder.Services.AddNodeAgent().AddOutside();
if (cleanup)
{
    await using var services = builder.Services.BuildServiceProvider();
    var settings = new NodeAgentOptions();
    builder.Configuration.GetSection(NodeAgentOptions.SectionName).Bind(settings);
    using var runtime = new KubeAspire.ContainerRuntime.Docker.DockerContainerRuntime(settings.DockerEndpoint, TimeProvider.System);
    var error = await NodeCleanup.RunAsync(runtime, settings, withNetwork, services.GetRequiredService<ILogger<PodManager>>(), CancellationToken.None);
    if (error is not null)
    {
        await Console.Error.WriteLineAsync($"cleanup of node {settings.NodeName} failed: {error.Message}");
    }

    return error is null ? 0 : 1;
}

builder.ListenOnTunnel();
await using var app = builder.Build();
app.MapNodeAgent();
// The machine is made ready while the API server starts; the keeper of the node looks at it again.
_ = app.Services.GetRequiredService<NodeMachine>().CheckAsync(CancellationToken.None);
await ApiServerArrival.WaitAsync(
    app.Services.GetRequiredService<IOptions<NodeAgentOptions>>().Value.Kubeconfig, app.Configuration, app.Services.GetRequiredService<TimeProvider>(),
    app.Services.GetRequiredService<ILogger<NodeMachine>>(), CancellationToken.None);
await app.StartAsync();
_ = notice.SendAfterAsync(app.Services.GetRequiredService<NodeFacts>().Ready);
await app.WaitForShutdownAsync();
return 0;
