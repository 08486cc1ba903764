using KubeAspire.NodeAgent.Networking;
using KubeAspire.NodeAgent.Tests.Pods;
using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Tests.Networking;

public sealed class PodFilesTests
{
    private const string Machine = "# a comment\nnameserver 9.9.9.9\nsearch lab.example\noptions timeout:2\n";

    public static TheoryData<string, bool, string> Policies => new()
    {
        { "ClusterFirst", false, "search default.svc.cluster.local svc.cluster.local cluster.local lab.example\nnameserver 10.96.0.10\noptions ndots:5\n" },
        { "ClusterFirst", true, "search lab.example\nnameserver 9.9.9.9\noptions timeout:2\n" },
        { "ClusterFirstWithHostNet", true, "search default.svc.cluster.local svc.cluster.local cluster.local lab.example\nnameserver 10.96.0.10\noptions ndots:5\n" },
        { "Default", false, "search lab.example\nnameserver 9.9.9.9\noptions timeout:2\n" },
        { "None", false, "" },
    };

    [Theory]
    [MemberData(nameof(Policies))]
    public void ResolvConf_FollowsThePolicy(string policy, bool host, string expected)
    {
        var pod = PodsOf.Pod();
        Assert.Equal(expected, PodFiles.ResolvConf(pod with { Spec = pod.Spec with { DnsPolicy = policy, HostNetwork = host } }, PodsOf.Options, Machine));
    }

    [Fact]
    public void DnsConfig_IsAddedAndReplacesOptions()
    {
        var pod = PodsOf.Pod();
        var config = new PodDNSConfig { Nameservers = ["1.1.1.1"], Searches = ["x.y"], Options = [new() { Name = "ndots", Value = "2" }, new() { Name = "edns0" }] };
        Assert.Equal(
            "search default.svc.cluster.local svc.cluster.local cluster.local lab.example x.y\nnameserver 10.96.0.10\nnameserver 1.1.1.1\noptions ndots:2 edns0\n",
            PodFiles.ResolvConf(pod with { Spec = pod.Spec with { DnsConfig = config } }, PodsOf.Options, Machine));
    }

    [Fact]
    public void Hosts_HaveThePodItsSubdomainAndItsAliases()
    {
        var pod = PodsOf.Pod();
        pod = pod with { Spec = pod.Spec with { Hostname = "h", Subdomain = "s", HostAliases = [new HostAlias { Ip = "1.2.3.4", Hostnames = ["a", "b"] }] } };
        var hosts = PodFiles.Hosts(pod, PodsOf.Options, "10.0.0.9", "ignored");
        Assert.Contains("10.0.0.9\th.s.default.svc.cluster.local\th\n", hosts, StringComparison.Ordinal);
        Assert.EndsWith("1.2.3.4\ta\tb\n", hosts, StringComparison.Ordinal);
        Assert.DoesNotContain("ignored", hosts, StringComparison.Ordinal);
    }

    [Fact]
    public void LongNames_AreCutToWhatLinuxTakes()
    {
        var pod = PodsOf.Pod();
        var hostname = PodFiles.Hostname(pod with { Metadata = pod.Metadata with { Name = new string('a', 62) + "-" + new string('b', 9) } });
        Assert.Equal(new string('a', 62), hostname);
    }
}
