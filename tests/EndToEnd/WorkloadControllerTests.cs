using KubeAspire.EndToEnd.Harness;
using static KubeAspire.EndToEnd.Harness.Manifests;

namespace KubeAspire.EndToEnd;

/// <summary>What becomes of many pods: their controllers, their nodes, their owners.</summary>
[Collection(SharedCluster.Name)]
public sealed class WorkloadControllerTests(ClusterFixture fixture) : NamespacedTests(fixture, "workload")
{
    [Fact]
    public async Task ADaemonSet_RunsOnEveryNode_AndAReplicationControllerScales()
    {
        var ns = await NamespaceAsync("sets");
        await Cluster.KubectlAsync($"create -n {ns} -f -", Set("apps/v1", "DaemonSet", "everywhere", "") + Set("v1", "ReplicationController", "old", "replicas: 1"));
        await Cluster.KubectlAsync($"rollout status -n {ns} daemonset/everywhere --timeout=60s");
        var pods = await PodReading.AllAsync(Cluster, ns);
        var nodes = (await Cluster.KubectlAsync("get nodes -o jsonpath={.items[*].metadata.name}")).Trim().Split(' ');
        Assert.Equal(nodes.Order(), pods.Pods.Values.Where(pod => pod.Name.StartsWith("everywhere-", StringComparison.Ordinal) && pod.Ready).Select(pod => pod.Node).Order());
        Assert.Matches(@"(?m)^everywhere +2 +2 +2 +2 +2 +<none> +\d+s", await Cluster.KubectlAsync($"get daemonset -n {ns}"));

        await Cluster.KubectlAsync($"scale rc/old -n {ns} --replicas=3");
        await Cluster.KubectlAsync($"wait -n {ns} --for=jsonpath={{.status.readyReplicas}}=3 rc/old --timeout=40s");
        await Cluster.KubectlAsync($"scale rc/old -n {ns} --replicas=1");
        await Eventually.IsAsync("one pod of old", TimeSpan.FromSeconds(30), () => PodReading.AllAsync(Cluster, ns),
            all => all.Pods.Keys.Count(name => name.StartsWith("old-", StringComparison.Ordinal)) == 1);
        Assert.Matches(@"(?m)^old +1 +1 +1 +\d+s", await Cluster.KubectlAsync($"get rc -n {ns}"));

        // One killed by hand is replaced on its node.
        var victim = pods.Pods.Keys.First(name => name.StartsWith("everywhere-", StringComparison.Ordinal));
        await Cluster.KubectlAsync($"delete pod {victim} -n {ns} --timeout=30s");
        await Eventually.IsAsync("another", TimeSpan.FromSeconds(40), () => PodReading.AllAsync(Cluster, ns), all =>
            !all.Pods.ContainsKey(victim) && all.Pods.Values.Count(pod => pod.Name.StartsWith("everywhere-", StringComparison.Ordinal) && pod.Ready && nodes.Contains(pod.Node)) == 2);
    }

