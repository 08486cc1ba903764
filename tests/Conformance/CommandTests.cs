using KubeAspire.Conformance.Harness;

namespace KubeAspire.Conformance;

/// <summary>What upstream's conformance tests do with kubectl on running pods, on nodes that are acted.</summary>
public sealed class CommandTests(ControlPlane api)
{
    private const string Files = """
        file rc.yaml
        | apiVersion: v1
        | kind: ReplicationController
        | metadata: {name: agnhost-primary, labels: {app: agnhost, role: primary}}
        | spec:
        |   replicas: 1
        |   selector: {app: agnhost, role: primary}
        |   template:
        |     metadata: {labels: {app: agnhost, role: primary}}
        |     spec: {containers: [{name: agnhost-primary, image: agnhost, ports: [{name: agnhost-server, containerPort: 6379}]}]}
        file service.yaml
        | apiVersion: v1
        | kind: Service
        | metadata: {name: agnhost-primary, labels: {app: agnhost, role: primary}}
        | spec: {ports: [{port: 6379, targetPort: agnhost-server}], selector: {app: agnhost, role: primary}}
        $ kubectl create namespace @ns
        $ kubectl create -f rc.yaml
        > ^replicationcontroller/agnhost-primary created
        ~ kubectl get pods -l app=agnhost
        > Running
        """;

    [Conformance("[sig-cli] Kubectl client Kubectl describe should check if kubectl describe prints relevant information for rc and pods")]
    public Task Describe() => PlayAsync("describe", Files + """

        $ kubectl create -f service.yaml
        $ kubectl describe pods -l app=agnhost
        > ^Name: +agnhost-primary-
        > ^Namespace: +@ns
        > ^Node:
        > ^Labels: +app=agnhost
        > ^ +role=primary
        > ^Status: +Running
        > ^IP:
        > ^Controlled By: +ReplicationController/agnhost-primary
        > Image: +agnhost
        > ^ +State: +Running
        > ^QoS Class: +BestEffort
        $ kubectl describe rc agnhost-primary
        > ^Name: +agnhost-primary
        > ^Namespace: +@ns
        > ^Selector: +app=agnhost,role=primary
        > ^Labels: +app=agnhost
        > ^Replicas: +1 current / 1 desired
        > ^Pods Status: +1 Running / 0 Waiting / 0 Succeeded / 0 Failed
        > ^ +Port: +6379/TCP
        > ^Events:
        $ kubectl describe service agnhost-primary
        > ^Name: +agnhost-primary
        > ^Selector: +app=agnhost,role=primary
        > ^Type: +ClusterIP
        > ^IP:
        > ^Port: +<unset> +6379/TCP
        > ^Endpoints: +10\.
        > ^Session Affinity: +None
        $ kubectl describe node acted-1
        > ^Name: +acted-1
        > ^Labels:
        > ^Annotations:
        > ^CreationTimestamp:
        > ^Conditions:
        > ^Capacity:
        $ kubectl describe namespace @ns
        > ^Name: +@ns
        > ^Status: +Active
        """);

    [Conformance("[sig-cli] Kubectl client Kubectl diff should check if kubectl diff finds a difference for Deployments")]
    public Task Diff() => PlayAsync("diff", """
        file httpd.yaml
        | apiVersion: apps/v1
        | kind: Deployment
        | metadata: {name: httpd-deployment}
        | spec:
        |   replicas: 1
        |   selector: {matchLabels: {app: httpd}}
        |   template:
        |     metadata: {labels: {app: httpd}}
        |     spec: {containers: [{name: httpd, image: 'httpd:1'}]}
        $ kubectl create namespace @ns
        $ kubectl create -f httpd.yaml
        file httpd.yaml
        | apiVersion: apps/v1
        | kind: Deployment
        | metadata: {name: httpd-deployment}
        | spec:
        |   replicas: 1
        |   selector: {matchLabels: {app: httpd}}
        |   template:
        |     metadata: {labels: {app: httpd}}
        |     spec: {containers: [{name: httpd, image: 'httpd:2'}]}
        ! kubectl diff -f httpd.yaml
        > ^-.*image: httpd:1
        > ^\+.*image: httpd:2
        $ kubectl delete -f httpd.yaml
        """);

    [Conformance("[sig-cli] Kubectl client Kubectl expose should create services for rc")]
    public Task Expose() => PlayAsync("expose", Files + """

        $ kubectl expose rc agnhost-primary --name=rm2 --port=1234 --target-port=6379
        > ^service/rm2 exposed
        ~ kubectl get endpoints rm2
        > ^rm2 +10\.[0-9.]+:6379
        $ kubectl expose service rm2 --name=rm3 --port=2345 --target-port=6379
        > ^service/rm3 exposed
        ~ kubectl get endpoints rm3
        > ^rm3 +10\.[0-9.]+:6379
        $ kubectl get service rm2 rm3
        > ^rm2 +ClusterIP +[0-9.]+ +<none> +1234/TCP
        > ^rm3 +ClusterIP +[0-9.]+ +<none> +2345/TCP
        """);

