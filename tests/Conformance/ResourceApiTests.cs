using System.Text.Json.Nodes;
using KubeAspire.Conformance.Harness;

namespace KubeAspire.Conformance;

/// <summary>The conformance tests that ask whether a resource can be worked with: one <see cref="ApiOperations"/> each.</summary>
public sealed class ResourceApiTests(ControlPlane api)
{
    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();

    [Conformance("[sig-api-machinery] API priority and fairness should support FlowSchema API operations")]
    public Task FlowSchemas() => new ApiOperations(api)
    {
        Group = "flowcontrol.apiserver.k8s.io", Kind = "FlowSchema", Plural = "flowschemas",
        Make = _ => Parse("""
            {"spec":{"matchingPrecedence":10000,"priorityLevelConfiguration":{"name":"global-default"},"distinguisherMethod":{"type":"ByUser"},
             "rules":[{"subjects":[{"kind":"User","user":{"name":"example-e2e-non-existent-user"}}],"nonResourceRules":[{"verbs":["*"],"nonResourceURLs":["*"]}]}]}}
            """),
        Change = value => value["spec"]!["matchingPrecedence"] = 9999,
        Status = Parse("""{"conditions":[{"type":"Dangling","status":"False","reason":"PatchStatus","message":"by hand"}]}"""),
    }.RunAsync();

    [Conformance("[sig-api-machinery] API priority and fairness should support PriorityLevelConfiguration API operations")]
    public Task PriorityLevels() => new ApiOperations(api)
    {
        Group = "flowcontrol.apiserver.k8s.io", Kind = "PriorityLevelConfiguration", Plural = "prioritylevelconfigurations",
        Make = _ => Parse("""{"spec":{"type":"Limited","limited":{"nominalConcurrencyShares":2,"limitResponse":{"type":"Reject"}}}}"""),
        Change = value => value["spec"]!["limited"]!["nominalConcurrencyShares"] = 4,
        Status = Parse("""{"conditions":[{"type":"ApfTest","status":"True","reason":"PatchStatus","message":"by hand"}]}"""),
    }.RunAsync();

    [Conformance("[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicy API operations")]
    public Task ValidatingPolicies() => new ApiOperations(api)
    {
        Group = "admissionregistration.k8s.io", Kind = "ValidatingAdmissionPolicy", Plural = "validatingadmissionpolicies",
        Make = _ => Parse("""
            {"spec":{"matchConstraints":{"namespaceSelector":{"matchLabels":{"none":"such"}},
             "resourceRules":[{"apiGroups":["apps"],"apiVersions":["v1"],"operations":["CREATE"],"resources":["deployments"]}]},
             "validations":[{"expression":"object.spec.replicas <= 100"}]}}
            """),
        Status = Parse("""{"conditions":[{"type":"Test","status":"True","reason":"ByHand","message":"by hand","lastTransitionTime":"2024-01-01T00:00:00Z"}]}"""),
    }.RunAsync();

    [Conformance("[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicyBinding API operations")]
    public Task ValidatingBindings() => new ApiOperations(api)
    {
        Group = "admissionregistration.k8s.io", Kind = "ValidatingAdmissionPolicyBinding", Plural = "validatingadmissionpolicybindings",
        Make = _ => Parse("""{"spec":{"policyName":"replicalimit-policy.example.com","validationActions":["Deny"]}}"""),
    }.RunAsync();

    [Conformance("[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should support MutatingAdmissionPolicy API operations")]
    public Task MutatingPolicies() => new ApiOperations(api)
    {
        Group = "admissionregistration.k8s.io", Kind = "MutatingAdmissionPolicy", Plural = "mutatingadmissionpolicies",
        Make = _ => Parse("""
            {"spec":{"matchConstraints":{"namespaceSelector":{"matchLabels":{"none":"such"}},
             "resourceRules":[{"apiGroups":["apps"],"apiVersions":["v1"],"operations":["CREATE"],"resources":["deployments"]}]},
             "reinvocationPolicy":"Never","mutations":[{"patchType":"ApplyConfiguration","applyConfiguration":{"expression":"Object{spec: Object.spec{replicas: 1}}"}}]}}
            """),
    }.RunAsync();

    [Conformance("[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should support MutatingAdmissionPolicyBinding API operations")]
    public Task MutatingBindings() => new ApiOperations(api)
    {
        Group = "admissionregistration.k8s.io", Kind = "MutatingAdmissionPolicyBinding", Plural = "mutatingadmissionpolicybindings",
        Make = _ => Parse("""{"spec":{"policyName":"mutate-policy.example.com"}}"""),
    }.RunAsync();

