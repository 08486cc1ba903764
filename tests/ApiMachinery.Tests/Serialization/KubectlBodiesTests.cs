using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.Resources;

namespace KubeAspire.ApiMachinery.Tests.Serialization;

/// <summary>Bodies that an unmodified kubectl 1.32 sent as protobuf, beside what the same command prints with --dry-run=client -o json.</summary>
public sealed class KubectlBodiesTests
{
    public static TheoryData<string, string, string> Bodies => new()
    {
        {
            "kubectl create deployment web --image=busybox:1 --replicas=0 --port=80",
            "azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50Er4BCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEowBCAASDAoKCgNhcHASA3dlYhpyChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViElISNAoHYnVzeWJveBIJYnVzeWJveDoxKgAyCgoAEAAYUCIAKgBCAGoAcgCAAQCIAQCQAQCiAQAaADIAQgBKAFIAWABgAGgAggEAigEAmgEAwgEAIgIKACgAOAAaDAgAEAAYACAAKAA4ABoAIgA=",
            """{"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "web", "labels": {"app": "web"}}, "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "busybox", "image": "busybox:1", "ports": [{"containerPort": 80}], "resources": {}}]}}, "strategy": {}}, "status": {}}"""
        },
        {
            "kubectl create deployment foo --image=busybox",
            "azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50Eq8BCh8KA2ZvbxIAGgAiACoAMgA4AEIAWgoKA2FwcBIDZm9vEn4IARIMCgoKA2FwcBIDZm9vGmQKHAoAEgAaACIAKgAyADgAQgBaCgoDYXBwEgNmb28SRBImCgdidXN5Ym94EgdidXN5Ym94KgBCAGoAcgCAAQCIAQCQAQCiAQAaADIAQgBKAFIAWABgAGgAggEAigEAmgEAwgEAIgIKACgAOAAaDAgAEAAYACAAKAA4ABoAIgA=",
            """{"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "foo", "labels": {"app": "foo"}}, "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "foo"}}, "template": {"metadata": {"labels": {"app": "foo"}}, "spec": {"containers": [{"name": "busybox", "image": "busybox", "resources": {}}]}}, "strategy": {}}, "status": {}}"""
        },
        {
            "kubectl create configmap cm1 --from-literal=a=b --from-literal=empty=",
            "azhzAAoPCgJ2MRIJQ29uZmlnTWFwEigKEwoDY20xEgAaACIAKgAyADgAQgASBgoBYRIBYhIJCgVlbXB0eRIAGgAiAA==",
            """{"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "cm1"}, "data": {"a": "b", "empty": ""}}"""
        },
        {
            "kubectl create secret generic s1 --from-literal=a=b --from-literal=empty=",
            "azhzAAoMCgJ2MRIGU2VjcmV0EikKEgoCczESABoAIgAqADIAOABCABIGCgFhEgFiEgkKBWVtcHR5EgAaABoAIgA=",
            """{"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "s1"}, "data": {"a": "Yg==", "empty": ""}}"""
        },
        {
            "kubectl create ns newns",
            "azhzAAoPCgJ2MRIJTmFtZXNwYWNlEh0KFQoFbmV3bnMSABoAIgAqADIAOABCABIAGgIKABoAIgA=",
            """{"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "newns"}, "spec": {}, "status": {}}"""
        },
        {
            "kubectl create sa sa1",
            "azhzAAoUCgJ2MRIOU2VydmljZUFjY291bnQSFQoTCgNzYTESABoAIgAqADIAOABCABoAIgA=",
            """{"kind": "ServiceAccount", "apiVersion": "v1", "metadata": {"name": "sa1"}}"""
        },
        {
            "kubectl create token default --duration=600s",
            "azhzAAooChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESDFRva2VuUmVxdWVzdBIdChAKABIAGgAiACoAMgA4AEIAEgMg2AQaBAoAEgAaACIA",
            """{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "metadata": {}, "spec": {"expirationSeconds": 600}, "status": {}}"""
        },
        {
            "kubectl auth can-i get pods --subresource=log",
            "azhzAAoyChdhdXRob3JpemF0aW9uLms4cy5pby92MRIXU2VsZlN1YmplY3RBY2Nlc3NSZXZpZXcSPwoQCgASABoAIgAqADIAOABCABIhCh8KB2RlZmF1bHQSA2dldBoAIgAqBHBvZHMyA2xvZzoAGggIABIAGgAgABoAIgA=",
            """{"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "metadata": {}, "spec": {"resourceAttributes": {"namespace": "default", "verb": "get", "resource": "pods", "subresource": "log"}}, "status": {"allowed": false}}"""
        },
        {
            "kubectl auth can-i --list",
            "azhzAAoxChdhdXRob3JpemF0aW9uLms4cy5pby92MRIWU2VsZlN1YmplY3RSdWxlc1JldmlldxIjChAKABIAGgAiACoAMgA4AEIAEgkKB2RlZmF1bHQaBBgAIgAaACIA",
            """{"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "metadata": {}, "spec": {"namespace": "default"}, "status": {"incomplete": false}}"""
        },
        {
            "kubectl auth whoami",
            "azhzAAotChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESEVNlbGZTdWJqZWN0UmV2aWV3EhoKEAoAEgAaACIAKgAyADgAQgASBgoECgASABoAIgA=",
            """{"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview", "metadata": {}, "status": {"userInfo": {}}}"""
        },
        {
            "kubectl create service clusterip svc --tcp=80:web --tcp=81:8081",
            "azhzAAoNCgJ2MRIHU2VydmljZRKHAQofCgNzdmMSABoAIgAqADIAOABCAFoKCgNhcHASA3N2YxJgChwKBjgwLXdlYhIDVENQGFAiCQgBEAAaA3dlYigAChsKBzgxLTgwODESA1RDUBhRIgcIABCRPxoAKAASCgoDYXBwEgNzdmMaACIJQ2x1c3RlcklQOgBCAFIAWgBgAGgAGgIKABoAIgA=",
            """{"kind": "Service", "apiVersion": "v1", "metadata": {"name": "svc", "labels": {"app": "svc"}}, "spec": {"ports": [{"name": "80-web", "protocol": "TCP", "port": 80, "targetPort": "web"}, {"name": "81-8081", "protocol": "TCP", "port": 81, "targetPort": 8081}], "selector": {"app": "svc"}, "type": "ClusterIP"}, "status": {"loadBalancer": {}}}"""
        },
        {
            "kubectl create service clusterip svc --clusterip=None",
            "azhzAAoNCgJ2MRIHU2VydmljZRJQCh8KA3N2YxIAGgAiACoAMgA4AEIAWgoKA2FwcBIDc3ZjEikSCgoDYXBwEgNzdmMaBE5vbmUiCUNsdXN0ZXJJUDoAQgBSAFoAYABoABoCCgAaACIA",
            """{"kind": "Service", "apiVersion": "v1", "metadata": {"name": "svc", "labels": {"app": "svc"}}, "spec": {"selector": {"app": "svc"}, "clusterIP": "None", "type": "ClusterIP"}, "status": {"loadBalancer": {}}}"""
        },
        {
            "kubectl create service nodeport svc --tcp=80:8080 --node-port=30001",
            "azhzAAoNCgJ2MRIHU2VydmljZRJqCh8KA3N2YxIAGgAiACoAMgA4AEIAWgoKA2FwcBIDc3ZjEkMKHQoHODAtODA4MBIDVENQGFAiBwgAEJA/GgAoseoBEgoKA2FwcBIDc3ZjGgAiCE5vZGVQb3J0OgBCAFIAWgBgAGgAGgIKABoAIgA=",
            """{"kind": "Service", "apiVersion": "v1", "metadata": {"name": "svc", "labels": {"app": "svc"}}, "spec": {"ports": [{"name": "80-8080", "protocol": "TCP", "port": 80, "targetPort": 8080, "nodePort": 30001}], "selector": {"app": "svc"}, "type": "NodePort"}, "status": {"loadBalancer": {}}}"""
        },
        {
            "kubectl create clusterrolebinding b --clusterrole=admin --user=u --serviceaccount=default:sa",
            "azhzAAoyChxyYmFjLmF1dGhvcml6YXRpb24uazhzLmlvL3YxEhJDbHVzdGVyUm9sZUJpbmRpbmcSjQEKEQoBYhIAGgAiACoAMgA4AEIAEiYKBFVzZXISGXJiYWMuYXV0aG9yaXphdGlvbi5rOHMuaW8aAXUiABIfCg5TZXJ2aWNlQWNjb3VudBIAGgJzYSIHZGVmYXVsdBovChlyYmFjLmF1dGhvcml6YXRpb24uazhzLmlvEgtDbHVzdGVyUm9sZRoFYWRtaW4aACIA",
            """{"kind": "ClusterRoleBinding", "apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "b"}, "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "u"}, {"kind": "ServiceAccount", "name": "sa", "namespace": "default"}], "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin"}}"""
        },
        {
            "kubectl create ingress i --rule=a.example/*=svc:80,tls=t",
            "azhzAAofChRuZXR3b3JraW5nLms4cy5pby92MRIHSW5ncmVzcxJWChEKAWkSABoAIgAqADIAOABCABI9Eg4KCWEuZXhhbXBsZRIBdBorCglhLmV4YW1wbGUSHgocChoKAS8SDSILCgNzdmMSBAoAEFAaBlByZWZpeBoCCgAaACIA",
            """{"kind": "Ingress", "apiVersion": "networking.k8s.io/v1", "metadata": {"name": "i"}, "spec": {"tls": [{"hosts": ["a.example"], "secretName": "t"}], "rules": [{"host": "a.example", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "svc", "port": {"number": 80}}}}]}}]}, "status": {"loadBalancer": {}}}"""
        },
        {
            "kubectl drain n1 --force --disable-eviction --grace-period=0",
            "azhzAAoTCgJ2MRINRGVsZXRlT3B0aW9ucxICCAAaACIA",
            """{"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0}"""
        },
        {
            "kubectl debug node/n1 --image=busybox --profile=general",
            "azhzAAoJCgJ2MRIDUG9kEswBCiYKFm5vZGUtZGVidWdnZXItbjEtdDRxZjISABoAIgAqADIAOABCABKPAQoSCglob3N0LXJvb3QSBQoDCgEvEkUKCGRlYnVnZ2VyEgdidXN5Ym94KgBCAEoYCglob3N0LXJvb3QQABoFL2hvc3QiADIAagByAIABAIgBAJABAKIBBEZpbGUaBU5ldmVyMgBCAEoAUgJuMVgBYAFoAYIBAIoBAJoBALIBDgoAEgZFeGlzdHMaACIAwgEAGhAKABoAIgAqADIASgBaAHIAGgAiAA==",
            """{"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "node-debugger-n1-t4qf2"}, "spec": {"volumes": [{"name": "host-root", "hostPath": {"path": "/"}}], "containers": [{"name": "debugger", "image": "busybox", "resources": {}, "volumeMounts": [{"name": "host-root", "mountPath": "/host"}], "terminationMessagePolicy": "File"}], "restartPolicy": "Never", "nodeName": "n1", "hostNetwork": true, "hostPID": true, "hostIPC": true, "tolerations": [{"operator": "Exists"}]}, "status": {}}"""
        },
        {
            "kubectl create role r --verb=get --resource=pods",
            "azhzAAokChxyYmFjLmF1dGhvcml6YXRpb24uazhzLmlvL3YxEgRSb2xlEiIKEQoBchIAGgAiACoAMgA4AEIAEg0KA2dldBIAGgRwb2RzGgAiAA==",
            """{"kind": "Role", "apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "r"}, "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]}"""
        },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public void Decode_YieldsWhatKubectlPrintsAsJson(string command, string body, string json)
    {
        var decoded = BodyDecoder.Decode(Convert.FromBase64String(body), BodyFormat.Protobuf, Kinds.SchemaOf);

        Assert.True(decoded.Succeeded, $"{command}: {decoded.Error?.Message}");
        Trees.Same(JsonNode.Parse(json), decoded.Value.Value);
    }
}
