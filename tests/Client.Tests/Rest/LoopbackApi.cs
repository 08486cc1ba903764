using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Client.Tests.Rest;

/// <summary>An API server on loopback: says its name in every answer, remembers what it was asked, and breaks off as a killed process does.</summary>
internal sealed class LoopbackApi : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly TaskCompletionSource _breaking = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private LoopbackApi(WebApplication server) => _server = server;

    public ConcurrentQueue<string> Asked { get; } = [];

    /// <summary>Whether it breaks the connection instead of answering.</summary>
    public bool IsBroken { get; set; }

    public Uri Address => new(_server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    public static async Task<LoopbackApi> StartAsync(TestPki pki, string name, IPAddress? address = null, IPAddress? named = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(options => options.Listen(
            address ?? IPAddress.Loopback, 0, listen => listen.UseHttps(pki.Issue("CN=kube-apiserver", named ?? address ?? IPAddress.Loopback))));
        var api = new LoopbackApi(builder.Build());
        api._server.Run(context => api.AnswerAsync(context, name));
        await api._server.StartAsync();
        return api;
    }

    /// <summary>An address at which nobody listens.</summary>
    public static Uri Nobody()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return new Uri($"https://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}");
    }

    /// <summary>Breaks the watches that are open.</summary>
    public void BreakWatches() => _breaking.TrySetResult();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task AnswerAsync(HttpContext context, string name)
    {
        Asked.Enqueue($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}");
        if (IsBroken)
        {
            context.Features.Get<IConnectionLifetimeFeature>()!.Abort();
            return;
        }

        if (context.Request.Query["watch"].Count == 0)
        {
            await context.Response.WriteAsync($$"""{"metadata":{"name":"{{name}}"} }""");
            return;
        }

        await context.Response.WriteAsync($$"""{"type":"ADDED","object":{"metadata":{"name":"{{name}}"} } }""" + "\n");
        await context.Response.Body.FlushAsync();
        await _breaking.Task;
        context.Features.Get<IConnectionLifetimeFeature>()!.Abort();
    }
}