    [Fact]
    public async Task ADeployment_PausesAndResumes_AndSaysThatItsDeadlinePassed()
    {
        var ns = await NamespaceAsync("deployments");
        await Cluster.KubectlAsync(
            $"create -n {ns} -f -",
            Set("apps/v1", "Deployment", "paused", "replicas: 1")
            + Set("apps/v1", "Deployment", "stuck", "progressDeadlineSeconds: 2").Replace(Image, "kubeaspire-absent:1\", imagePullPolicy: \"Never", StringComparison.Ordinal));
        await Cluster.KubectlAsync($"rollout status -n {ns} deployment/paused --timeout=60s");
        await Cluster.KubectlAsync($"rollout pause -n {ns} deployment/paused");
        await Cluster.KubectlAsync($"set env -n {ns} deployment/paused COLOUR=red");

        // The controller has seen the change and made nothing of it.
        var generation = (await Cluster.KubectlAsync($"get deployment paused -n {ns} -o jsonpath={{.metadata.generation}}")).Trim();
        await Cluster.KubectlAsync($"wait -n {ns} --for=jsonpath={{.status.observedGeneration}}={generation} deployment/paused --timeout=20s");
        Assert.Equal("Unknown DeploymentPaused", (await Cluster.KubectlAsync(
            $"get deployment paused -n {ns} -o 'jsonpath={{.status.conditions[?(@.type==\"Progressing\")].status}} {{.status.conditions[?(@.type==\"Progressing\")].reason}}'")).Trim());
        Assert.Single(await SetsAsync());
        await Cluster.KubectlAsync($"rollout resume -n {ns} deployment/paused");
        await Cluster.KubectlAsync($"rollout status -n {ns} deployment/paused --timeout=60s");
        Assert.Equal(2, (await SetsAsync()).Length);

        var status = await Cluster.TryKubectlAsync($"rollout status -n {ns} deployment/stuck --timeout=30s");
        Assert.Equal(1, status.Code);
        Assert.Contains("error: deployment \"stuck\" exceeded its progress deadline", status.Errors, StringComparison.Ordinal);
        Assert.Equal("ProgressDeadlineExceeded", (await Cluster.KubectlAsync(
            $"get deployment stuck -n {ns} -o 'jsonpath={{.status.conditions[?(@.type==\"Progressing\")].reason}}'")).Trim());

        async Task<string[]> SetsAsync() => (await Cluster.KubectlAsync($"get rs -n {ns} -l app=paused -o name")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    [Fact]
    public async Task APodThatDoesNotFit_IsToldWhy_AndScheduledWhenTheReasonGoes()
    {
        var ns = await NamespaceAsync("placement");
        var cores = await Cluster.KubectlAsync("get node node-1 -o jsonpath={.status.allocatable.cpu}");
        var most = cores.Trim() is var text && text.EndsWith('m') ? int.Parse(text[..^1], null) * 6 / 10 : int.Parse(text, null) * 600;
        string Hog(string name) => Pod(name, "Always", Container("main", "sleep 600", $"resources: {{requests: {{cpu: {most}m}}}}"));
        string Light(string name, string spec = "") => PodWith(name, "Always", spec, Container("main", "sleep 600"));
        await Cluster.KubectlAsync($"create -n {ns} -f -", Hog("hog-1") + Hog("hog-2"));
        await Cluster.KubectlAsync($"wait -n {ns} --for=condition=Ready pod/hog-1 pod/hog-2 --timeout=40s");
        await Cluster.KubectlAsync($"create -n {ns} -f -", Hog("hog-3") + Light("picky", "nodeSelector: {disk: quick}"));
        await SaysAsync("hog-3", "0/2 nodes are available: 2 Insufficient cpu.");
        await SaysAsync("picky", "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.");
        await Cluster.KubectlAsync($"delete pod hog-1 -n {ns} --timeout=30s");
        await Cluster.KubectlAsync("label node node-1 disk=quick");
        try
        {
            await Cluster.KubectlAsync($"wait -n {ns} --for=condition=Ready pod/hog-3 pod/picky --timeout=40s");
            Assert.Equal("node-1", (await PodReading.AllAsync(Cluster, ns)).Pods["picky"].Node);

            await Cluster.KubectlAsync("taint node node-1 dedicated=others:NoSchedule");
            await Cluster.KubectlAsync("cordon node-2");
            await Cluster.KubectlAsync($"create -n {ns} -f -", Light("unwelcome") + Light("tolerant", "tolerations: [{key: dedicated, operator: Exists}]"));
            await SaysAsync("unwelcome", "0/2 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable.");
            await Cluster.KubectlAsync($"wait -n {ns} --for=condition=Ready pod/tolerant --timeout=40s");
            Assert.Equal("node-1", (await PodReading.AllAsync(Cluster, ns)).Pods["tolerant"].Node);
            Assert.Contains("Ready,SchedulingDisabled", await Cluster.KubectlAsync("get nodes"), StringComparison.Ordinal);
            await Cluster.KubectlAsync("uncordon node-2");
            await Cluster.KubectlAsync($"wait -n {ns} --for=condition=Ready pod/unwelcome --timeout=40s");
            Assert.Equal("node-2", (await PodReading.AllAsync(Cluster, ns)).Pods["unwelcome"].Node);

            // A pod that does not tolerate it is driven away.
            await Cluster.KubectlAsync("taint node node-1 dedicated=others:NoExecute");
            await Cluster.KubectlAsync($"wait -n {ns} --for=delete pod/picky --timeout=30s");
            Assert.True((await PodReading.AllAsync(Cluster, ns)).Pods["tolerant"].Ready);
        }
        finally
        {
            await Cluster.TryKubectlAsync("label node node-1 disk-");
            await Cluster.TryKubectlAsync("taint node node-1 dedicated-");
            await Cluster.TryKubectlAsync("uncordon node-2");
        }

        Task SaysAsync(string pod, string message) => Eventually.IsAsync(message, TimeSpan.FromSeconds(20),
            () => Cluster.KubectlAsync($"get events -n {ns} --field-selector reason=FailedScheduling,involvedObject.name={pod} -o jsonpath={{.items[*].message}}"),
            said => said.Contains(message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task ANodeMadeByHand_GetsNoPods_AndTakesItsOwnAlongWhenItIsDeleted()
    {
        var ns = await NamespaceAsync("by-hand");
        await Cluster.KubectlAsync("create -f -", "apiVersion: v1\nkind: Node\nmetadata: {name: by-hand, labels: {made: by-hand}}\n");
        try
        {
            // No kubelet has told of itself yet: the state is unknown until the startup grace period is over.
            Assert.Matches("^by-hand +(Unknown|NotReady) ", await Cluster.KubectlAsync("get node by-hand --no-headers"));
            await Cluster.KubectlAsync(
                $"create -n {ns} -f -",
                PodWith("bound", "Always", "nodeName: by-hand\ntolerations: [{operator: Exists}]", Container("main", "sleep 600"))
                + PodWith("choosing", "Always", "nodeSelector: {made: by-hand}", Container("main", "sleep 600")));
            await Eventually.IsAsync("no node for the pod", TimeSpan.FromSeconds(20), () => Cluster.KubectlAsync($"get events -n {ns} --field-selector reason=FailedScheduling"),
                events => events.Contains("0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match Pod's node affinity/selector.", StringComparison.Ordinal));
            Assert.Equal("Pending", (await PodReading.AllAsync(Cluster, ns)).Pods["bound"].Phase);
        }
        finally
        {
            await Cluster.KubectlAsync("delete node by-hand --timeout=20s");
        }

        await Cluster.KubectlAsync($"wait -n {ns} --for=delete pod/bound --timeout=40s");
        await Cluster.KubectlAsync($"get pod choosing -n {ns}");
    }

    [Fact]
    public async Task AnOwnersDeletion_OrphansOrTakesItsDependantsAlong()
    {
        var ns = await NamespaceAsync("cascade");
        foreach (var name in new[] { "orphaning", "foreground", "background" })
        {
            await Cluster.KubectlAsync($"create -n {ns} -f -", Set("apps/v1", "Deployment", name, "replicas: 1"));
        }

        await Cluster.KubectlAsync($"wait -n {ns} --for=condition=Available deployment --all --timeout=60s");
        await Cluster.KubectlAsync($"delete deployment orphaning -n {ns} --cascade=orphan --timeout=30s");
        var set = (await Cluster.GetAsync($"rs -n {ns} -l app=orphaning")).GetProperty("items")[0].GetProperty("metadata");
        Assert.False(set.TryGetProperty("ownerReferences", out _), set.ToString());
        Assert.False(set.TryGetProperty("deletionTimestamp", out _), set.ToString());
        Assert.Single(await PodsOfAsync("orphaning"));

        // Foreground: the owner is the last to go.
        await Cluster.KubectlAsync($"delete deployment foreground -n {ns} --cascade=foreground --timeout=40s");
        Assert.Empty(await PodsOfAsync("foreground"));
        Assert.Equal("", (await Cluster.KubectlAsync($"get rs -n {ns} -l app=foreground -o name")).Trim());

        await Cluster.KubectlAsync($"delete deployment background -n {ns} --cascade=background --timeout=30s");
        await Eventually.IsAsync("no pods", TimeSpan.FromSeconds(40), () => PodsOfAsync("background"), pods => pods.Length == 0);
        await Cluster.KubectlAsync($"delete rs -n {ns} -l app=orphaning --timeout=30s");
        await Eventually.IsAsync("no pods", TimeSpan.FromSeconds(40), () => PodsOfAsync("orphaning"), pods => pods.Length == 0);

        async Task<string[]> PodsOfAsync(string app) => (await Cluster.KubectlAsync($"get pods -n {ns} -l app={app} -o name")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    [Fact]
    public async Task ANamespace_GoesWithAllThatItHolds()
    {
        var ns = await NamespaceAsync("namespace");
        Keep(ns);
        await Cluster.KubectlAsync($"create -n {ns} -f -", Set("apps/v1", "Deployment", "web", "replicas: 2") + Pod("alone", "Always", Container("main", "sleep 600")));
        await Cluster.KubectlAsync($"create configmap settings -n {ns} --from-literal=a=b");
        await Cluster.KubectlAsync($"create service clusterip web -n {ns} --tcp=80:80");
        await Cluster.KubectlAsync($"wait -n {ns} --for=condition=Ready pod --all --timeout=60s");
        await Cluster.KubectlAsync($"delete namespace {ns} --wait=false");
        var refused = await Cluster.TryKubectlAsync($"create configmap late -n {ns} --from-literal=a=b");
        Assert.Contains($"is forbidden: unable to create new content in namespace {ns} because it is being terminated", refused.Errors, StringComparison.Ordinal);
        await Cluster.KubectlAsync($"wait --for=delete namespace/{ns} --timeout=40s");
        Assert.Equal("", (await Cluster.KubectlAsync($"get all,configmaps,secrets,serviceaccounts,endpointslices,events -n {ns} -o name")).Trim());
        Assert.Equal("", (await Shell.RunAsync("docker", ["ps", "-aq", "--filter", $"label=io.kubernetes.pod.namespace={ns}"])).Output);
    }

    private static string Set(string version, string kind, string name, string spec)
    {
        var selector = version == "v1" ? $"{{app: {name}}}" : $"{{matchLabels: {{app: {name}}}}}";
        return $$"""
            apiVersion: {{version}}
            kind: {{kind}}
            metadata: {name: {{name}}, labels: {app: {{name}} } }
            spec:
              selector: {{selector}}
              {{spec}}
              template:
                metadata: {labels: {app: {{name}} } }
                spec:
                  terminationGracePeriodSeconds: 1
                  containers:
                  - {{Container("main", "sleep 600")}}
            ---

            """;
    }
}
