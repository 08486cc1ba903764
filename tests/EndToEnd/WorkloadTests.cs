using System.Diagnostics;
using KubeAspire.EndToEnd.Harness;
using static KubeAspire.EndToEnd.Harness.Manifests;

namespace KubeAspire.EndToEnd;

/// <summary>What a pod does on its node: restarts, image errors, environment, volumes, probes, endings.</summary>
[Collection(SharedCluster.Name)]
public sealed class WorkloadTests(ClusterFixture fixture) : NamespacedTests(fixture, "workload")
{
    private const string Endless = "sleep 600";

    [Fact]
    public async Task RestartPolicies_GiveThePhasesOfTheTable()
    {
        var ns = await NamespaceAsync("restarts");
        var manifest = string.Concat(new[] { "Always", "OnFailure", "Never" }.Select(policy =>
        {
            var prefix = policy.ToLowerInvariant();
            return Pod($"{prefix}-zero", policy, Container("main", "exit 0"))
                + Pod($"{prefix}-one", policy, Container("main", "exit 1"))
                + Pod($"{prefix}-two", policy, Container("main", "exit 3"), Container("second", "trap 'exit 0' TERM; sleep 600 & wait"))
                + Pod($"{prefix}-memory", policy, Container("main", "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done", "resources: {limits: {memory: 16Mi}}"));
        }));
        await Cluster.KubectlAsync($"create -n {ns} -f -", manifest);
        await Eventually.IsAsync("the table", TimeSpan.FromSeconds(60), () => PodReading.AllAsync(Cluster, ns), table =>
            table.Restarted("always-zero", "Completed") && table.Restarted("always-one", "Error")
            && table.Restarted("always-two", "Error") && table.RunsOn("always-two", "second") && table.Restarted("always-memory", "OOMKilled")
            && table.Ended("onfailure-zero", "Succeeded", "Completed", 0) && table.Restarted("onfailure-one", "Error")
            && table.Restarted("onfailure-two", "Error") && table.RunsOn("onfailure-two", "second") && table.Restarted("onfailure-memory", "OOMKilled")
            && table.Ended("never-zero", "Succeeded", "Completed", 0) && table.Ended("never-one", "Failed", "Error", 1)
            && table.Ended("never-two", "Running", "Error", 3) && table.RunsOn("never-two", "second") && table.Ended("never-memory", "Failed", "OOMKilled", 137));

        // The first restart is at once, the next is held back: that is what people know.
        await Eventually.IsAsync("CrashLoopBackOff", TimeSpan.FromSeconds(30), () => Cluster.KubectlAsync($"get pods -n {ns}"), shown =>
            shown.Split('\n').Count(line => line.Contains("CrashLoopBackOff", StringComparison.Ordinal)) >= 6);
        var columns = await Cluster.KubectlAsync($"get pods -n {ns} --no-headers");
        Assert.Matches(@"(?m)^onfailure-zero +0/1 +Completed +0 ", columns);
        Assert.Matches(@"(?m)^never-one +0/1 +Error +0 ", columns);
        Assert.Matches(@"(?m)^never-memory +0/1 +OOMKilled +0 ", columns);
        Assert.Contains("Back-off restarting failed container main in pod always-one_", await Cluster.KubectlAsync($"get events -n {ns}"), StringComparison.Ordinal);

        // The second of two ends well, the first has not: the pod has failed.
        var second = (await PodReading.AllAsync(Cluster, ns)).Pods["never-two"].Containers["second"].Id;
        Assert.Equal(0, (await Shell.RunAsync("docker", ["kill", "-s", "TERM", second])).Code);
        await Eventually.IsAsync("a failed pod", TimeSpan.FromSeconds(20), () => PodReading.AllAsync(Cluster, ns), table =>
            table.Ended("never-two", "Failed", "Completed", 0, "second") && table.Ended("never-two", "Failed", "Error", 3));
    }

