using KubeAspire.Client.Rest;
using KubeAspire.Gateway;
using KubeAspire.Gateway.Routing;
using KubeAspire.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

// Completions run on the thread that polls the sockets: half the CPU of a splice. Nothing in the data plane blocks. Read once, by the first socket.
const string InlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";
if (Environment.GetEnvironmentVariable(InlineCompletions) is null)
{
    Environment.SetEnvironmentVariable(InlineCompletions, "1");
}

var notice = ReadyNotice.Take();
var builder = WebApplication.CreateSlimBuilder(args);
builder.AddServiceDefaults("gateway");
builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
builder.Logging.AddFilter("Yarp", LogLevel.Error);
builder.AddGateway();
builder.Services.AddHostedService<ApiServerFinder>();

await using var app = builder.Build();
var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("KubeAspire.Gateway");
var options = app.Services.GetRequiredService<IOptions<GatewayOptions>>().Value;
await ApiServerArrival.WaitAsync(options.Kubeconfig, app.Configuration, app.Services.GetRequiredService<TimeProvider>(), logger, CancellationToken.None);
app.UseGateway();
logger.Started(options.Name, options.HttpPort, options.HttpsPort);
await app.StartAsync();
_ = notice.SendAfterAsync(app.Services.GetRequiredService<RouteWatcher>().Ready);
await app.WaitForShutdownAsync();
return 0;
