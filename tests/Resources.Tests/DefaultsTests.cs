namespace KubeAspire.Resources.Tests;

/// <summary>What each kind but Pod sets where a field is absent: JSON in, the changed member out.</summary>
public sealed class DefaultsTests
{
    // kind, object, path, what stands there afterwards
    public static TheoryData<string, string, string, string> Cases => new()
    {
        {
            "Service", """{"spec":{"ports":[{"port":80},{"port":81,"targetPort":"web","protocol":"UDP"}]}}""", "spec",
            """
            {"ports":[{"port":80,"protocol":"TCP","targetPort":80},{"port":81,"targetPort":"web","protocol":"UDP"}],"sessionAffinity":"None","type":"ClusterIP",
             "internalTrafficPolicy":"Cluster","ipFamilies":["IPv4"],"ipFamilyPolicy":"SingleStack"}
            """
        },
        {
            "Service", """{"spec":{"type":"NodePort","clusterIP":"10.96.0.9","sessionAffinity":"ClientIP"}}""", "spec",
            """
            {"type":"NodePort","clusterIP":"10.96.0.9","clusterIPs":["10.96.0.9"],"sessionAffinity":"ClientIP","sessionAffinityConfig":{"clientIP":{"timeoutSeconds":10800}},
             "internalTrafficPolicy":"Cluster","externalTrafficPolicy":"Cluster","ipFamilies":["IPv4"],"ipFamilyPolicy":"SingleStack"}
            """
        },
        { "Service", """{"spec":{"type":"ExternalName","externalName":"a.b"}}""", "spec", """{"type":"ExternalName","externalName":"a.b","sessionAffinity":"None"}""" },
        { "Service", """{"spec":{"type":"LoadBalancer"}}""", "spec.allocateLoadBalancerNodePorts", "true" },
        { "Deployment", """{"spec":{}}""", "spec.replicas", "1" },
        { "Deployment", """{"spec":{"replicas":0}}""", "spec.replicas", "0" },
        { "Deployment", """{"spec":{}}""", "spec.strategy", """{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"25%","maxSurge":"25%"}}""" },
        { "Deployment", """{"spec":{"strategy":{"rollingUpdate":{"maxSurge":2}}}}""", "spec.strategy", """{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"25%","maxSurge":2}}""" },
        { "Deployment", """{"spec":{"strategy":{"type":"Recreate"}}}""", "spec.strategy", """{"type":"Recreate"}""" },
        { "Deployment", """{"spec":{}}""", "spec.revisionHistoryLimit", "10" },
        { "Deployment", """{"spec":{}}""", "spec.progressDeadlineSeconds", "600" },
        {
            "Deployment", """{"spec":{"template":{"spec":{"containers":[]}}}}""", "spec.template.spec",
            """{"containers":[],"restartPolicy":"Always","dnsPolicy":"ClusterFirst","schedulerName":"default-scheduler","terminationGracePeriodSeconds":30,"securityContext":{}}"""
        },
        { "DaemonSet", """{"spec":{}}""", "spec.updateStrategy", """{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":1,"maxSurge":0}}""" },
        { "DaemonSet", """{"spec":{}}""", "spec.revisionHistoryLimit", "10" },
        { "ReplicaSet", """{"spec":{}}""", "spec.replicas", "1" },
        { "ReplicationController", """{"spec":{"template":{"metadata":{"labels":{"a":"b"}}}}}""", "spec.selector", """{"a":"b"}""" },
        { "ReplicationController", """{"spec":{"template":{"metadata":{"labels":{"a":"b"}}}}}""", "metadata.labels", """{"a":"b"}""" },
        { "Secret", """{"data":{"a":"YQ=="},"stringData":{"a":"new","b":"x"}}""", "data", """{"a":"bmV3","b":"eA=="}""" },
        { "Secret", """{"stringData":{"b":"x"}}""", "stringData", "null" },
        { "Secret", "{}", "type", "\"Opaque\"" },
        { "Namespace", """{"metadata":{"name":"shop","labels":{"a":"b"}}}""", "metadata.labels", """{"a":"b","kubernetes.io/metadata.name":"shop"}""" },
        { "Node", """{"spec":{"podCIDR":"10.244.1.0/24"},"status":{"capacity":{"cpu":"4"}}}""", "spec.podCIDRs", """["10.244.1.0/24"]""" },
        { "Node", """{"status":{"capacity":{"cpu":"4"}}}""", "status.allocatable", """{"cpu":"4"}""" },
        { "EndpointSlice", """{"ports":[{"port":80}]}""", "ports", """[{"port":80,"name":"","protocol":"TCP"}]""" },
        { "Endpoints", """{"subsets":[{"ports":[{"port":80}]}]}""", "subsets", """[{"ports":[{"port":80,"protocol":"TCP"}]}]""" },
        { "IngressClass", """{"spec":{"parameters":{"kind":"K","name":"n"}}}""", "spec.parameters.scope", "\"Cluster\"" },
        {
            "RoleBinding", """{"roleRef":{"kind":"Role","name":"r"},"subjects":[{"kind":"User","name":"u"},{"kind":"ServiceAccount","name":"s","namespace":"d"}]}""", "subjects",
            """[{"kind":"User","name":"u","apiGroup":"rbac.authorization.k8s.io"},{"kind":"ServiceAccount","name":"s","namespace":"d"}]"""
        },
        { "ClusterRoleBinding", """{"roleRef":{"kind":"ClusterRole","name":"r"}}""", "roleRef.apiGroup", "\"rbac.authorization.k8s.io\"" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void AbsentFields_AreSet(string kind, string given, string path, string expected)
    {
        var value = KindHarness.Defaulted(KindHarness.Kind(kind), given);
        var found = path.Split('.').Aggregate((System.Text.Json.Nodes.JsonNode?)value, (at, name) => at?[name]);

        KindHarness.AssertSame(System.Text.Json.Nodes.JsonNode.Parse(expected), found);
    }
}
