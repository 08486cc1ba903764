using KubeAspire.Resources.Core;

namespace KubeAspire.Resources.Tests.Core;

public sealed class PodDefaultsTests
{
    [Fact]
    public void APodOfOneContainer_GetsWhatUpstreamSets() => KindHarness.AssertSame(
        KindHarness.Parse(
            """
            {"metadata":{"name":"web"},"spec":{
              "containers":[{"name":"web","image":"nginx","imagePullPolicy":"Always","resources":{},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File"}],
              "restartPolicy":"Always","dnsPolicy":"ClusterFirst","schedulerName":"default-scheduler","securityContext":{},"terminationGracePeriodSeconds":30,"enableServiceLinks":true}}
            """),
        KindHarness.Defaulted(KindHarness.Kind("Pod"), """{"metadata":{"name":"web"},"spec":{"containers":[{"name":"web","image":"nginx"}]}}"""));

    [Theory]
    [InlineData("nginx", "Always")]
    [InlineData("nginx:latest", "Always")]
    [InlineData("nginx:1.27", "IfNotPresent")]
    [InlineData("registry:5000/nginx", "Always")]
    [InlineData("registry:5000/nginx:1", "IfNotPresent")]
    [InlineData("nginx@sha256:0123", "IfNotPresent")]
    [InlineData("nginx:latest@sha256:0123", "Always")]
    [InlineData("", "IfNotPresent")]
    public void PullPolicy_FollowsTheTag(string image, string policy) => Assert.Equal(policy, PodDefaults.PullPolicy(image));

    // What stands in the container or the volume, and what stands there afterwards.
    public static TheoryData<string, string, string> ContainerCases => new()
    {
        { "ports", """[{"containerPort":80}]""", """[{"containerPort":80,"protocol":"TCP"}]""" },
        { "env", """[{"name":"A","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}]""", """[{"name":"A","valueFrom":{"fieldRef":{"fieldPath":"metadata.name","apiVersion":"v1"}}}]""" },
        { "env", """[{"name":"A","valueFrom":{"resourceFieldRef":{"resource":"limits.cpu"}}}]""", """[{"name":"A","valueFrom":{"resourceFieldRef":{"resource":"limits.cpu","divisor":"0"}}}]""" },
        { "resources", """{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"500m"}}""", """{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"500m","memory":"1Gi"}}""" },
        {
            "livenessProbe", """{"httpGet":{"port":80}}""",
            """{"httpGet":{"port":80,"path":"/","scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3}"""
        },
        { "startupProbe", """{"grpc":{"port":9},"periodSeconds":2}""", """{"grpc":{"port":9,"service":""},"periodSeconds":2,"timeoutSeconds":1,"successThreshold":1,"failureThreshold":3}""" },
        { "lifecycle", """{"preStop":{"httpGet":{"port":80,"path":"/bye"}}}""", """{"preStop":{"httpGet":{"port":80,"path":"/bye","scheme":"HTTP"}}}""" },
    };

    [Theory]
    [MemberData(nameof(ContainerCases))]
    public void Containers_AreCompleted(string field, string given, string expected)
    {
        var pod = KindHarness.Defaulted(KindHarness.Kind("Pod"), $$$"""{"spec":{"containers":[{"name":"c","image":"i","{{{field}}}":{{{given}}}}]}}""");

        KindHarness.AssertSame(System.Text.Json.Nodes.JsonNode.Parse(expected), pod["spec"]!["containers"]![0]![field]);
    }

    public static TheoryData<string, string> VolumeCases => new()
    {
        { """{"name":"v"}""", """{"name":"v","emptyDir":{}}""" },
        { """{"name":"v","secret":{"secretName":"s"}}""", """{"name":"v","secret":{"secretName":"s","defaultMode":420}}""" },
        { """{"name":"v","configMap":{"name":"c","defaultMode":256}}""", """{"name":"v","configMap":{"name":"c","defaultMode":256}}""" },
        { """{"name":"v","hostPath":{"path":"/"}}""", """{"name":"v","hostPath":{"path":"/","type":""}}""" },
        {
            """{"name":"v","downwardAPI":{"items":[{"path":"n","fieldRef":{"fieldPath":"metadata.name"}}]}}""",
            """{"name":"v","downwardAPI":{"items":[{"path":"n","fieldRef":{"fieldPath":"metadata.name","apiVersion":"v1"}}],"defaultMode":420}}"""
        },
        {
            """{"name":"v","projected":{"sources":[{"serviceAccountToken":{"path":"token"}}]}}""",
            """{"name":"v","projected":{"sources":[{"serviceAccountToken":{"path":"token","expirationSeconds":3600}}],"defaultMode":420}}"""
        },
    };

