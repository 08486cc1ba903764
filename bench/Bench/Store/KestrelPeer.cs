using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Bench.Store;

/// <summary>Kestrel in a process of its own that answers every request with the bytes of a file, held in memory: what a read can cost at least.</summary>
internal sealed class KestrelPeer : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly int _port;

    private KestrelPeer(ChildProcess process, int port) => (_process, _port) = (process, port);

    public int ProcessId => _process.Id;

    public static async Task<KestrelPeer> StartAsync(string file)
    {
        var port = ChildProcess.FreePort();
        var peer = new KestrelPeer(Run(port, file), port);
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await peer.Connect().DisposeAsync();
                return peer;
            }
            catch (Exception error) when (error is IOException or System.Net.Sockets.SocketException && attempt < 200)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
            }
        }
    }

    /// <summary>Starts the serving process.</summary>
    public static ChildProcess Run(int port, string file) => ChildProcess.Start(Environment.ProcessPath!, ["serve", port.ToString(CultureInfo.InvariantCulture), file]);

    public Stream Connect() => SiloPeer.Connect(_port, null);

    /// <summary>The serving process.</summary>
    public static async Task ServeAsync(int port, string file)
    {
        var bytes = await File.ReadAllBytesAsync(file);
        using var certificate = MakeCertificate("CN=localhost");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen =>
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.UseHttps(https =>
            {
                https.ServerCertificate = certificate;
                https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            });
        }));
        await using var app = builder.Build();
        app.Run(async http =>
        {
            http.Response.ContentType = "application/json";
            http.Response.ContentLength = bytes.Length;
            await http.Response.BodyWriter.WriteAsync(bytes, http.RequestAborted);
        });
        await app.RunAsync();
    }

    /// <summary>A certificate that nobody but its holder trusts.</summary>
    public static X509Certificate2 MakeCertificate(string subject)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var made = new CertificateRequest(subject, key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddMinutes(-5), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
