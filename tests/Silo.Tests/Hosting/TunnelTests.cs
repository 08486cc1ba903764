using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.Client;
using KubeAspire.Resources.Core;

namespace KubeAspire.Silo.Tests.Hosting;

public sealed class TunnelTests(SiloFixture silo) : IClassFixture<SiloFixture>
{
    [Theory]
    [InlineData("node-2", "HTTP/1.1 403")]
    [InlineData("node-1", "HTTP/1.1 101")]
    public async Task Tunnel_IsOpenToTheNodeItself_AndToNobodyElse(string name, string expected)
    {
        await using var stream = await ConnectAsync();
        Assert.StartsWith(expected, await UpgradeAsync(stream, name), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logs_AreAskedOfTheNode_ThroughItsTunnel()
    {
        await silo.RequireKubectlAsync();
        await silo.RunAsync("create ns tunnel");
        await silo.RunAsync("create sa default -n tunnel");
        await silo.RunAsync("run p --image=x -n tunnel");
        var admin = silo.Server.ClientFor(ApiUser.Named("admin", ApiUser.MastersGroup));
        var binding = new Binding { Metadata = new ObjectMeta { Name = "p" }, Target = new ObjectReference { Kind = "Node", Name = "node-1" } };
        var bound = await admin.CreateSubresourceAsync<Binding, Status>(Pod.ResourceType, "tunnel", "p", "binding", binding, CancellationToken.None);
        Assert.True(bound.Succeeded, bound.Error?.Message);

        await using var stream = await ConnectAsync();
        Assert.StartsWith("HTTP/1.1 101", await UpgradeAsync(stream, "node-1"), StringComparison.Ordinal);
        var logs = silo.RunAsync("logs p -n tunnel");
        var preface = new byte[24];
        await stream.ReadExactlyAsync(preface, new CancellationTokenSource(TimeSpan.FromSeconds(10)).Token);
        stream.Close();

        Assert.Equal("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Encoding.ASCII.GetString(preface));
        Assert.NotEqual(0, (await logs).Code);
    }

    // A node that knows this server by two addresses, or came back before its old connection was known to be dead.
    [Fact]
    public async Task ANodeWithTwoTunnels_IsAskedThroughTheNewer_AndThroughTheOlderWhenThatHasGone()
    {
        await silo.RequireKubectlAsync();
        await silo.RunAsync("create ns tunnels");
        await silo.RunAsync("create sa default -n tunnels");
        await silo.RunAsync("run p --image=x -n tunnels");
        var admin = silo.Server.ClientFor(ApiUser.Named("admin", ApiUser.MastersGroup));
        var binding = new Binding { Metadata = new ObjectMeta { Name = "p" }, Target = new ObjectReference { Kind = "Node", Name = "node-1" } };
        Assert.True((await admin.CreateSubresourceAsync<Binding, Status>(Pod.ResourceType, "tunnels", "p", "binding", binding, CancellationToken.None)).Succeeded);
        await using var older = await ConnectAsync();
        Assert.StartsWith("HTTP/1.1 101", await UpgradeAsync(older, "node-1"), StringComparison.Ordinal);
        await using var newer = await ConnectAsync();
        Assert.StartsWith("HTTP/1.1 101", await UpgradeAsync(newer, "node-1"), StringComparison.Ordinal);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var (ofOlder, ofNewer) = (new byte[24], new byte[24]);
        var asked = older.ReadExactlyAsync(ofOlder, patience.Token).AsTask();

        var first = silo.RunAsync("logs p -n tunnels --request-timeout=5s");
        await newer.ReadExactlyAsync(ofNewer, patience.Token);
        Assert.False(asked.IsCompleted);
        newer.Close();
        await first;
        while (!asked.IsCompleted)
        {
            // The server needs a moment to see that the newer has gone.
            await silo.RunAsync("logs p -n tunnels --request-timeout=1s");
        }

        await asked;
        Assert.Equal(ofNewer, ofOlder);
    }

    private async Task<SslStream> ConnectAsync()
    {
        var text = await File.ReadAllTextAsync(Path.Combine(silo.Folder, "credentials/node-1.kubeconfig"));
        using var pem = X509Certificate2.CreateFromPem(Value(text, "client-certificate-data: "), Value(text, "client-key-data: "));
        var certificate = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        using var authority = X509Certificate2.CreateFromPem(Value(text, "certificate-authority-data: "));
        var socket = new TcpClient();
        await socket.ConnectAsync("127.0.0.1", silo.Port);
        var stream = new SslStream(socket.GetStream());
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "127.0.0.1",
            ClientCertificates = [certificate],
            RemoteCertificateValidationCallback = (_, _, _, errors) => (errors & SslPolicyErrors.RemoteCertificateNotAvailable) == 0,
        });
        return stream;
    }

    private static async Task<string> UpgradeAsync(SslStream stream, string name)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET /apis/kubeaspire.dev/v1/nodes/{name}/tunnel HTTP/1.1\r\nHost: silo\r\nConnection: Upgrade\r\nUpgrade: kubeaspire-tunnel\r\n\r\n"));
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one) == 1)
        {
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    private static string Value(string text, string name) =>
        Encoding.ASCII.GetString(Convert.FromBase64String(text[(text.IndexOf(name, StringComparison.Ordinal) + name.Length)..].Split('\n')[0].Trim()));
}