    [Theory]
    [MemberData(nameof(VolumeCases))]
    public void Volumes_AreCompleted(string given, string expected)
    {
        var pod = KindHarness.Defaulted(KindHarness.Kind("Pod"), $$$"""{"spec":{"containers":[],"volumes":[{{{given}}}]}}""");

        KindHarness.AssertSame(KindHarness.Parse(expected), pod["spec"]!["volumes"]![0]);
    }

    [Fact]
    public void OnTheHostsNetwork_PortsAreTheHosts()
    {
        var pod = KindHarness.Defaulted(KindHarness.Kind("Pod"), """{"spec":{"hostNetwork":true,"containers":[{"name":"c","ports":[{"containerPort":80}]}]}}""");

        Assert.Equal(80, (int)pod["spec"]!["containers"]![0]!["ports"]![0]!["hostPort"]!);
    }

    [Fact]
    public void BothNamesOfTheServiceAccount_SayTheSame()
    {
        var pod = KindHarness.Defaulted(KindHarness.Kind("Pod"), """{"spec":{"serviceAccount":"robot","containers":[]}}""");

        Assert.Equal("robot", (string)pod["spec"]!["serviceAccountName"]!);
    }

    [Theory]
    [InlineData("""[{"name":"a"}]""", "BestEffort")]
    [InlineData("""[{"name":"a","resources":{"limits":{"cpu":"1","memory":"1Gi"}}}]""", "Guaranteed")]
    [InlineData("""[{"name":"a","resources":{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"1000m","memory":"1024Mi"}}}]""", "Guaranteed")]
    [InlineData("""[{"name":"a","resources":{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"500m"}}}]""", "Burstable")]
    [InlineData("""[{"name":"a","resources":{"limits":{"cpu":"1","memory":"1Gi"}}},{"name":"b"}]""", "Burstable")]
    [InlineData("""[{"name":"a","resources":{"requests":{"memory":"1Gi"}}}]""", "Burstable")]
    [InlineData("""[{"name":"a","resources":{"requests":{"ephemeral-storage":"1Gi"}}}]""", "BestEffort")]
    public void ANewPod_IsPending_AndHasAClassOfService(string containers, string expected)
    {
        var kind = KindHarness.Kind("Pod");
        var pod = KindHarness.Defaulted(kind, $$$"""{"spec":{"containers":{{{containers}}}},"status":{"phase":"Running","podIP":"1.2.3.4"}}""");

        kind.PrepareForCreate(pod);

        KindHarness.AssertSame(KindHarness.Parse($$"""{"phase":"Pending","qosClass":"{{expected}}"}"""), pod["status"]);
    }

    [Fact]
    public void AGatedPod_SaysWhatItWaitsFor()
    {
        var kind = KindHarness.Kind("Pod");
        var pod = KindHarness.Defaulted(kind, """{"spec":{"containers":[],"schedulingGates":[{"name":"example.com/wait"}]}}""");

        kind.PrepareForCreate(pod);

        Assert.Equal("SchedulingGated", (string)pod["status"]!["conditions"]![0]!["reason"]!);
    }

    [Theory]
    [InlineData("""{"spec":{"terminationGracePeriodSeconds":30}}""", null, 0L)]
    [InlineData("""{"spec":{"nodeName":"n","terminationGracePeriodSeconds":30}}""", null, 30L)]
    [InlineData("""{"spec":{"nodeName":"n","terminationGracePeriodSeconds":30}}""", 5L, 5L)]
    [InlineData("""{"spec":{"nodeName":"n","terminationGracePeriodSeconds":30}}""", 0L, 0L)]
    [InlineData("""{"spec":{"nodeName":"n","terminationGracePeriodSeconds":-4}}""", null, 1L)]
    [InlineData("""{"spec":{"nodeName":"n","terminationGracePeriodSeconds":30},"status":{"phase":"Succeeded"}}""", null, 0L)]
    public void GracePeriod_IsThePods_UnlessNothingRuns(string pod, long? requested, long expected) =>
        Assert.Equal(expected, KindHarness.Kind("Pod").GraceSecondsFor(KindHarness.Parse(pod), requested));
}