    [Conformance("[sig-cli] Kubectl client Kubectl label should update the label on a resource")]
    public Task Label() => PlayAsync("label", """
        $ kubectl create namespace @ns
        $ kubectl run pause --image=pause
        $ kubectl label pods pause testing-label=testing-label-value
        $ kubectl get pod pause -L testing-label
        > testing-label-value$
        $ kubectl label pods pause testing-label-
        $ kubectl get pod pause -L testing-label
        - testing-label-value
        """);

    [Conformance("[sig-cli] Kubectl client Kubectl patch should add annotations for pods in rc")]
    public Task Patch() => PlayAsync("patch", Files + """

        $ bash -c 'kubectl patch $(kubectl get pods -l app=agnhost -o name) -p \{\"metadata\":\{\"annotations\":\{\"x\":\"y\"\}\}\}'
        > patched
        $ kubectl get pods -l app=agnhost -o jsonpath={.items[0].metadata.annotations.x}
        > ^y$
        """);

    [Conformance("[sig-cli] Kubectl client Kubectl replace should update a single-container pod's image")]
    public Task Replace() => PlayAsync("replace", """
        $ kubectl create namespace @ns
        $ kubectl run e2e-test-httpd-pod --image=httpd:1 --labels=run=e2e-test-httpd-pod
        ~ kubectl get pod e2e-test-httpd-pod
        > Running
        $ bash -c 'kubectl get pod e2e-test-httpd-pod -o json | sed s/httpd:1/busybox:2/ | kubectl replace -f -'
        > ^pod/e2e-test-httpd-pod replaced
        $ kubectl get pod e2e-test-httpd-pod -o jsonpath={.spec.containers[0].image}
        > ^busybox:2$
        $ kubectl delete pods e2e-test-httpd-pod
        """);

    [Conformance("[sig-cli] Kubectl client Kubectl run pod should create a pod from an image when restart is Never")]
    public Task Run() => PlayAsync("run", """
        $ kubectl create namespace @ns
        $ kubectl run e2e-test-httpd-pod --restart=Never --image=httpd:1
        > ^pod/e2e-test-httpd-pod created
        $ kubectl get pod e2e-test-httpd-pod -o 'jsonpath={.spec.containers[0].image} {.spec.restartPolicy}'
        > ^httpd:1 Never$
        $ kubectl delete pods e2e-test-httpd-pod
        """);

    [Conformance("[sig-cli] Kubectl client Kubectl server-side dry-run should check if kubectl can dry-run update Pods")]
    public Task DryRun() => PlayAsync("dry", """
        $ kubectl create namespace @ns
        $ kubectl run e2e-test-httpd-pod --image=httpd:1 --labels=run=e2e-test-httpd-pod
        $ kubectl patch pod e2e-test-httpd-pod -p '{"spec":{"containers":[{"name":"e2e-test-httpd-pod","image":"busybox:2"}]}}' --dry-run=server
        > patched
        $ kubectl get pod e2e-test-httpd-pod -o jsonpath={.spec.containers[0].image}
        > ^httpd:1$
        $ kubectl delete pods e2e-test-httpd-pod
        """);

    [Conformance("[sig-cli] Kubectl client Update Demo should create and stop a replication controller")]
    public Task CreateAndStop() => PlayAsync("demo", Files + """

        $ kubectl delete --grace-period=0 --force -f rc.yaml
        > replicationcontroller "agnhost-primary" force deleted
        ~ kubectl get rc,pods -l app=agnhost --no-headers
        > No resources found
        """);

    [Conformance("[sig-cli] Kubectl client Update Demo should scale a replication controller")]
    public Task Scale() => PlayAsync("scale", Files + """

        $ kubectl scale rc agnhost-primary --replicas=1 --timeout=5m
        $ kubectl scale rc agnhost-primary --replicas=2 --timeout=5m
        ~ kubectl get rc agnhost-primary
        > ^agnhost-primary +2 +2 +2
        $ kubectl get pods -l app=agnhost --no-headers
        > Running[^$]*\n.*Running
        """);

    private async Task PlayAsync(string name, string script)
    {
        Assert.SkipUnless(Programs.IsInstalled("kubectl"), "kubectl is not on the PATH");
        await using var play = new Script(api, "kubectl-" + name, "");
        await play.PlayAsync(script);
    }
}