    [Conformance("[sig-network] EndpointSlice should support creating EndpointSlice API operations")]
    public Task EndpointSlices() => new ApiOperations(api)
    {
        Group = "discovery.k8s.io", Kind = "EndpointSlice", Plural = "endpointslices", Namespaced = true,
        Make = _ => Parse("""{"addressType":"IPv4","endpoints":[{"addresses":["1.2.3.4","5.6.7.8"]}],"ports":[{"name":"http","port":80,"protocol":"TCP"}]}"""),
    }.RunAsync();

    [Conformance("[sig-network] Ingress API should support creating Ingress API operations")]
    public Task Ingresses() => new ApiOperations(api)
    {
        Group = "networking.k8s.io", Kind = "Ingress", Plural = "ingresses", Namespaced = true,
        Make = _ => Parse("""{"spec":{"defaultBackend":{"service":{"name":"default-backend","port":{"number":80}}},"rules":[]}}"""),
        Change = value => value["spec"]!["defaultBackend"]!["service"]!["port"]!["number"] = 8080,
        Status = Parse("""{"loadBalancer":{"ingress":[{"ip":"169.1.1.1"}]}}"""),
    }.RunAsync();

    [Conformance("[sig-network] IngressClass API should support creating IngressClass API operations")]
    public Task IngressClasses() => new ApiOperations(api)
    {
        Group = "networking.k8s.io", Kind = "IngressClass", Plural = "ingressclasses",
        Make = _ => Parse("""{"spec":{"controller":"example.com/controller"}}"""),
    }.RunAsync();

    [Conformance("[sig-network] ServiceCIDR and IPAddress API should support IPAddress API operations")]
    public Task IPAddresses() => new ApiOperations(api)
    {
        Group = "networking.k8s.io", Kind = "IPAddress", Plural = "ipaddresses", Name = number => $"192.0.2.{number}",
        Make = _ => Parse("""{"spec":{"parentRef":{"group":"","resource":"services","namespace":"bar","name":"foo"}}}"""),
    }.RunAsync();

    [Conformance("[sig-network] ServiceCIDR and IPAddress API should support ServiceCIDR API operations")]
    public Task ServiceCidrs() => new ApiOperations(api)
    {
        Group = "networking.k8s.io", Kind = "ServiceCIDR", Plural = "servicecidrs",
        Make = number => Parse($$$"""{"spec":{"cidrs":["203.0.{{{112 + number}}}.0/24"]}}"""),
        Status = Parse("""{"conditions":[{"type":"Test","status":"False","reason":"E2E","message":"by hand","lastTransitionTime":"2024-01-01T00:00:00Z"}]}"""),
    }.RunAsync();

    [Conformance("[sig-node] RuntimeClass should support RuntimeClasses API operations")]
    public Task RuntimeClasses() => new ApiOperations(api)
    {
        Group = "node.k8s.io", Kind = "RuntimeClass", Plural = "runtimeclasses", Make = _ => Parse("""{"handler":"e2e-handler"}"""),
    }.RunAsync();

    [Conformance("[sig-node] [DRA] CRUD Tests resource.k8s.io/v1 DeviceClass")]
    public Task DeviceClasses() => new ApiOperations(api)
    {
        Group = "resource.k8s.io", Kind = "DeviceClass", Plural = "deviceclasses",
        Make = _ => Parse("""{"spec":{"selectors":[{"cel":{"expression":"device.driver == \"example.com\""}}]}}"""),
    }.RunAsync();

    [Conformance("[sig-node] [DRA] CRUD Tests resource.k8s.io/v1 ResourceClaim")]
    public Task ResourceClaims() => new ApiOperations(api)
    {
        Group = "resource.k8s.io", Kind = "ResourceClaim", Plural = "resourceclaims", Namespaced = true,
        Make = _ => Parse("""{"spec":{"devices":{"requests":[{"name":"req-0","exactly":{"deviceClassName":"foo"}}]}}}"""),
        Status = Parse("""{"allocation":{"devices":{"results":[{"request":"req-0","driver":"example.com","pool":"pool","device":"dev"}]}}}"""),
    }.RunAsync();

    [Conformance("[sig-node] [DRA] CRUD Tests resource.k8s.io/v1 ResourceClaimTemplate")]
    public Task ResourceClaimTemplates() => new ApiOperations(api)
    {
        Group = "resource.k8s.io", Kind = "ResourceClaimTemplate", Plural = "resourceclaimtemplates", Namespaced = true,
        Make = _ => Parse("""{"spec":{"spec":{"devices":{"requests":[{"name":"req-0","exactly":{"deviceClassName":"foo"}}]}}}}"""),
    }.RunAsync();