    [Fact]
    public async Task ImageErrors_AreToldAsUpstreamTellsThem()
    {
        var ns = await NamespaceAsync("images");
        await using var watch = new Following(Cluster, "get", "pods", "-n", ns, "-w");
        await Cluster.KubectlAsync(
            $"create -n {ns} -f -",
            Pod("absent-never", "Always", """{name: main, image: "kubeaspire-absent:1", imagePullPolicy: Never}""")
            + Pod("absent", "Always", """{name: main, image: "127.0.0.1:9/kubeaspire-absent:1"}""")
            + Pod("invalid", "Always", """{name: main, image: "Not A Name:::"}"""));
        await Eventually.IsAsync("the reasons", TimeSpan.FromSeconds(30), () => PodReading.AllAsync(Cluster, ns), table =>
            table.Waits("absent-never", "ErrImageNeverPull") && table.Waits("absent", "ImagePullBackOff") && table.Waits("invalid", "InvalidImageName"));
        await watch.SeesAsync("ErrImagePull", "ImagePullBackOff");
        var events = await Cluster.KubectlAsync($"get events -n {ns}");
        Assert.Contains("Container image \"kubeaspire-absent:1\" is not present with pull policy of Never", events, StringComparison.Ordinal);
        Assert.Contains("Failed to pull image \"127.0.0.1:9/kubeaspire-absent:1\"", events, StringComparison.Ordinal);
        Assert.Contains("Back-off pulling image \"127.0.0.1:9/kubeaspire-absent:1\"", events, StringComparison.Ordinal);
        Assert.Contains("Failed to apply default image tag \"Not A Name:::\"", events, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Environment_ComesFromEverySource()
    {
        var ns = await NamespaceAsync("environment");
        await Cluster.KubectlAsync($"create configmap settings -n {ns} --from-literal=colour=red --from-literal=SHAPE=round");
        await Cluster.KubectlAsync($"create secret generic hidden -n {ns} --from-literal=word=open");
        await Cluster.KubectlAsync($"create service clusterip my-store -n {ns} --tcp=6379:6379");
        var address = (await Cluster.KubectlAsync($"get service my-store -n {ns} -o jsonpath={{.spec.clusterIP}}")).Trim();
        const string Sources = """
            env: [
              {name: PLAIN, value: plain}, {name: JOINED, value: "$(PLAIN)-$(COLOUR) $$(PLAIN) $(NOBODY)"},
              {name: COLOUR, valueFrom: {configMapKeyRef: {name: settings, key: colour}}}, {name: LATER, value: "$(COLOUR)/$(MY_STORE_SERVICE_PORT)"},
              {name: WORD, valueFrom: {secretKeyRef: {name: hidden, key: word}}}, {name: NONE, valueFrom: {configMapKeyRef: {name: settings, key: none, optional: true}}},
              {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, {name: NS, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}},
              {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}, {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}},
              {name: APP, valueFrom: {fieldRef: {fieldPath: "metadata.labels['app']"}}}, {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1m}}}]
            """;
        await Cluster.KubectlAsync(
            $"create -n {ns} -f -",
            Pod("sources", "Never", Container("main", "env; echo args $0 $1", "args: [zero, \"$(PLAIN)\"]", Sources.Replace("\n", " ", StringComparison.Ordinal),
                "envFrom: [{configMapRef: {name: settings}}, {prefix: S_, secretRef: {name: hidden}}, {configMapRef: {name: absent, optional: true}}]",
                "resources: {limits: {cpu: 250m}}"))
            + Pod("missing", "Never", Container("main", "env", "env: [{name: A, valueFrom: {configMapKeyRef: {name: absent, key: a}}}]")));
        await Cluster.KubectlAsync($"wait -n {ns} --for=jsonpath={{.status.phase}}=Succeeded pod/sources --timeout=40s");
        var variables = (await Cluster.KubectlAsync($"logs -n {ns} sources")).Split('\n').ToHashSet();
        var pod = (await Cluster.GetAsync($"pod sources -n {ns}"));
        string[] expected =
        [
            "PLAIN=plain", "JOINED=plain-$(COLOUR) $(PLAIN) $(NOBODY)", "COLOUR=red", "LATER=red/6379", "WORD=open", "POD=sources", $"NS={ns}",
            $"NODE={pod.GetProperty("spec").GetProperty("nodeName").GetString()}", $"IP={pod.GetProperty("status").GetProperty("podIP").GetString()}", "APP=sources", "CPU=250",
            "colour=red", "SHAPE=round", "S_word=open", "args zero plain",
            $"MY_STORE_SERVICE_HOST={address}", "MY_STORE_SERVICE_PORT=6379", $"MY_STORE_PORT=tcp://{address}:6379", $"MY_STORE_PORT_6379_TCP_ADDR={address}", "KUBERNETES_SERVICE_PORT_HTTPS=443",
        ];
        Assert.Empty(expected.Except(variables));
        Assert.DoesNotContain(variables, line => line.StartsWith("NONE=", StringComparison.Ordinal));

        // What is missing is told, and taken as soon as it is there.
        await Eventually.IsAsync("the reason", TimeSpan.FromSeconds(20), () => PodReading.AllAsync(Cluster, ns), table => table.Waits("missing", "CreateContainerConfigError"));
        Assert.Contains("configmap \"absent\" not found", await Cluster.KubectlAsync($"get events -n {ns}"), StringComparison.Ordinal);
        await Cluster.KubectlAsync($"create configmap absent -n {ns} --from-literal=a=here");
        await Cluster.KubectlAsync($"wait -n {ns} --for=jsonpath={{.status.phase}}=Succeeded pod/missing --timeout=60s");
        Assert.Contains("A=here", await Cluster.KubectlAsync($"logs -n {ns} missing"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Volumes_HoldWhatTheyShould_AndAConfigMapIsUpdatedLive()
    {
        var ns = await NamespaceAsync("volumes");
        await Cluster.KubectlAsync($"create configmap settings -n {ns} --from-literal=colour=red");
        await Cluster.KubectlAsync($"create secret generic hidden -n {ns} --from-literal=word=open --from-literal=other=shut");
        const string Volumes = """
            volumes: [{name: settings, configMap: {name: settings}}, {name: hidden, secret: {secretName: hidden, defaultMode: 0400, items: [{key: word, path: deep/word}]}}, {name: scratch, emptyDir: {}}]
            """;
        const string Reader = "cat /settings/colour /hidden/deep/word; echo; ls /hidden; stat -Lc %a /hidden/deep/word; until [ -f /scratch/word ]; do sleep 0.1; done; cat /scratch/word; "
            + "until grep -q blue /settings/colour; do sleep 0.1; done; cat /settings/colour; echo; cat /settings/added; echo; cat /pinned";
        await Cluster.KubectlAsync(
            $"create -n {ns} -f -",
            PodWith("shared", "Never", Volumes,
                Container("reader", Reader, "volumeMounts: [{name: settings, mountPath: /settings}, {name: hidden, mountPath: /hidden, readOnly: true}, {name: scratch, mountPath: /scratch}, {name: settings, mountPath: /pinned, subPath: colour}]"),
                Container("writer", "echo from-the-writer > /other/part; mv /other/part /other/word", "volumeMounts: [{name: scratch, mountPath: /other}]")));
        await Eventually.IsAsync("the shared file", TimeSpan.FromSeconds(40), async () => (await Cluster.TryKubectlAsync($"logs -n {ns} shared -c reader")).Output,
            log => log.Contains("from-the-writer", StringComparison.Ordinal));
        await Cluster.KubectlAsync($"patch configmap settings -n {ns} -p '{{\"data\":{{\"colour\":\"blue\",\"added\":\"new\"}}}}'");
        await Cluster.KubectlAsync($"wait -n {ns} --for=jsonpath={{.status.phase}}=Succeeded pod/shared --timeout=90s");

        // A subPath keeps what it was mounted with.
        Assert.Equal("redopen\ndeep\n400\nfrom-the-writer\nblue\nnew\nred", (await Cluster.KubectlAsync($"logs -n {ns} shared -c reader")).Trim());
    }

    [Fact]
    public async Task InitContainers_RunInOrder_AndOneThatFailsEndsThePod()
    {
        var ns = await NamespaceAsync("init");
        const string Mount = "volumeMounts: [{name: work, mountPath: /shared}]";
        var chain = $"volumes: [{{name: work, emptyDir: {{}}}}]\ninitContainers: [{Container("first", "sleep 1; echo one >> /shared/log", Mount)}, {Container("second", "echo two >> /shared/log", Mount)}]";
        await Cluster.KubectlAsync(
            $"create -n {ns} -f -",
            PodWith("chain", "Never", chain, Container("main", "cat /shared/log; echo three", Mount))
            + PodWith("broken", "Never", $"initContainers: [{Container("first", "exit 7")}]", Container("main", Endless))
            + PodWith("stubborn", "Always", $"initContainers: [{Container("first", "exit 7")}]", Container("main", Endless)));
        await Cluster.KubectlAsync($"wait -n {ns} --for=jsonpath={{.status.phase}}=Succeeded pod/chain --timeout=40s");
        Assert.Equal("one\ntwo\nthree", (await Cluster.KubectlAsync($"logs -n {ns} chain")).Trim());
        await Cluster.KubectlAsync($"wait -n {ns} --for=jsonpath={{.status.phase}}=Failed pod/broken --timeout=40s");
        await Eventually.IsAsync("the columns", TimeSpan.FromSeconds(30), () => Cluster.KubectlAsync($"get pods -n {ns}"), shown =>
            shown.Contains("Init:Error", StringComparison.Ordinal) && shown.Contains("Init:CrashLoopBackOff", StringComparison.Ordinal) && shown.Contains("Completed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Probes_RestartHoldBackAndGate()
    {
        var ns = await NamespaceAsync("probes");
        await Cluster.KubectlAsync($"create configmap gate -n {ns} --from-literal=open=no");
        await Cluster.KubectlAsync($"create service clusterip gated -n {ns} --tcp=80:80");
        const string Started = "{exec: {command: [/bin/sh, -c, 'test -f /tmp/started']}, periodSeconds: 1, failureThreshold: ";
        await Cluster.KubectlAsync(
            $"create -n {ns} -f -",
            Pod("mortal", "Always", Container("main", $"touch /tmp/started; sleep 2; rm /tmp/started; {Endless}", $"livenessProbe: {Started}2}}"))
            + Pod("slow", "Always", Container("main", $"sleep 5; touch /tmp/started; {Endless}", $"startupProbe: {Started}60}}", $"livenessProbe: {Started}1}}"))
            + Pod("never-started", "Always", Container("main", Endless, $"startupProbe: {Started}2}}"))
            + PodWith("gated", "Always", "volumes: [{name: gate, configMap: {name: gate}}]", Container(
                "main", Endless, "volumeMounts: [{name: gate, mountPath: /gate}]", "readinessProbe: {exec: {command: [/bin/busybox, grep, 'yes', /gate/open]}, periodSeconds: 1, failureThreshold: 1}"))
            + Pod("listening", "Always", """{name: main, image: "guestbook-redis:1", ports: [{name: redis, containerPort: 6379}], readinessProbe: {tcpSocket: {port: redis}, periodSeconds: 1}}""")
            + Pod("deaf", "Always", """{name: main, image: "guestbook-redis:1", readinessProbe: {tcpSocket: {port: 6380}, periodSeconds: 1}}""")
            + Pod("absent-page", "Always", """{name: main, image: "guestbook-web:1", livenessProbe: {httpGet: {path: /nothing-here, port: 8080}, periodSeconds: 1, initialDelaySeconds: 3, failureThreshold: 1}}"""));

        Assert.Equal("", await AddressesAsync("ready"));
        await Eventually.IsAsync("an endpoint that is not ready", TimeSpan.FromSeconds(30), () => AddressesAsync("notReady"), addresses => addresses.Length > 0);
        await Cluster.KubectlAsync($"patch configmap gate -n {ns} -p '{{\"data\":{{\"open\":\"yes\"}}}}'");
        await Eventually.IsAsync("the endpoint", TimeSpan.FromSeconds(90), () => AddressesAsync("ready"), addresses => addresses.Length > 0);
        await Cluster.KubectlAsync($"patch configmap gate -n {ns} -p '{{\"data\":{{\"open\":\"no\"}}}}'");
        await Eventually.IsAsync("no endpoint", TimeSpan.FromSeconds(90), () => AddressesAsync("ready"), addresses => addresses.Length == 0);

        await Cluster.KubectlAsync($"wait -n {ns} --for=condition=Ready pod/slow pod/listening --timeout=40s");
        var table = await Eventually.IsAsync("the restarts", TimeSpan.FromSeconds(40), () => PodReading.AllAsync(Cluster, ns), pods =>
            pods.Pods["mortal"].First is { Restarts: >= 1 } && pods.Pods["never-started"].First is { Restarts: >= 1 } && pods.Pods["absent-page"].First is { Restarts: >= 1 });
        Assert.True(table.RunsOn("slow") && table.RunsOn("gated") && table.RunsOn("deaf"), table.ToString());
        Assert.False(table.Pods["deaf"].Ready);
        var events = await Cluster.KubectlAsync($"get events -n {ns}");
        Assert.Contains("Liveness probe failed:", events, StringComparison.Ordinal);
        Assert.Contains("Liveness probe failed: HTTP probe failed with statuscode: 404", events, StringComparison.Ordinal);
        Assert.Contains("Startup probe failed:", events, StringComparison.Ordinal);
        Assert.Contains("Readiness probe failed: dial tcp ", events, StringComparison.Ordinal);
        Assert.Contains("Container main failed liveness probe, will be restarted", events, StringComparison.Ordinal);
        Assert.Contains("Container main failed startup probe, will be restarted", events, StringComparison.Ordinal);

        async Task<string> AddressesAsync(string which) => (await Cluster.KubectlAsync(
            $"get endpoints gated -n {ns} -o jsonpath={{.subsets[*].{(which == "ready" ? "addresses" : "notReadyAddresses")}[*].ip}}")).Trim();
    }

    [Fact]
    public async Task Termination_IsGraceful_OrForced()
    {
        var ns = await NamespaceAsync("termination");
        const string Polite = "trap 'echo got-term; exit 0' TERM; echo up; while :; do sleep 600 & wait; done";
        await Cluster.KubectlAsync(
            $"create -n {ns} -f -",
            PodWith("polite", "Always", "terminationGracePeriodSeconds: 30", Container("main", Polite, "lifecycle: {preStop: {exec: {command: [/bin/sh, -c, 'echo pre-stop > /proc/1/fd/1']}}}"))
            + PodWith("deaf", "Always", "terminationGracePeriodSeconds: 3", Container("main", "trap '' TERM; echo up; while :; do sleep 1; done"))
            + PodWith("forced", "Always", "terminationGracePeriodSeconds: 600", Container("main", "trap '' TERM; echo up; while :; do sleep 1; done")));
        await Cluster.KubectlAsync($"wait -n {ns} --for=condition=Ready pod --all --timeout=40s");
        await using (var log = new Following(Cluster, "logs", "-f", "-n", ns, "polite"))
        {
            await log.SeesAsync("up");
            await Cluster.KubectlAsync($"delete pod polite -n {ns} --timeout=20s");
            await log.EndsAsync();
            Assert.Equal("up\npre-stop\ngot-term", log.Text);
        }

        var clock = Stopwatch.StartNew();
        await Cluster.KubectlAsync($"delete pod deaf -n {ns} --timeout=30s");
        Assert.InRange(clock.Elapsed.TotalSeconds, 3, 12);
        Assert.Contains("Stopping container main", await Cluster.KubectlAsync($"get events -n {ns} --field-selector reason=Killing"), StringComparison.Ordinal);

        clock.Restart();
        await Cluster.KubectlAsync($"delete pod forced -n {ns} --force --grace-period=0 --timeout=20s");
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 5);
        await Eventually.IsAsync("no container", TimeSpan.FromSeconds(20), async () => (await Shell.RunAsync("docker", ["ps", "-aq", "--filter", $"label=io.kubernetes.pod.namespace={ns}"])).Output, left => left.Length == 0);
    }

    [Fact]
    public async Task FollowedLogsEndWithTheirContainer_AndAWatchSeesEveryChange()
    {
        var ns = await NamespaceAsync("following");
        await using var watch = new Following(Cluster, "get", "pods", "-n", ns, "-w", "--output-watch-events");
        await Cluster.KubectlAsync($"create -n {ns} -f -", Pod("counter", "Never", Container("main", "for i in 1 2 3 4 5; do echo line $i; sleep 0.5; done")));
        await Eventually.IsAsync("a container", TimeSpan.FromSeconds(30), async () => (await PodReading.AllAsync(Cluster, ns)).Pods["counter"].First?.State, state => state is "running" or "terminated");
        await using var log = new Following(Cluster, "logs", "-f", "-n", ns, "counter");
        Assert.Equal(0, await log.EndsAsync());
        Assert.Equal("line 1\nline 2\nline 3\nline 4\nline 5", log.Text);
        await Cluster.KubectlAsync($"wait -n {ns} --for=jsonpath={{.status.phase}}=Succeeded pod/counter --timeout=20s");
        await Cluster.KubectlAsync($"delete pod counter -n {ns} --timeout=20s");
        await watch.SeesAsync("ADDED", "MODIFIED", "DELETED", "Pending", "ContainerCreating", "Running", "Completed");
    }
}
