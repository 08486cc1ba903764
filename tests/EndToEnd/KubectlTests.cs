using System.Text.RegularExpressions;
using KubeAspire.EndToEnd.Harness;

namespace KubeAspire.EndToEnd;

/// <summary>What people type, with the columns and words they know, with every kubectl that is at hand.</summary>
[Collection(SharedCluster.Name)]
public sealed partial class KubectlTests(ClusterFixture fixture)
{
    private Cluster Cluster => fixture.Cluster;

    // The machine's own, and those that build/kubectl.sh has fetched into artifacts/kubectl/<version>/kubectl.
    public static TheoryData<string> Programs
    {
        get
        {
            var data = new TheoryData<string> { "kubectl" };
            foreach (var version in new[] { "1.28", "1.31", "1.35" })
            {
                data.Add(version);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task TheEverydayCommands_Work(string version)
    {
        Cluster.RequireMachine();
        var program = version == "kubectl" ? version : Path.Combine(Repository.Root, "artifacts/kubectl", version, "kubectl");
        if (version != "kubectl" && !File.Exists(program))
        {
            Assert.Skip($"kubectl {version} is not at hand: build/kubectl.sh could not fetch it");
        }

        var ns = $"kubectl-{version.Replace('.', '-')}";
        async Task<string> Run(string arguments, string? input = null)
        {
            var result = await Cluster.TryKubectlAsync(arguments, input, program: program);
            Assert.True(result.Code == 0, $"{program} {arguments}: {result}");
            return result.Output;
        }

        await Run($"create namespace {ns}");
        await Run($"create deployment web -n {ns} --image=guestbook-redis:1 --replicas=2");
        await Run($"rollout status -n {ns} deployment/web --timeout=60s");
        Assert.Matches(DeploymentColumns(), await Run($"get deployments -n {ns}"));
        Assert.Matches(PodColumns(), await Run($"get pods -n {ns}"));
        Assert.Contains("node-", await Run($"get pods -n {ns} -o wide"), StringComparison.Ordinal);
        Assert.Contains("deployment.apps/web", await Run($"get all -n {ns}"), StringComparison.Ordinal);
        Assert.Contains("ScalingReplicaSet", await Run($"describe deployment web -n {ns}"), StringComparison.Ordinal);
        var pod = (await Run($"get pods -n {ns} -o name")).Split('\n')[0];
        var described = await Run($"describe {pod} -n {ns}");
        Assert.Contains("Successfully assigned", described, StringComparison.Ordinal);
        Assert.Contains("Started", described, StringComparison.Ordinal);
        Assert.Contains("Ready to accept connections", await Run($"logs -n {ns} {pod}"), StringComparison.Ordinal);
        Assert.Contains("Ready to accept connections", await Run($"logs -n {ns} {pod} --since=1h --timestamps"), StringComparison.Ordinal);

        await Run($"label -n {ns} {pod} colour=red");
        await Run($"annotate -n {ns} deployment/web note=hello");
        await Run($"patch -n {ns} deployment web --type=merge -p '{{\"spec\":{{\"replicas\":1}}}}'");
        await Run($"patch -n {ns} deployment web --type=json -p '[{{\"op\":\"replace\",\"path\":\"/spec/replicas\",\"value\":2}}]'");
        await Run($"set env -n {ns} deployment/web COLOUR=red");
        await Run($"rollout status -n {ns} deployment/web --timeout=60s");
        Assert.Contains("2", await Run($"rollout history -n {ns} deployment/web"), StringComparison.Ordinal);
        await Run($"rollout undo -n {ns} deployment/web");
        await Run($"rollout status -n {ns} deployment/web --timeout=60s");
        await Run($"rollout restart -n {ns} deployment/web");
        await Run($"rollout status -n {ns} deployment/web --timeout=60s");
        await Run($"expose -n {ns} deployment/web --port=6379");
        await Run($"create configmap settings -n {ns} --from-literal=a=b");
        await Run($"create secret generic hidden -n {ns} --from-literal=a=b");
        Assert.Contains("hidden", await Run($"get secrets,configmaps,services,endpoints,serviceaccounts -n {ns}"), StringComparison.Ordinal);
        Assert.Contains("Created pod", await Run($"get events -n {ns}"), StringComparison.Ordinal);
        Assert.Contains("Created pod", await Run($"events -n {ns}"), StringComparison.Ordinal);
        Assert.Contains("deployments", await Run("api-resources"), StringComparison.Ordinal);
        Assert.Contains("apps/v1", await Run("api-versions"), StringComparison.Ordinal);
        Assert.Contains("containers", await Run("explain pod.spec"), StringComparison.Ordinal);
        Assert.Contains("yes", await Run($"auth can-i create pods -n {ns}"), StringComparison.Ordinal);
        Assert.Contains("v1.36", await Run("version"), StringComparison.Ordinal);
        await Run($"wait -n {ns} --for=condition=Available deployment/web --timeout=30s");
        var twice = await Cluster.TryKubectlAsync($"create configmap settings -n {ns} --from-literal=a=b", program: program);
        Assert.Contains("configmaps \"settings\" already exists", twice.Errors, StringComparison.Ordinal);
        await Run($"delete deployment web -n {ns} --timeout=60s");
        await Run($"delete namespace {ns} --timeout=60s");
    }

    [GeneratedRegex(@"^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2/2 +2 +2 +\d+s", RegexOptions.Multiline)]
    private static partial Regex DeploymentColumns();

    [GeneratedRegex(@"^NAME +READY +STATUS +RESTARTS +AGE\nweb-[a-z0-9]+-[a-z0-9]{5} +1/1 +Running +0 +\d+s", RegexOptions.Multiline)]
    private static partial Regex PodColumns();
}
