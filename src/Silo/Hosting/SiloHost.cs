using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using KubeAspire.ApiServer;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.Resources;
using KubeAspire.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KubeAspire.Silo.Hosting;

/// <summary>The control plane as a process: the store, the API server on its socket, the controllers and the scheduler.</summary>
public sealed class SiloHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly SiloState _state;
    private readonly KubeApiServer _server;
    private readonly CancellationTokenSource _stopping = new();
    private Task _following = Task.CompletedTask;
    private IHost? _controlPlane;

    private SiloHost(WebApplication app, SiloState state, KubeApiServer server, int port)
    {
        (_app, _state, _server, Port) = (app, state, server, port);
    }

    /// <summary>The port that the API server listens on.</summary>
    public int Port { get; }

    /// <summary>The API server.</summary>
    public KubeApiServer Server => _server;

    /// <summary>Starts a control plane; it is ready when this returns.</summary>
    /// <param name="args">Command line; configuration comes from it, from the environment and from appsettings.json.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<SiloHost> StartAsync(string[] args, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder(args);
        builder.AddServiceDefaults("silo");
        var options = ReadOptions(builder.Configuration);
        var clock = TimeProvider.System;
        var address = options.EffectiveAddress();
        SecretFiles.MakeFolder(options.DataDirectory);
        var pki = await SiloState.OpenKeysAsync(options, ServerNames(address, options.ServiceAddress(1)), builder.Configuration, clock, cancellationToken);
        Configure(builder, options, pki);
        var app = builder.Build();
        var loggers = app.Services.GetRequiredService<ILoggerFactory>();
        var state = await SiloState.OpenAsync(options, builder.Configuration, loggers, clock, cancellationToken);
        var serverOptions = new ApiServerOptions
        {
            Kinds = BuiltInKinds.All,
            AdvertiseAddress = address,
            Port = options.Port,
            Name = options.EffectiveName(),
            ServiceRange = IPNetwork.Parse(options.ServiceCidr),
            KubernetesAddress = options.ServiceAddress(1),
            DnsAddress = options.ServiceAddress(10),
            BackupFiles = () => ClusterData.KeyFiles(options.DataDirectory),
        };
        var server = new KubeApiServer(serverOptions, state.Engine, pki.TokenKey, clock, loggers);
        app.Run(server.Frontend.HandleAsync);
        var silo = new SiloHost(app, state, server, options.Port);
        try
        {
            await silo.RunAsync(options, serverOptions, pki, cancellationToken);
        }
        catch
        {
            await silo.DisposeAsync();
            throw;
        }

        return silo;
    }

    /// <summary>Waits until the process is asked to stop.</summary>
    public async Task WaitForShutdownAsync(CancellationToken cancellationToken)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var stopping = _app.Lifetime.ApplicationStopping.Register(asked.SetResult);
        await asked.Task.WaitAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _server.LeaveAsync(); // While it still answers, so that nobody is sent here any more.
        if (_controlPlane is not null)
        {
            await _controlPlane.StopAsync();
            _controlPlane.Dispose();
        }

        await _stopping.CancelAsync();
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _following;
        _server.Dispose();
        await _state.DisposeAsync();
        _stopping.Dispose();
    }

    private static SiloOptions ReadOptions(ConfigurationManager configuration)
    {
        var section = configuration.GetSection(SiloOptions.SectionName);
        var options = new SiloOptions
        {
            DataDirectory = section["DataDirectory"] ?? "",
            Port = int.Parse(section["Port"] ?? "6443", CultureInfo.InvariantCulture),
            AdvertiseAddress = section["AdvertiseAddress"] ?? "",
            ServiceCidr = section["ServiceCidr"] ?? "10.96.0.0/12",
            KubeconfigPath = section["KubeconfigPath"] ?? "",
            CredentialsDirectory = section["CredentialsDirectory"] ?? "",
            Credentials = section["Credentials"] ?? "",
            Name = section["Name"] ?? "",
            ClusterName = section["ClusterName"] ?? SiloOptions.UsualClusterName,
            ClusterAddress = section["ClusterAddress"] ?? "",
            ClusterPort = int.Parse(section["ClusterPort"] ?? "0", CultureInfo.InvariantCulture),
            HistoryEvents = int.Parse(section["HistoryEvents"] ?? "100000", CultureInfo.InvariantCulture),
        };
        var checkedOptions = new SiloOptionsValidator().Validate(null, options);
        if (options.Port == 0)
        {
            options.Port = FreePort();
        }

        return checkedOptions.Failed ? throw new OptionsValidationException(SiloOptions.SectionName, typeof(SiloOptions), checkedOptions.Failures) : options;
    }

    // The port is written into objects and files before the socket is open, so it must be known by then.
    private static int FreePort()
    {
        using var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private static void Configure(WebApplicationBuilder builder, SiloOptions options, Pki pki)
    {
        // It logs nothing above Information, and while it might, an Activity and a scope are made for every request. Who listens to traces gets them regardless.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        // At Information Orleans tells of every connection and every probe.
        builder.Logging.AddFilter("Orleans", LogLevel.Warning);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = SiloLimits.Shutdown);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = ApiLimits.BodyBytes + 1; // One more, so that the API server itself says what is too large.
            kestrel.Limits.MaxRequestHeadersTotalSize = SiloLimits.HeaderBytes;
            kestrel.Limits.MaxRequestLineSize = SiloLimits.RequestLineBytes;
            kestrel.Limits.RequestHeadersTimeout = SiloLimits.Headers;
            kestrel.Limits.KeepAliveTimeout = SiloLimits.Idle;
            kestrel.Limits.Http2.MaxStreamsPerConnection = SiloLimits.StreamsPerConnection;
            kestrel.Limits.Http2.MaxRequestHeaderFieldSize = SiloLimits.HeaderBytes;
            kestrel.Listen(IPAddress.Any, options.Port, listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                listen.UseHttps(https =>
                {
                    https.ServerCertificate = pki.Serving;
                    https.ServerCertificateChain = [pki.Authority];
                    https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                    https.CheckCertificateRevocation = false;
                    https.ClientCertificateValidation = (certificate, _, _) => ClientCertificates.IsIssuedBy(certificate, pki.Authority);
                });
            });
        });
    }

    private async Task RunAsync(SiloOptions options, ApiServerOptions serverOptions, Pki pki, CancellationToken cancellationToken)
    {
        using var stop = _app.Lifetime.ApplicationStopping.Register(_stopping.Cancel);
        // First the API itself, so that who can connect finds everything there; then the socket; then those who use the API in this process.
        _following = await _server.StartAsync(_stopping.Token);
        WriteCredentials(options, serverOptions, pki);
        await _app.StartAsync(cancellationToken);
        _controlPlane = await ControlPlane.StartAsync(_app.Services, _server, pki, _state.Leadership, cancellationToken);
    }

    private void WriteCredentials(SiloOptions options, ApiServerOptions serverOptions, Pki pki)
    {
        var local = $"https://127.0.0.1:{Port}";
        if (options.KubeconfigPath.Length > 0)
        {
            Kubeconfig.Write(options.KubeconfigPath, local, "kubernetes-admin", [ApiUser.MastersGroup], pki);
        }

        if (options.CredentialsDirectory.Length == 0)
        {
            return;
        }

        foreach (var credential in options.Credentials.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var parts = credential.Split(':', 2);
            var (user, group) = parts switch
            {
                ["node", var name] => ($"system:node:{name}", "system:nodes"),
                ["gateway", var name] => ($"system:kubeaspire:gateway:{name}", "system:kubeaspire:gateways"),
                _ => throw new OptionsValidationException(SiloOptions.SectionName, typeof(SiloOptions), [$"Silo:Credentials: \"{credential}\" is neither node:<name> nor gateway:<name>"]),
            };
            Kubeconfig.Write(Path.Combine(options.CredentialsDirectory, parts[1] + ".kubeconfig"), $"https://{serverOptions.AdvertiseAddress}:{Port}", user, [group], pki);
        }
    }

    private static List<string> ServerNames(string address, string serviceAddress)
    {
        var names = new List<string>
        {
            "localhost", "127.0.0.1", "::1", serviceAddress, "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", address,
        };
        var host = Dns.GetHostName().ToLowerInvariant();
        if (Uri.CheckHostName(host) == UriHostNameType.Dns)
        {
            names.Add(host);
        }

        return [.. names.Distinct()];
    }
}
