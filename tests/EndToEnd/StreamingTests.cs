using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using KubeAspire.EndToEnd.Harness;

namespace KubeAspire.EndToEnd;

/// <summary>exec, attach, cp, port-forward, proxy, run and debug, by old and new kubectl.</summary>
[Collection(SharedCluster.Name)]
public sealed class StreamingTests(ClusterFixture fixture)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    // Before 1.30 exec speaks SPDY, then WebSockets; before 1.31 port-forward speaks SPDY, then SPDY inside a WebSocket.
    public static TheoryData<string> Programs => ["kubectl", "1.28", "1.31", "1.35"];

    private Cluster Cluster => fixture.Cluster;

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task Streams_Work(string version)
    {
        Cluster.RequireMachine();
        var program = version == "kubectl" ? version : Path.Combine(Repository.Root, "artifacts/kubectl", version, "kubectl");
        if (version != "kubectl" && !File.Exists(program))
        {
            Assert.Skip($"kubectl {version} is not at hand: build/kubectl.sh could not fetch it");
        }

        var name = $"streams-{version.Replace('.', '-')}";
        await using var ns = await TestNamespace.CreateAsync(Cluster, name);
        await MakeBoxAsync(ns);
        Task<ShellResult> Run(string arguments, string? input = null) => Cluster.TryKubectlAsync($"-n {name} {arguments}", input, program: program);

        var ended = await Run("exec box -- /bin/sh -c 'echo out; echo err >&2; exit 7'");
        Assert.Equal((7, "out\n"), (ended.Code, ended.Output));
        Assert.Equal("err\ncommand terminated with exit code 7\n", ended.Errors);
        var echoed = await Run("exec -i box -- busybox cat", "hello\nworld\n");
        Assert.Equal((0, "hello\nworld\n"), (echoed.Code, echoed.Output));
        Assert.Equal(126, (await Run("exec box -- /nonexistent")).Code);
        Assert.Contains("container nope is not valid for pod box", (await Run("exec box -c nope -- ls")).Errors, StringComparison.Ordinal);
        Assert.Contains("pods \"none\" not found", (await Run("exec none -- ls")).Errors, StringComparison.Ordinal);

        var terminal = await TerminalAsync($"{program} --kubeconfig {Cluster.Kubeconfig} -n {name} exec -it box -- /bin/sh -c \"busybox tty; exit 5\"");
        Assert.Contains("/dev/pts/", terminal.Output, StringComparison.Ordinal);
        Assert.Equal(5, terminal.Code);

        await CopyAsync(Run);
        await ForwardAsync(program, name);

        var ran = await Run("run once -i --rm --quiet --restart=Never --image=guestbook-redis:1 --command -- /bin/sh -c 'read a; echo got $a; exit 3'", "it\n");
        Assert.Equal(3, ran.Code);
        Assert.Contains("got it", ran.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ExecOverSpdy_WorksWhereWebSocketsAreOff()
    {
        Cluster.RequireMachine();
        await using var ns = await TestNamespace.CreateAsync(Cluster, "streams-spdy");
        await MakeBoxAsync(ns);
        var result = await Shell.RunAsync(
            "kubectl", ["--kubeconfig", Cluster.Kubeconfig, "-n", ns.Name, "exec", "box", "--", "busybox", "echo", "spdy"],
            environment: new Dictionary<string, string> { ["HOME"] = Cluster.State, ["KUBECTL_REMOTE_COMMAND_WEBSOCKETS"] = "false" });
        Assert.Equal((0, "spdy\n"), (result.Code, result.Output));
    }

    [Fact]
    public async Task Proxies_ReachPodsServicesAndNodes()
    {
        Cluster.RequireMachine();
        await using var ns = await TestNamespace.CreateAsync(Cluster, "streams-proxy");
        await MakeBoxAsync(ns);
        var root = $"/api/v1/namespaces/{ns.Name}";
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal("hello\n", await Cluster.Admin.GetStringAsync(new Uri($"{root}/pods/box/proxy/host?dryRun=x&watch=1", UriKind.Relative)));
        }

        await Eventually.IsAsync("an endpoint", s_patience, async () => (await Cluster.Admin.GetAsync(new Uri($"{root}/services/box:http/proxy/host", UriKind.Relative))).StatusCode, code => code == HttpStatusCode.OK);
        Assert.Contains($"<a href=\"{root}/services/http:box:80/proxy/rewriteme\">", await Cluster.Admin.GetStringAsync(new Uri($"{root}/services/http:box:80/proxy/", UriKind.Relative)), StringComparison.Ordinal);
        await AnUpgradeThatIsRefused_LeavesNoWayToTheBackendAsync(root);
        using var refused = await Cluster.Admin.GetAsync(new Uri($"{root}/pods/box:81/proxy/", UriKind.Relative));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Contains("error trying to reach service: dial tcp", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("ok", await Cluster.KubectlAsync("get --raw /api/v1/nodes/node-1/proxy/healthz").ContinueWith(text => text.Result.Trim(), TaskScheduler.Default));
    }

    [Fact]
    public async Task Debug_AddsAContainer_ThatSeesItsTarget()
    {
        Cluster.RequireMachine();
        await using var ns = await TestNamespace.CreateAsync(Cluster, "streams-debug");
        await MakeBoxAsync(ns);
        var debugged = await Cluster.TryKubectlAsync($"-n {ns.Name} debug box -i --container=looker --image=guestbook-redis:1 --target=web -- /bin/sh -c 'busybox sleep 1; busybox ps'");
        Assert.True(debugged.Code == 0, debugged.ToString());
        var log = await Eventually.IsAsync("the debugger's log", s_patience, () => ns.KubectlAsync("logs box -c looker"), text => text.Contains("httpd", StringComparison.Ordinal));
        Assert.Contains("httpd", log, StringComparison.Ordinal);
        await Eventually.IsAsync("its end", s_patience, () => ns.FieldAsync("pod box", "{.status.ephemeralContainerStatuses[0].state.terminated.exitCode}"), code => code == "0");
        await ns.KubectlAsync("debug box --image=guestbook-redis:1 --copy-to=copy --container=web -- /bin/sh -c 'busybox sleep 100'");
        await ns.KubectlAsync("wait --for=condition=Ready pod/copy --timeout=30s");
    }

    [Fact]
    public async Task ClientThatIsKilled_LeavesNoStreamBehind()
    {
        Cluster.RequireMachine();
        await using var ns = await TestNamespace.CreateAsync(Cluster, "streams-killed");
        await MakeBoxAsync(ns);
        var info = new ProcessStartInfo("kubectl", ["--kubeconfig", Cluster.Kubeconfig, "-n", ns.Name, "exec", "-i", "box", "--", "busybox", "cat"])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using (var client = Process.Start(info)!)
        {
            await client.StandardInput.WriteAsync("here\n");
            await client.StandardInput.FlushAsync();
            Assert.Equal("here", await client.StandardOutput.ReadLineAsync());
            client.Kill();
            await client.WaitForExitAsync();
        }

        // What read the client's input has met its end.
        await Eventually.IsAsync("the end of the command", s_patience, () => ns.KubectlAsync("exec box -- busybox ps"), text => !text.Contains("busybox cat", StringComparison.Ordinal));
    }

    // CVE-2018-1002105: the connection of a refused upgrade must not lead to the backend; CVE-2020-8559: nor may the backend send the server elsewhere.
    private async Task AnUpgradeThatIsRefused_LeavesNoWayToTheBackendAsync(string root)
    {
        foreach (var (path, code) in ((string, int)[])[("nothing", 404), ("folder", 302)])
        {
            await using var connection = await Cluster.ConnectAsync();
            var upgrade = await SendAsync(connection, $"GET {root}/pods/box/proxy/{path} HTTP/1.1\r\nHost: api\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
            Assert.StartsWith($"HTTP/1.1 {code} ", upgrade, StringComparison.Ordinal);
            var next = await SendAsync(connection, "GET /version HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n");
            Assert.True(next.Length == 0 || next.Contains("\"gitVersion\"", StringComparison.Ordinal), next);
        }
    }

    // What comes within a short while of the last bytes is the answer.
    private static async Task<string> SendAsync(Stream connection, string request)
    {
        var text = new StringBuilder();
        var buffer = new byte[16 << 10];
        try
        {
            await connection.WriteAsync(Encoding.ASCII.GetBytes(request));
            while (true)
            {
                using var quiet = new CancellationTokenSource(text.Length == 0 ? s_patience : TimeSpan.FromSeconds(1));
                var read = await connection.ReadAsync(buffer, quiet.Token);
                if (read == 0)
                {
                    return text.ToString();
                }

                text.Append(Encoding.UTF8.GetString(buffer, 0, read));
            }
        }
        catch (Exception ended) when (ended is IOException or OperationCanceledException)
        {
            return text.ToString();
        }
    }

    private static async Task CopyAsync(Func<string, string?, Task<ShellResult>> run)
    {
        var folder = Directory.CreateTempSubdirectory("kubeaspire-cp-").FullName;
        try
        {
            var bytes = new byte[10 << 20];
            new Random(1).NextBytes(bytes);
            var there = Path.Combine(folder, "there");
            await File.WriteAllBytesAsync(there, bytes);
            var up = await run($"cp {there} box:/tmp/ten", null);
            Assert.True(up.Code == 0, up.ToString());
            var back = await run($"cp box:/tmp/ten {Path.Combine(folder, "back")}", null);
            Assert.True(back.Code == 0, back.ToString());
            Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(folder, "back"))));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task ForwardAsync(string program, string ns)
    {
        foreach (var target in (string[])["pod/box :8080", "service/box :80"])
        {
            var info = new ProcessStartInfo(program, ["--kubeconfig", Cluster.Kubeconfig, "-n", ns, "port-forward", .. target.Split(' ')]) { RedirectStandardOutput = true, RedirectStandardError = true };
            using var forward = Process.Start(info)!;
            try
            {
                using var limit = new CancellationTokenSource(s_patience);
                var line = await forward.StandardOutput.ReadLineAsync(limit.Token) ?? await forward.StandardError.ReadToEndAsync(limit.Token);
                Assert.StartsWith("Forwarding from 127.0.0.1:", line, StringComparison.Ordinal);
                using var http = new HttpClient { BaseAddress = new Uri($"http://{line.Split(' ')[2]}") };
                for (var i = 0; i < 5; i++)
                {
                    Assert.Equal("hello\n", await http.GetStringAsync(new Uri("/host", UriKind.Relative), limit.Token));
                }
            }
            finally
            {
                forward.Kill();
                await forward.WaitForExitAsync();
            }
        }
    }

    // A terminal, as a user sits at: script(1) makes one.
    private async Task<ShellResult> TerminalAsync(string command)
    {
        if (!Shell.IsInstalled("script"))
        {
            Assert.Skip("needs script(1) to make a terminal");
        }

        return await Shell.RunAsync("script", ["-qec", command, "/dev/null"], environment: new Dictionary<string, string> { ["HOME"] = Cluster.State }, patience: s_patience);
    }

    private static async Task MakeBoxAsync(TestNamespace ns)
    {
        await ns.KubectlAsync("apply -f -", """
            apiVersion: v1
            kind: Pod
            metadata: {name: box, labels: {app: box}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: web
                image: guestbook-redis:1
                command: [/bin/sh, -c]
                args:
                - |
                  busybox ln -sf busybox /bin/tar
                  busybox mkdir -p /www/folder
                  echo '<a href="/rewriteme">test</a>' > /www/index.html
                  echo hello > /www/host
                  exec busybox httpd -f -p 8080 -h /www
                ports: [{name: http, containerPort: 8080}]
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: box}
            spec: {selector: {app: box}, ports: [{name: http, port: 80, targetPort: http}]}
            """);
        await ns.KubectlAsync("wait --for=condition=Ready pod/box --timeout=60s");
    }
}
