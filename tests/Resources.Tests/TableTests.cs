namespace KubeAspire.Resources.Tests;

/// <summary>The rows of kubectl get -o wide, of every kind but Pod.</summary>
public sealed class TableTests
{
    private const string Created = "\"creationTimestamp\":\"2026-11-21T11:00:00Z\"";
    private const string Template = "\"template\":{\"spec\":{\"nodeSelector\":{\"disk\":\"ssd\"},\"containers\":[{\"name\":\"c\",\"image\":\"i:1\"},{\"name\":\"d\",\"image\":\"j:2\"}]}}";
    private const string Selector = "\"selector\":{\"matchLabels\":{\"app\":\"web\"}}";

    public static TheoryData<string, string, string> Headers => new()
    {
        { "Deployment", "Name Ready Up-to-date Available Age", "Containers Images Selector" },
        { "ReplicaSet", "Name Desired Current Ready Age", "Containers Images Selector" },
        { "DaemonSet", "Name Desired Current Ready Up-to-date Available Node-Selector Age", "Containers Images Selector" },
        { "Pod", "Name Ready Status Restarts Age", "IP Node Nominated-Node Readiness-Gates" },
        { "Service", "Name Type Cluster-IP External-IP Port(s) Age", "Selector" },
        { "Node", "Name Status Roles Age Version", "Internal-IP External-IP OS-Image Kernel-Version Container-Runtime" },
        { "Event", "Last-Seen Type Reason Object Message", "Subobject Source First-Seen Count Name" },
        { "Ingress", "Name Class Hosts Address Ports Age", "" },
        { "RoleBinding", "Name Role Age", "Users Groups ServiceAccounts" },
        { "Role", "Name Created-At", "" },
        { "Secret", "Name Type Data Age", "" },
        { "Lease", "Name Holder Age", "" },
    };

    [Theory]
    [MemberData(nameof(Headers))]
    public void TheHeader_IsTheOnePeopleKnow(string kind, string narrow, string wide)
    {
        var columns = KindHarness.Kind(kind).Columns;

        Assert.Equal(narrow, string.Join(' ', columns.Where(column => column.Priority == 0).Select(column => column.Title.Replace(' ', '-'))));
        Assert.Equal(wide, string.Join(' ', columns.Where(column => column.Priority == 1).Select(column => column.Title.Replace(' ', '-'))));
    }

