using System.Net;
using System.Net.Http.Headers;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KubeAspire.EndToEnd.Harness;

namespace KubeAspire.EndToEnd;

/// <summary>Services by address, name and node port: who is reached, and who is not.</summary>
[Collection(SharedCluster.Name)]
public sealed class ServiceTests(ClusterFixture fixture) : IAsyncLifetime
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    // An address of this machine outside the cluster's networks: within them an endpoint must be a pod.
    private static readonly IPAddress s_host = NetworkInterface.GetAllNetworkInterfaces().SelectMany(card => card.GetIPProperties().UnicastAddresses)
        .Select(unicast => unicast.Address).First(address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address)
            && !IPNetwork.Parse(Cluster.PodCidr).Contains(address) && !IPNetwork.Parse(Cluster.ServiceCidr).Contains(address));

    private const string Tools = "kubeaspire-e2e/tools:1";

    private Cluster Cluster => fixture.Cluster;

    // bash and getent: a resolver and a TCP client that every Debian has (a static busybox may not resolve names).
    public async ValueTask InitializeAsync()
    {
        if (Cluster.Obstacle is null && (await Shell.RunAsync("docker", ["image", "inspect", Tools])).Code != 0)
        {
            var made = await Shell.RunAsync("/bin/bash", ["-ec", $$"""
                root=$(mktemp -d); trap 'rm -rf "$root"' EXIT
                mkdir -p $root/tmp $root/etc; printf 'hosts: files dns\n' >$root/etc/nsswitch.conf
                for file in /bin/bash $(command -v getent) $(ldd /bin/bash $(command -v getent) | grep -oE '/[^ :]+') $(ls /lib/*/libnss_dns.so.2 /lib/*/libnss_files.so.2 /lib/*/libresolv.so.2); do
                  install -D "$file" "$root$file"
                done
                install -D $(command -v getent) $root/bin/getent
                ln -sf bash $root/bin/sh
                tar -C $root -c . | docker import -c 'ENV PATH=/bin' - {{Tools}}
                """]);
            Assert.True(made.Code == 0, $"{Tools}: {made}");
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task AService_IsReachedFromTheHostAndFromAPod_ByAddressAndByEveryName()
    {
        Cluster.RequireMachine();
        await using var ns = await TestNamespace.CreateAsync(Cluster, "svc-names");
        await ns.ServeAsync("web", 2);
        await ns.ServiceAsync("web", "web");
        await ns.ServiceAsync("headless", "web", "clusterIP: None");
        await ns.KubectlAsync("create service externalname alias --external-name=web.svc-names.svc.cluster.local");
        var pods = await ns.PodsAsync("web");
        await ns.RoutedAsync("web", pods);
        await ns.RoutedAsync("headless", pods);
        var address = await ns.FieldAsync("service web", "{.spec.clusterIP}");
        // The slice names the pods; the gateway has its routes a moment later.
        await Eventually.IsAsync("the service", s_patience, () => Web.AskAsync(new Uri($"http://{address}/host")), answer => answer.Status == 200);
        Assert.Contains(await GetAsync($"http://{address}/host"), pods);

        string[] names = ["web:80", "web.svc-names:80", "web.svc-names.svc:80", "web.svc-names.svc.cluster.local:80", "alias:80", "headless:8080", $"{address}:80"];
        var log = await ns.RunAsync("asker", $$"""
            for name in {{string.Join(' ', names)}}; do
              exec 3<>/dev/tcp/${name%:*}/${name#*:}
              printf 'GET /host HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' ${name%:*} >&3
              while read -r line <&3; do last=${line%$'\r'}; done
              exec 3>&-
              echo "GOT $name $last"
            done
            echo HEADLESS; getent ahostsv4 headless.svc-names.svc.cluster.local
            echo ALIAS; getent ahostsv4 alias
            echo NOTHING; getent ahostsv4 nothing || echo "exit code $?"
            """, Tools);
        foreach (var name in names)
        {
            var line = Assert.Single(log.Split('\n'), line => line.StartsWith($"GOT {name} ", StringComparison.Ordinal));
            Assert.Contains(line.Split(' ')[2], pods);
        }

        var addresses = (await ns.FieldAsync("pods -l app=web", "{.items[*].status.podIP}")).Split(' ');
        Assert.Equal(addresses.Order(), Section(log, "HEADLESS").Split('\n').Where(line => line.Contains("STREAM", StringComparison.Ordinal)).Select(line => line.Split(' ')[0]).Order());
        Assert.Contains($"{address} ", Section(log, "ALIAS"), StringComparison.Ordinal);
        Assert.Contains("web.svc-names.svc.cluster.local", Section(log, "ALIAS"), StringComparison.Ordinal);
        // 2: getent's "not found", which a name server that does not answer would be too: what it says stands below.
        Assert.Equal("exit code 2", Section(log, "NOTHING").Trim());
        Assert.Equal(3, await DnsCodeAsync("nothing.svc-names.svc.cluster.local"));
        Assert.Equal(0, await DnsCodeAsync("web.svc-names.svc.cluster.local"));
    }

    [Fact]
    public async Task APod_ReachesTheApi_WithItsMountedTokenAndAuthority()
    {
        Cluster.RequireMachine();
        await using var ns = await TestNamespace.CreateAsync(Cluster, "svc-api");
        await ns.KubectlAsync("create role reader --verb=get,list --resource=configmaps");
        await ns.KubectlAsync("create rolebinding reader --role=reader --serviceaccount=svc-api:default");
        var log = await ns.RunAsync("asker", """
            cd /var/run/secrets/kubernetes.io/serviceaccount
            echo NAMESPACE; echo $(<namespace)
            echo CONNECTED; exec 3<>/dev/tcp/kubernetes.default.svc/443 && echo yes
            echo ENVIRONMENT; echo $KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT
            echo TOKEN; echo $(<token)
            echo AUTHORITY; echo "$(<ca.crt)"
            """, Tools);
        Assert.Equal("svc-api", Section(log, "NAMESPACE").Trim());
        Assert.Equal("yes", Section(log, "CONNECTED").Trim());
        Assert.Equal("10.112.0.1:443", Section(log, "ENVIRONMENT").Trim());

        // The pod has no TLS client: with what it had in hand, and over the same address, one is made here that checks name and chain.
        using var authority = X509Certificate2.CreateFromPem(Section(log, "AUTHORITY"));
        using var handler = new SocketsHttpHandler();
        handler.ConnectCallback = (_, cancelled) => Web.ConnectAsync(IPAddress.Parse("10.112.0.1"), 443, cancelled);
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.Add(authority);
        using var client = new HttpClient(handler);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Section(log, "TOKEN").Trim());
        using var allowed = await client.GetAsync(new Uri("https://kubernetes.default.svc/api/v1/namespaces/svc-api/configmaps"));
        Assert.Equal(HttpStatusCode.OK, allowed.StatusCode);
        using var forbidden = await client.GetAsync(new Uri("https://kubernetes.default.svc/api/v1/namespaces/svc-api/secrets"));
        Assert.Equal(HttpStatusCode.Forbidden, forbidden.StatusCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ANodePort_ReachesEveryReadyEndpoint_AndAffinityKeepsToOne(bool http)
    {
        Cluster.RequireMachine();
        await using var ns = await TestNamespace.CreateAsync(Cluster, http ? "svc-nodeport-http" : "svc-nodeport-tcp");
        await ns.ServeAsync("web", 3);
        await ns.ServiceAsync("web", "web", "type: NodePort", http);
        await ns.ServiceAsync("sticky", "web", "sessionAffinity: ClientIP", http);
        var pods = await ns.PodsAsync("web");
        await ns.RoutedAsync("web", pods);
        await ns.RoutedAsync("sticky", pods);
        var port = int.Parse(await ns.FieldAsync("service web", "{.spec.ports[0].nodePort}"));
        Assert.InRange(port, 30000, 32767);
        await Eventually.IsAsync("the node port", s_patience, () => Web.AskAsync(new Uri($"http://127.0.0.1:{port}/host")), answer => answer.Status == 200);
        Assert.Equal(pods.Order(), (await ReachedAsync($"http://127.0.0.1:{port}/host", 30)).Order());
        var address = await ns.FieldAsync("service web", "{.spec.clusterIP}");
        Assert.Equal(pods.Order(), (await ReachedAsync($"http://{address}/host", 30)).Order());
        Assert.Single(await ReachedAsync($"http://{await ns.FieldAsync("service sticky", "{.spec.clusterIP}")}/host", 20));
    }

    [Fact]
    public async Task Expose_MakesANodePort_AChangedSelectorMovesTheTraffic_AndNoEndpointsRefuse()
    {
        Cluster.RequireMachine();
        await using var ns = await TestNamespace.CreateAsync(Cluster, "svc-moves");
        await ns.ApplyServersAsync("blue");
        await ns.ServeAsync("green");
        await ns.KubectlAsync("rollout status deployment/blue --timeout=60s");
        var (blue, green) = (await ns.PodsAsync("blue"), await ns.PodsAsync("green"));
        Assert.Contains("service/blue exposed", await ns.KubectlAsync("expose deployment blue --type=NodePort --port=80 --target-port=8080"), StringComparison.Ordinal);
        await ns.RoutedAsync("blue", blue);
        var url = $"http://127.0.0.1:{await ns.FieldAsync("service blue", "{.spec.ports[0].nodePort}")}/host";
        await Eventually.IsAsync("the node port", s_patience, () => Web.AskAsync(new Uri(url)), answer => answer.Status == 200);
        Assert.Equal(blue, await ReachedAsync(url, 10));

        await ns.KubectlAsync("patch service blue -p '{\"spec\":{\"selector\":{\"app\":\"green\"}}}'");
        Assert.EndsWith($":{await ns.FieldAsync("service blue", "{.spec.ports[0].nodePort}")}/host", url, StringComparison.Ordinal);
        await ns.RoutedAsync("blue", green);
        Assert.Equal(green, await ReachedAsync(url, 10));

        await ns.KubectlAsync("scale deployment green --replicas=0");
        // While a pod ends it still serves, where no other is ready (KEP-1669): after it, nobody does.
        await ns.KubectlAsync("wait --for=delete pod -l app=green --timeout=30s");
        await ns.RoutedAsync("blue", []);
        await Eventually.IsAsync("a refusal", s_patience, () => Web.AskAsync(new Uri(url)), answer => answer.Status == 0);
        Assert.Equal(0, (await Web.AskAsync(new Uri(url))).Status);
        // The port named http is served as HTTP: the refusal is a page.
        await ns.ServiceAsync("pages", "nobody");
        var address = await ns.FieldAsync("service pages", "{.spec.clusterIP}");
        var refusal = await Eventually.IsAsync("the service's page", s_patience, () => Web.AskAsync(new Uri($"http://{address}/")), answer => answer.Status == 503);
        Assert.Equal("503 Service Unavailable: service \"svc-moves/pages\" has no ready endpoints\n", refusal.Text);

        await ns.KubectlAsync("scale deployment green --replicas=2");
        await ns.KubectlAsync("rollout status deployment/green --timeout=60s");
        green = await ns.PodsAsync("green");
        await ns.RoutedAsync("blue", green);
        await Eventually.IsAsync("the node port", s_patience, () => Web.AskAsync(new Uri(url)), answer => answer.Status == 200);
        Assert.Equal(green.Order(), (await ReachedAsync(url, 10)).Order());
    }

    [Fact]
    public async Task AnEndpointThatTurnsUnready_GetsNoRequest_UntilItIsReadyAgain()
    {
        Cluster.RequireMachine();
        await using var ns = await TestNamespace.CreateAsync(Cluster, "svc-unready");
        await ns.ServeAsync("web", 2);
        await ns.ServiceAsync("web", "web");
        var pods = await ns.PodsAsync("web");
        await ns.RoutedAsync("web", pods);
        var url = $"http://{await ns.FieldAsync("service web", "{.spec.clusterIP}")}/host";
        var container = (await ns.FieldAsync($"pod {pods[0]}", "{.status.containerStatuses[0].containerID}"))["docker://".Length..];

        Assert.Equal(0, (await Shell.RunAsync("docker", ["exec", container, "/bin/busybox", "rm", "/www/ready"])).Code);
        await ns.KubectlAsync($"wait pod/{pods[0]} --for=condition=Ready=false --timeout=30s");
        await ns.RoutedAsync("web", [pods[1]]);
        Assert.Equal([pods[1]], await ReachedAsync(url, 20));

        Assert.Equal(0, (await Shell.RunAsync("docker", ["exec", container, "/bin/busybox", "touch", "/www/ready"])).Code);
        await ns.RoutedAsync("web", pods);
        Assert.Equal(pods.Order(), (await ReachedAsync(url, 20)).Order());
        Assert.Equal("0", await ns.FieldAsync($"pod {pods[0]}", "{.status.containerStatuses[0].restartCount}"));
    }

    [Fact]
    public async Task AUdpService_OverEndpointsOfItsOwn_CarriesDatagramsBothWays()
    {
        Cluster.RequireMachine();
        await using var ns = await TestNamespace.CreateAsync(Cluster, "svc-udp");
        using var echo = new UdpClient(new IPEndPoint(s_host, 0));
        var port = ((IPEndPoint)echo.Client.LocalEndPoint!).Port;
        await ns.KubectlAsync("apply -f -", $$$"""
            apiVersion: v1
            kind: Service
            metadata: {name: echo}
            spec: {ports: [{name: echo, protocol: UDP, port: 7}]}
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: echo-mine, labels: {kubernetes.io/service-name: echo}}
            addressType: IPv4
            ports: [{name: echo, protocol: UDP, port: {{{port}}}}]
            endpoints: [{addresses: ["{{{s_host}}}"], conditions: {ready: true}}]
            """);
        using var patience = new CancellationTokenSource(s_patience);
        using var done = CancellationTokenSource.CreateLinkedTokenSource(patience.Token);
        var serving = EchoAsync(echo, done.Token);
        using var client = new UdpClient();
        client.Connect(IPAddress.Parse(await ns.FieldAsync("service echo", "{.spec.clusterIP}")), 7);
        // The gateway may not listen yet, and a datagram may be lost: asked again until one comes back.
        var answer = await Eventually.IsAsync("an echo", s_patience, async () =>
        {
            try
            {
                await client.SendAsync("hello"u8.ToArray(), patience.Token);
                using var moment = CancellationTokenSource.CreateLinkedTokenSource(patience.Token);
                moment.CancelAfter(TimeSpan.FromMilliseconds(300));
                return Encoding.ASCII.GetString((await client.ReceiveAsync(moment.Token)).Buffer);
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException)
            {
                return error.Message;
            }
        }, text => text.StartsWith("echo", StringComparison.Ordinal));
        Assert.Equal("echo hello", answer);
        await done.CancelAsync();
        await serving;
    }

    private static string Section(string log, string heading)
    {
        var lines = log.Split('\n').SkipWhile(line => line != heading).Skip(1);
        return string.Join('\n', lines.TakeWhile(line => line.Length < 4 || line.Any(character => !char.IsAsciiLetterUpper(character))));
    }

    // The response code of the cluster's name server: 3 is NXDOMAIN (RFC 1035 §4.1.1).
    private static async Task<int> DnsCodeAsync(string name)
    {
        using var client = new UdpClient();
        client.Connect(IPAddress.Parse("10.112.0.10"), 53);
        var labels = name.Split('.').SelectMany(label => Encoding.ASCII.GetBytes(label).Prepend((byte)label.Length));
        byte[] query = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. labels, 0, 0, 1, 0, 1];
        await client.SendAsync(query);
        using var patience = new CancellationTokenSource(s_patience);
        return (await client.ReceiveAsync(patience.Token)).Buffer[3] & 15;
    }

    private static async Task EchoAsync(UdpClient socket, CancellationToken cancelled)
    {
        try
        {
            while (true)
            {
                var received = await socket.ReceiveAsync(cancelled);
                await socket.SendAsync((byte[])[.. "echo "u8, .. received.Buffer], received.RemoteEndPoint, cancelled);
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    // Who answered, each request over a connection of its own.
    private static async Task<string[]> ReachedAsync(string url, int requests)
    {
        var reached = new HashSet<string>();
        for (var request = 0; request < requests; request++)
        {
            reached.Add(await GetAsync(url));
        }

        return [.. reached];
    }

    private static async Task<string> GetAsync(string url)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        return (await client.GetStringAsync(new Uri(url))).Trim();
    }
}
