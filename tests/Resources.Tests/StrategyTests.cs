namespace KubeAspire.Resources.Tests;

/// <summary>Who may write which half of an object.</summary>
public sealed class StrategyTests
{
    public static TheoryData<string, string> FirstStatus => new()
    {
        { "Deployment", "{}" },
        { "ReplicaSet", """{"replicas":0}""" },
        { "ReplicationController", """{"replicas":0}""" },
        { "DaemonSet", """{"currentNumberScheduled":0,"numberMisscheduled":0,"desiredNumberScheduled":0,"numberReady":0}""" },
        { "Service", """{"loadBalancer":{}}""" },
        { "Ingress", """{"loadBalancer":{}}""" },
        { "Namespace", """{"phase":"Active"}""" },
        { "Node", """{"phase":"forged","replicas":9}""" },
    };

    [Theory]
    [MemberData(nameof(FirstStatus))]
    public void ANewObject_StartsWithTheServersStatus_ButANodeBringsItsOwn(string name, string status)
    {
        var kind = KindHarness.Kind(name);
        var value = KindHarness.Defaulted(kind, """{"metadata":{"name":"x"},"status":{"phase":"forged","replicas":9}}""");

        kind.PrepareForCreate(value);

        KindHarness.AssertSame(KindHarness.Parse(status), value["status"]);
    }

    [Fact]
    public void AnUpdate_KeepsTheStoredStatus()
    {
        var kind = KindHarness.Kind("Deployment");
        var value = KindHarness.Parse("""{"spec":{"replicas":2},"status":{"replicas":9}}""");

        kind.PrepareForUpdate(value, KindHarness.Parse("""{"spec":{"replicas":1},"status":{"replicas":1}}"""));

        KindHarness.AssertSame(KindHarness.Parse("""{"spec":{"replicas":2},"status":{"replicas":1}}"""), value);
    }

    [Fact]
    public void ANamespace_IsHeldByItsFinalizer_WhichNoUpdateTakesAway()
    {
        var kind = KindHarness.Kind("Namespace");
        var stored = KindHarness.Defaulted(kind, """{"metadata":{"name":"shop"}}""");
        kind.PrepareForCreate(stored);
        KindHarness.AssertSame(KindHarness.Parse("""{"finalizers":["kubernetes"]}"""), stored["spec"]);

        var update = KindHarness.Parse("""{"metadata":{"name":"shop"},"spec":{}}""");
        kind.PrepareForUpdate(update, stored);
        KindHarness.AssertSame(stored["spec"], update["spec"]);
    }

    // stored spec, submitted spec, what is written
    public static TheoryData<string, string, string, string> ServiceUpdates => new()
    {
        {
            "an applied manifest keeps address and node port",
            """{"type":"NodePort","clusterIP":"10.96.0.9","clusterIPs":["10.96.0.9"],"ports":[{"port":80,"protocol":"TCP","nodePort":30080}]}""",
            """{"type":"NodePort","ports":[{"port":80,"protocol":"TCP"},{"port":81,"protocol":"TCP"}]}""",
            """{"type":"NodePort","ports":[{"port":80,"protocol":"TCP","nodePort":30080},{"port":81,"protocol":"TCP"}],"clusterIP":"10.96.0.9","clusterIPs":["10.96.0.9"]}"""
        },
        {
            "a Service that is no longer a NodePort gives its port back",
            """{"type":"NodePort","clusterIP":"10.96.0.9","externalTrafficPolicy":"Cluster","ports":[{"port":80,"protocol":"TCP","nodePort":30080}]}""",
            """{"type":"ClusterIP","clusterIP":"10.96.0.9","externalTrafficPolicy":"Cluster","ports":[{"port":80,"protocol":"TCP","nodePort":30080}]}""",
            """{"type":"ClusterIP","clusterIP":"10.96.0.9","ports":[{"port":80,"protocol":"TCP"}]}"""
        },
        {
            "a Service that becomes an ExternalName gives its address back",
            """{"type":"ClusterIP","clusterIP":"10.96.0.9","clusterIPs":["10.96.0.9"],"ipFamilies":["IPv4"]}""",
            """{"type":"ExternalName","externalName":"a.b","clusterIP":"10.96.0.9","clusterIPs":["10.96.0.9"],"ipFamilies":["IPv4"]}""",
            """{"type":"ExternalName","externalName":"a.b"}"""
        },
    };

    [Theory]
    [MemberData(nameof(ServiceUpdates))]
    public void AService_KeepsWhatWasAllocated_AsLongAsItsTypeHasIt(string because, string stored, string submitted, string expected)
    {
        var value = KindHarness.Parse($$"""{"spec":{{submitted}}}""");

        KindHarness.Kind("Service").PrepareForUpdate(value, KindHarness.Parse($$"""{"spec":{{stored}}}"""));

        Assert.True(System.Text.Json.Nodes.JsonNode.DeepEquals(KindHarness.Parse(expected), value["spec"]), $"{because}: {value["spec"]!.ToJsonString()}");
    }
}