    public static TheoryData<string, string, string> Rows => new()
    {
        { "Deployment", Object("{\"replicas\":3," + Selector + "," + Template + "}", """{"readyReplicas":1,"updatedReplicas":2,"availableReplicas":1}"""), "x|1/3|2|1|60m|c,d|i:1,j:2|app=web" },
        { "ReplicaSet", Object("{\"replicas\":3," + Selector + "," + Template + "}", """{"replicas":2,"readyReplicas":1}"""), "x|3|2|1|60m|c,d|i:1,j:2|app=web" },
        { "ReplicationController", Object("{\"replicas\":3,\"selector\":{\"b\":\"2\",\"a\":\"1\"}," + Template + "}", """{"replicas":2}"""), "x|3|2|0|60m|c,d|i:1,j:2|a=1,b=2" },
        { "DaemonSet", Object("{" + Selector + "," + Template + "}", """{"desiredNumberScheduled":2,"currentNumberScheduled":2,"numberReady":1,"numberMisscheduled":0,"updatedNumberScheduled":2,"numberAvailable":1}"""), "x|2|2|1|2|1|disk=ssd|60m|c,d|i:1,j:2|app=web" },
        { "Service", Object("""{"type":"NodePort","clusterIP":"10.96.0.9","clusterIPs":["10.96.0.9"],"ports":[{"port":80,"nodePort":30080,"protocol":"TCP"},{"port":53,"protocol":"UDP"}],"selector":{"app":"web"}}""", "{}"), "x|NodePort|10.96.0.9|<none>|80:30080/TCP,53/UDP|60m|app=web" },
        { "Service", Object("""{"type":"LoadBalancer","clusterIP":"None"}""", "{}"), "x|LoadBalancer|None|<pending>|<none>|60m|<none>" },
        { "Service", Object("""{"type":"LoadBalancer","externalIPs":["9.9.9.9"]}""", """{"loadBalancer":{"ingress":[{"ip":"1.2.3.4"},{"hostname":"lb.example"}]}}"""), "x|LoadBalancer|<none>|1.2.3.4,lb.example,9.9.9.9|<none>|60m|<none>" },
        { "Service", Object("""{"type":"ExternalName","externalName":"a.b"}""", "{}"), "x|ExternalName|<none>|a.b|<none>|60m|<none>" },
        { "Namespace", Object("{}", """{"phase":"Terminating"}"""), "x|Terminating|60m" },
        {
            "Node",
            """
            {"metadata":{"name":"x","creationTimestamp":"2026-11-21T11:00:00Z","labels":{"node-role.kubernetes.io/worker":"","kubernetes.io/role":"edge"}},"spec":{"unschedulable":true},
             "status":{"conditions":[{"type":"Ready","status":"True"}],"addresses":[{"type":"InternalIP","address":"10.0.0.1"}],
             "nodeInfo":{"kubeletVersion":"v1.36.0","osImage":"Debian","kernelVersion":"6.1","containerRuntimeVersion":"docker://20.10"}}}
            """,
            "x|Ready,SchedulingDisabled|edge,worker|60m|v1.36.0|10.0.0.1|<none>|Debian|6.1|docker://20.10"
        },
        { "Node", Object("{}", """{"conditions":[{"type":"Ready","status":"Unknown"}]}"""), "x|NotReady|<none>|60m||<none>|<none>|<unknown>|<unknown>|<unknown>" },
        { "Endpoints", "{\"metadata\":{\"name\":\"x\"," + Created + "},\"subsets\":[{\"addresses\":[{\"ip\":\"1.1.1.1\"},{\"ip\":\"1.1.1.2\"}],\"ports\":[{\"port\":80},{\"port\":81}]}]}", "x|1.1.1.1:80,1.1.1.2:80,1.1.1.1:81 + 1 more...|60m" },
        { "Endpoints", "{\"metadata\":{\"name\":\"x\"}}", "x|<none>|<unknown>" },
        { "EndpointSlice", "{\"metadata\":{\"name\":\"x\"," + Created + "},\"addressType\":\"IPv4\",\"ports\":[{\"port\":80},{}],\"endpoints\":[{\"addresses\":[\"1.1.1.1\"]},{\"addresses\":[\"1.1.1.2\"]}]}", "x|IPv4|80,*|1.1.1.1,1.1.1.2|60m" },
        { "ConfigMap", "{\"metadata\":{\"name\":\"x\"," + Created + "},\"data\":{\"a\":\"b\"},\"binaryData\":{\"c\":\"eA==\"}}", "x|2|60m" },
        { "Secret", "{\"metadata\":{\"name\":\"x\"," + Created + "},\"type\":\"Opaque\",\"data\":{\"a\":\"eA==\"}}", "x|Opaque|1|60m" },
        { "ServiceAccount", "{\"metadata\":{\"name\":\"x\"," + Created + "}}", "x|0|60m" },
        { "Lease", "{\"metadata\":{\"name\":\"x\"," + Created + "},\"spec\":{\"holderIdentity\":\"node-1\"}}", "x|node-1|60m" },
        {
            "Event",
            """
            {"metadata":{"name":"x"},"type":"Warning","reason":"BackOff","involvedObject":{"kind":"Pod","name":"web","fieldPath":"spec.containers{c}"},"message":" Back-off \n",
             "source":{"component":"kubelet","host":"node-1"},"count":3,"firstTimestamp":"2026-11-21T11:00:00Z","lastTimestamp":"2026-11-21T11:59:30Z"}
            """,
            "30s|Warning|BackOff|pod/web|spec.containers{c}|kubelet, node-1|Back-off|60m|3|x"
        },
        { "Event", """{"metadata":{"name":"x"},"involvedObject":{"kind":"Node","name":"n"},"eventTime":"2026-11-21T11:59:00.000000Z","reportingComponent":"scheduler"}""", "60s|||node/n||scheduler||60s|1|x" },
        { "Ingress", Object("""{"ingressClassName":"gw","rules":[{"host":"a.b"},{"host":"c.d"}],"tls":[{}]}""", """{"loadBalancer":{"ingress":[{"ip":"1.2.3.4"}]}}"""), "x|gw|a.b,c.d|1.2.3.4|80, 443|60m" },
        { "Ingress", Object("""{"rules":[{}]}""", "{}"), "x|<none>|*||80|60m" },
        { "IngressClass", Object("""{"controller":"a/b","parameters":{"apiGroup":"g","kind":"K","name":"n"}}""", "{}"), "x|a/b|K.g/n|60m" },
        { "ClusterRole", "{\"metadata\":{\"name\":\"x\"," + Created + "}}", "x|2026-11-21T11:00:00Z" },
        { "ClusterRoleBinding", "{\"metadata\":{\"name\":\"x\"," + Created + "},\"roleRef\":{\"kind\":\"ClusterRole\",\"name\":\"admin\"},\"subjects\":[{\"kind\":\"User\",\"name\":\"u\"},{\"kind\":\"Group\",\"name\":\"g\"},{\"kind\":\"ServiceAccount\",\"name\":\"s\",\"namespace\":\"d\"}]}", "x|ClusterRole/admin|60m|u|g|d/s" },
        { "ControllerRevision", "{\"metadata\":{\"name\":\"x\"," + Created + ",\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"DaemonSet\",\"name\":\"agent\",\"uid\":\"u\",\"controller\":true}]},\"revision\":4}", "x|daemonset.apps/agent|4|60m" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void TheRow_SaysWhatPeopleKnow(string kind, string json, string expected) => Assert.Equal(expected, string.Join('|', KindHarness.Row(KindHarness.Kind(kind), json)));

    private static string Object(string spec, string status) => $$"""{"metadata":{"name":"x",{{Created}}},"spec":{{spec}},"status":{{status}}}""";
}
