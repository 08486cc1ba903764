namespace KubeAspire.Resources.Tests;

public sealed class SelectableFieldsTests
{
    public static TheoryData<string, string, string, string> Cases => new()
    {
        { "Pod", """{"spec":{"nodeName":"node-1"}}""", "spec.nodeName", "node-1" },
        { "Pod", """{"spec":{}}""", "spec.hostNetwork", "false" },
        { "Pod", """{"status":{"phase":"Running"}}""", "status.phase", "Running" },
        { "Event", """{"involvedObject":{"name":"web"}}""", "involvedObject.name", "web" },
        { "Event", """{"source":{"component":"kubelet"},"reportingComponent":"other"}""", "source", "kubelet" },
        { "Event", """{"reportingComponent":"other"}""", "source", "other" },
        { "Node", """{"spec":{"unschedulable":true}}""", "spec.unschedulable", "true" },
        { "Namespace", """{"status":{"phase":"Active"}}""", "status.phase", "Active" },
        { "Secret", """{"type":"Opaque"}""", "type", "Opaque" },
        { "ReplicaSet", """{"status":{"replicas":3}}""", "status.replicas", "3" },
        { "Service", """{"spec":{"type":"NodePort"}}""", "spec.type", "NodePort" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void AFieldSelector_ReadsTheField(string name, string json, string field, string expected)
    {
        var kind = KindHarness.Kind(name);

        Assert.Equal(expected, kind.SelectableFields[field](KindHarness.Typed(kind, KindHarness.Parse(json))));
    }
}