    [Conformance("[sig-node] [DRA] CRUD Tests resource.k8s.io/v1 ResourceSlice")]
    public Task ResourceSlices() => new ApiOperations(api)
    {
        Group = "resource.k8s.io", Kind = "ResourceSlice", Plural = "resourceslices",
        Make = _ => Parse("""{"spec":{"nodeName":"node","driver":"example.com","pool":{"name":"pool","generation":1,"resourceSliceCount":1},"devices":[{"name":"dev"}]}}"""),
        Change = value => value["spec"]!["pool"]!["generation"] = 2,
    }.RunAsync();

    [Conformance("[sig-storage] CSIStorageCapacity should support CSIStorageCapacities API operations")]
    public Task StorageCapacities() => new ApiOperations(api)
    {
        Group = "storage.k8s.io", Kind = "CSIStorageCapacity", Plural = "csistoragecapacities", Namespaced = true,
        Make = _ => Parse("""{"storageClassName":"e2e-class","capacity":"10Mi"}"""),
    }.RunAsync();

    [Conformance("[sig-storage] CSIInlineVolumes should run through the lifecycle of a CSIDriver")]
    public Task CsiDrivers() => new ApiOperations(api)
    {
        Group = "storage.k8s.io", Kind = "CSIDriver", Plural = "csidrivers",
        Make = _ => Parse("""{"spec":{"attachRequired":false,"volumeLifecycleModes":["Ephemeral"]}}"""),
    }.RunAsync();

    [Conformance("[sig-storage] CSINodes CSI Conformance should run through the lifecycle of a csinode")]
    public Task CsiNodes() => new ApiOperations(api)
    {
        Group = "storage.k8s.io", Kind = "CSINode", Plural = "csinodes", Make = _ => Parse("""{"spec":{"drivers":[]}}"""),
    }.RunAsync();

    [Conformance("[sig-storage] StorageClasses CSI Conformance should run through the lifecycle of a StorageClass")]
    public Task StorageClasses() => new ApiOperations(api)
    {
        Group = "storage.k8s.io", Kind = "StorageClass", Plural = "storageclasses", Make = _ => Parse("""{"provisioner":"e2e-fake-provisioner"}"""),
    }.RunAsync();

    [Conformance("[sig-storage] VolumeAttachment Conformance should run through the lifecycle of a VolumeAttachment")]
    public Task VolumeAttachments() => new ApiOperations(api)
    {
        Group = "storage.k8s.io", Kind = "VolumeAttachment", Plural = "volumeattachments",
        Make = number => Parse($$$"""{"spec":{"attacher":"e2e-attacher","nodeName":"node-{{{number}}}","source":{"persistentVolumeName":"pv-{{{number}}}"} }}"""),
    }.RunAsync();

    [Conformance("[sig-storage] VolumeAttachment Conformance should apply changes to a volumeattachment status")]
    public Task VolumeAttachmentStatus() => new ApiOperations(api)
    {
        Group = "storage.k8s.io", Kind = "VolumeAttachment", Plural = "volumeattachments",
        Make = number => Parse($$$"""{"spec":{"attacher":"e2e-attacher","nodeName":"node-{{{number}}}","source":{"persistentVolumeName":"pv-{{{number}}}"} }}"""),
        Status = Parse("""{"attached":true}"""),
    }.RunAsync();

    [Conformance("[sig-storage] VolumeAttributesClass [FeatureGate:VolumeAttributesClass] should run through the lifecycle of a VolumeAttributesClass")]
    public Task VolumeAttributesClasses() => new ApiOperations(api)
    {
        Group = "storage.k8s.io", Kind = "VolumeAttributesClass", Plural = "volumeattributesclasses",
        Make = _ => Parse("""{"driverName":"e2e-fake-csi-driver","parameters":{"key":"value"}}"""),
    }.RunAsync();

    [Conformance("[sig-node] PodTemplates should run the lifecycle of PodTemplates")]
    public Task PodTemplates() => new ApiOperations(api)
    {
        Kind = "PodTemplate", Plural = "podtemplates", Namespaced = true,
        Make = _ => Parse("""{"template":{"spec":{"containers":[{"name":"nginx","image":"nginx"}]}}}"""),
    }.RunAsync();

    [Conformance("[sig-instrumentation] Events API should ensure that an event can be fetched, patched, deleted, and listed")]
    public Task Events() => new ApiOperations(api)
    {
        Group = "events.k8s.io", Kind = "Event", Plural = "events", Namespaced = true,
        Make = _ => Parse("""
            {"regarding":{"kind":"Pod","name":"p","namespace":"@namespace"},"note":"This is a test","reason":"Test","type":"Normal","action":"Do","eventTime":"2024-01-01T00:00:00.000000Z",
             "reportingController":"test-controller","reportingInstance":"test-node"}
            """),
    }.RunAsync();
}
