namespace KubeAspire.Resources.Tests;

/// <summary>What each kind but Pod refuses, in upstream's words.</summary>
public sealed class ValidationTests
{
    private const string Template = "\"template\":{\"metadata\":{\"labels\":{\"app\":\"web\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}";
    private const string Selector = "\"selector\":{\"matchLabels\":{\"app\":\"web\"}}";

    // kind, object, errors
    public static TheoryData<string, string, string[]> Creates => new()
    {
        { "Deployment", "{\"spec\":{" + Selector + "," + Template + "}}", [] },
        { "Deployment", "{\"spec\":{\"replicas\":-1," + Selector + "," + Template + "}}", ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"] },
        {
            "Deployment", "{\"spec\":{\"selector\":{\"matchLabels\":{\"app\":\"api\"}}," + Template + "}}",
            ["spec.template.metadata.labels: Invalid value: {\"app\":\"web\"}: `selector` does not match template `labels`"]
        },
        { "Deployment", "{\"spec\":{" + Template + "}}", ["spec.selector: Required value", "spec.template.metadata.labels: Invalid value: {\"app\":\"web\"}: `selector` does not match template `labels`"] },
        {
            "Deployment", "{\"spec\":{\"strategy\":{\"rollingUpdate\":{\"maxSurge\":0,\"maxUnavailable\":\"0%\"}}," + Selector + "," + Template + "}}",
            ["spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"0%\": may not be 0 when `maxSurge` is 0"]
        },
        {
            "Deployment", "{\"spec\":{\"strategy\":{\"rollingUpdate\":{\"maxUnavailable\":\"101%\"}}," + Selector + "," + Template + "}}",
            ["spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"101%\": must not be greater than 100%"]
        },
        {
            "Deployment", "{\"spec\":{\"strategy\":{\"rollingUpdate\":{\"maxSurge\":\"some\"}}," + Selector + "," + Template + "}}",
            ["spec.strategy.rollingUpdate.maxSurge: Invalid value: \"some\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"]
        },
        {
            "Deployment", "{\"spec\":{\"strategy\":{\"type\":\"Recreate\",\"rollingUpdate\":{}}," + Selector + "," + Template + "}}",
            ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"]
        },
        { "Deployment", "{\"spec\":{\"progressDeadlineSeconds\":5,\"minReadySeconds\":5," + Selector + "," + Template + "}}", ["spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds"] },
        {
            "ReplicaSet", "{\"spec\":{" + Selector + "," + Template.Replace("\"containers\"", "\"restartPolicy\":\"Never\",\"containers\"") + "}}",
            ["spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\""]
        },
        { "ReplicationController", """{"spec":{"selector":{"a":"b"}}}""", ["spec.template: Required value"] },
        { "DaemonSet", "{\"spec\":{" + Selector + "," + Template + ",\"updateStrategy\":{\"rollingUpdate\":{\"maxUnavailable\":0}}}}", ["spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"] },
        { "Service", """{"spec":{"ports":[{"port":80}]}}""", [] },
        { "Service", """{"spec":{}}""", ["spec.ports: Required value"] },
        { "Service", """{"spec":{"clusterIP":"None"}}""", [] },
        { "Service", """{"spec":{"ports":[{"port":80,"name":"a"},{"port":81}]}}""", ["spec.ports[1].name: Required value"] },
        { "Service", """{"spec":{"ports":[{"port":80,"name":"a"},{"port":81,"name":"a"}]}}""", ["spec.ports[1].name: Duplicate value: \"a\""] },
        { "Service", """{"spec":{"ports":[{"port":0,"targetPort":1}]}}""", ["spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"] },
        { "Service", """{"spec":{"type":"Balanced","ports":[{"port":1}]}}""", ["spec.type: Unsupported value: \"Balanced\": supported values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\", \"NodePort\""] },
        { "Service", """{"spec":{"type":"ExternalName"}}""", ["spec.externalName: Required value"] },
        { "Service", """{"spec":{"ports":[{"port":1,"nodePort":30000}]}}""", ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"] },
        { "Service", """{"spec":{"type":"NodePort","ports":[{"port":1,"nodePort":80}]}}""", ["spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767"] },
        { "Service", """{"spec":{"clusterIP":"10.1","ports":[{"port":1}]}}""", ["spec.clusterIPs[0]: Invalid value: \"10.1\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"] },
        { "Service", """{"spec":{"ports":[{"port":1,"protocol":"TCP"},{"name":"b","port":1}]}}""", ["spec.ports[0].name: Required value", "spec.ports[1]: Duplicate value: {\"Name\":\"\",\"Protocol\":\"TCP\",\"AppProtocol\":null,\"Port\":1,\"TargetPort\":0,\"NodePort\":0}"] },
        { "ConfigMap", """{"data":{"a b":"x"}}""", ["data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"] },
        { "ConfigMap", """{"data":{"a":"x"},"binaryData":{"a":"eA=="}}""", ["data[a]: Invalid value: \"a\": duplicate of key present in binaryData"] },
        { "ConfigMap", "{\"data\":{\"a\":\"" + new string('x', (1024 * 1024) + 1) + "\"}}", ["[]: Too long: may not be more than 1048576 bytes"] },
        { "Secret", """{"type":"kubernetes.io/tls","data":{"tls.crt":"eA=="}}""", ["data[tls.key]: Required value"] },
        { "Secret", """{"type":"kubernetes.io/basic-auth"}""", ["data[username]: Required value", "data[password]: Required value"] },
        { "Secret", """{"type":"kubernetes.io/dockerconfigjson"}""", ["data[.dockerconfigjson]: Required value"] },
        { "Secret", """{"type":"kubernetes.io/service-account-token"}""", ["metadata.annotations[kubernetes.io/service-account.name]: Required value"] },
        { "Ingress", """{"spec":{}}""", ["spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"] },
        { "Ingress", """{"spec":{"rules":[{"host":"10.0.0.1"}]}}""", ["spec.rules[0].host: Invalid value: \"10.0.0.1\": must be a DNS name, not an IP address"] },
        {
            "Ingress", """{"spec":{"rules":[{"http":{"paths":[{"path":"x","backend":{"service":{"name":"a","port":{"number":80}}}},{"path":"x","pathType":"Prefix","backend":{}}]}}]}}""",
            [
                "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified", "spec.rules[0].http.paths[1].path: Invalid value: \"x\": must be an absolute path",
                "spec.rules[0].http.paths[1].backend: Invalid value: \"\": resource or service backend is required",
            ]
        },
        { "Ingress", """{"spec":{"defaultBackend":{"service":{"name":"a"}}}}""", ["spec.defaultBackend: Required value: port name or number is required"] },
        { "IngressClass", """{"spec":{"controller":"gateway"}}""", ["spec.controller: Invalid value: \"gateway\": must be a domain-prefixed path (such as \"acme.io/foo\")"] },
        { "Role", """{"rules":[{"verbs":[],"nonResourceURLs":["/x"]}]}""", ["rules[0].verbs: Required value: verbs must contain at least one value", "rules[0].nonResourceURLs: Invalid value: [\"/x\"]: namespaced rules cannot apply to non-resource URLs"] },
        { "ClusterRole", """{"rules":[{"verbs":["get"]}]}""", ["rules[0].apiGroups: Required value: resource rules must supply at least one api group", "rules[0].resources: Required value: resource rules must supply at least one resource"] },
        {
            "RoleBinding", """{"roleRef":{"kind":"Rolle","name":""},"subjects":[{"kind":"ServiceAccount","name":"s"},{"kind":"Robot","name":"r"}]}""",
            [
                "roleRef.kind: Unsupported value: \"Rolle\": supported values: \"Role\", \"ClusterRole\"", "roleRef.name: Required value", "subjects[0].namespace: Required value",
                "subjects[1].kind: Unsupported value: \"Robot\": supported values: \"ServiceAccount\", \"User\", \"Group\"",
            ]
        },
        { "Lease", """{"spec":{"leaseDurationSeconds":0,"leaseTransitions":-1}}""", ["spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0", "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0"] },
        { "EndpointSlice", """{"addressType":"IPv4","endpoints":[{"addresses":["::1"]},{"addresses":[]}]}""", ["endpoints[0].addresses[0]: Invalid value: \"::1\": must be an IPv4 address", "endpoints[1].addresses: Required value: must contain at least 1 address"] },
        { "Endpoints", """{"subsets":[{},{"addresses":[{"ip":"127.0.0.1"}]}]}""", ["subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`", "subsets[1].addresses[0].ip: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)"] },
        { "Node", """{"spec":{"taints":[{"key":"a","effect":"NoWay"}]}}""", ["spec.taints[0].effect: Unsupported value: \"NoWay\": supported values: \"NoSchedule\", \"PreferNoSchedule\", \"NoExecute\""] },
        { "Event", """{"metadata":{"namespace":"a"},"involvedObject":{"namespace":"b"}}""", ["involvedObject.namespace: Invalid value: \"b\": does not match event.namespace"] },
        { "ControllerRevision", """{"revision":-1}""", ["revision: Invalid value: -1: must be greater than or equal to 0", "data: Required value: data is mandatory"] },
        { "Namespace", """{"spec":{"finalizers":["mine"]}}""", ["spec.finalizers[0]: Invalid value: \"mine\": name is neither a standard finalizer name nor is it fully qualified"] },
        { "SubjectAccessReview", """{"spec":{}}""", ["spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified", "spec.user: Invalid value: \"\": at least one of user or group must be specified"] },
        { "Binding", """{"target":{"kind":"Pod"}}""", ["target.kind: Unsupported value: \"Pod\": supported values: \"Node\", \"<empty>\"", "target.name: Required value"] },
    };

    [Theory]
    [MemberData(nameof(Creates))]
    public void ANewObject_IsToldEveryBrokenRule(string kind, string value, string[] expected) =>
        Assert.Equal(expected.Select(OneBlank), KindHarness.Create(KindHarness.Kind(kind), value).Select(OneBlank));

    public static TheoryData<string, string, string, string[]> Updates => new()
    {
        {
            "Deployment", "{\"spec\":{" + Selector + "}}", """{"spec":{"selector":{"matchLabels":{"app":"api"}}}}""",
            ["spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"api\"}}: field is immutable"]
        },
        { "Deployment", "{\"spec\":{" + Selector + "}}", "{\"spec\":{\"replicas\":4," + Selector + "}}", [] },
        { "Service", """{"spec":{"clusterIP":"10.96.0.1","ports":[]}}""", """{"spec":{"clusterIP":"10.96.0.2","ports":[]}}""", ["spec.clusterIPs[0]: Invalid value: [\"10.96.0.2\"]: may not change once set"] },
        { "ConfigMap", """{"immutable":true,"data":{"a":"b"}}""", """{"data":{"a":"c"}}""", ["immutable: Forbidden: field is immutable when `immutable` is set", "data: Forbidden: field is immutable when `immutable` is set"] },
        { "ConfigMap", """{"immutable":true,"data":{"a":"b"}}""", """{"immutable":true,"data":{"a":"b"}}""", [] },
        { "Secret", """{"type":"a/b"}""", """{"type":"a/c"}""", ["type: Invalid value: \"a/c\": field is immutable"] },
        { "Secret", """{"immutable":true,"stringData":{"a":"b"}}""", """{"immutable":true,"stringData":{"a":"c"}}""", ["data: Forbidden: field is immutable when `immutable` is set"] },
        { "RoleBinding", """{"roleRef":{"kind":"Role","name":"a"}}""", """{"roleRef":{"kind":"Role","name":"b"}}""", ["roleRef: Invalid value: {\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"Role\",\"name\":\"b\"}: cannot change roleRef"] },
        { "EndpointSlice", """{"addressType":"IPv4"}""", """{"addressType":"IPv6"}""", ["addressType: Invalid value: \"IPv6\": field is immutable"] },
        { "Node", """{"spec":{"podCIDR":"10.244.1.0/24"}}""", """{"spec":{"podCIDR":"10.244.2.0/24"}}""", ["spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to valid"] },
        { "Node", """{"spec":{}}""", """{"spec":{"podCIDR":"10.244.2.0/24","unschedulable":true}}""", [] },
    };

    [Theory]
    [MemberData(nameof(Updates))]
    public void AChange_OfWhatIsSetOnce_IsRefused(string kind, string stored, string changed, string[] expected) =>
        Assert.Equal(expected, KindHarness.Update(KindHarness.Kind(kind), stored, changed));

    private static string OneBlank(string text) => text.Replace(",  or", ", or", StringComparison.Ordinal);
}
