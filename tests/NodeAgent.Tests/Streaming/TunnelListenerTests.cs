using System.Net;
using System.Net.Sockets;
using KubeAspire.NodeAgent.Streaming;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace KubeAspire.NodeAgent.Tests.Streaming;

public sealed class TunnelListenerTests
{
    [Fact]
    public async Task Stream_CarriesHttp2_ManyRequestsAtATime_UntilItEnds()
    {
        var listener = new TunnelListener();
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Logging.SetMinimumLevel(LogLevel.None);
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IConnectionListenerFactory>(listener);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(new TunnelEndPoint(), listen => listen.Protocols = HttpProtocols.Http2));
        await using var app = builder.Build();
        app.Run(context => context.Response.WriteAsync($"{context.Request.Path} {context.Features.Get<ITunnelFeature>() is not null}"));
        await app.StartAsync();

        using var gate = new TcpListener(IPAddress.Loopback, 0);
        gate.Start();
        using var client = new TcpClient();
        var accepting = gate.AcceptTcpClientAsync();
        await client.ConnectAsync((IPEndPoint)gate.LocalEndpoint);
        using var agentSide = await accepting;
        using var stop = new CancellationTokenSource();
        var serving = listener.ServeAsync(agentSide.GetStream(), stop.Token);

        using var http = new HttpClient(new SocketsHttpHandler { ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(client.GetStream()) })
        {
            BaseAddress = new Uri("http://node"), DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(index => http.GetStringAsync($"/logs/{index}")));
        Assert.Equal(Enumerable.Range(0, 20).Select(index => $"/logs/{index} True"), answers);

        await stop.CancelAsync();
        await serving.WaitAsync(TimeSpan.FromSeconds(10));
    }
}
