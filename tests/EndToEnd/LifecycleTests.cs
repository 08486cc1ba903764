using KubeAspire.EndToEnd.Harness;

namespace KubeAspire.EndToEnd;

/// <summary>up, up again, down, up, purge: what a user does with the whole.</summary>
public sealed class LifecycleTests
{
    [Fact]
    public async Task UpTwice_Down_UpAgain_KeepsTheState_AndDownLeavesNothingBehind()
    {
        Cluster.RequireMachine();
        await using var cluster = new Cluster("lifecycle");
        await cluster.UpAsync();
        var silo = cluster.ProcessOf("silo");
        await cluster.UpAsync();
        Assert.Equal(silo, cluster.ProcessOf("silo"));

        var nodes = await cluster.KubectlAsync("get nodes --no-headers");
        Assert.Equal(2, nodes.Split('\n').Count(line => line.Contains(" Ready ", StringComparison.Ordinal)));
        await cluster.KubectlAsync("create configmap kept --from-literal=a=b");
        await cluster.KubectlAsync("run runner --image=guestbook-redis:1 --restart=Always");
        await cluster.KubectlAsync("wait --for=condition=Ready pod/runner --timeout=60s");

        Assert.NotEmpty(cluster.Processes());
        await cluster.DownAsync(purge: false);
        await AssertNothingIsLeftAsync(cluster);

        await cluster.UpAsync();
        Assert.Equal("b", (await cluster.KubectlAsync("get configmap kept -o jsonpath='{.data.a}'")).Trim());
        await cluster.KubectlAsync("wait --for=condition=Ready pod/runner --timeout=60s");

        await cluster.DownAsync(purge: true);
        await AssertNothingIsLeftAsync(cluster);
        Assert.False(Directory.Exists(cluster.State));
    }

    private static async Task AssertNothingIsLeftAsync(Cluster cluster)
    {
        Assert.Empty(cluster.Processes());
        Assert.Empty((await Shell.RunAsync("docker", ["ps", "-aq", "--filter", $"label=kubeaspire.dev/network={Cluster.Network}"])).Output.Trim());
        Assert.Empty((await Shell.RunAsync("docker", ["network", "ls", "-q", "--filter", $"name=^{Cluster.Network}$"])).Output.Trim());
        Assert.DoesNotContain(Cluster.ServiceCidr, (await Shell.RunAsync("ip", ["route", "show", "table", "local"])).Output, StringComparison.Ordinal);
        Assert.DoesNotContain(Cluster.PodCidr[..7], (await Shell.RunAsync("ip", ["addr"])).Output, StringComparison.Ordinal);
        Assert.DoesNotContain(Cluster.PodCidr[..7], (await Shell.RunAsync("iptables-save", [])).Output, StringComparison.Ordinal);
        Assert.Null(cluster.ProcessOf("silo"));
    }
}
