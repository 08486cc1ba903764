namespace KubeAspire.EndToEnd.Harness;

/// <summary>A namespace for one test, and kubectl within it. Its deletion is asked for, not waited for.</summary>
public sealed class TestNamespace : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private TestNamespace(Cluster cluster, string name) => (Cluster, Name) = (cluster, name);

    public Cluster Cluster { get; }

    public string Name { get; }

    public static async Task<TestNamespace> CreateAsync(Cluster cluster, string name)
    {
        await cluster.KubectlAsync($"create namespace {name}");
        return new TestNamespace(cluster, name);
    }

    public Task<string> KubectlAsync(string arguments, string? input = null) => Cluster.KubectlAsync($"-n {Name} {arguments}", input);

    /// <summary>A field by its JSONPath, or "".</summary>
    public async Task<string> FieldAsync(string thing, string path) => (await KubectlAsync($"get {thing} -o jsonpath='{path}'")).Trim();

    /// <summary>Makes a Deployment of small HTTP servers: <c>/host</c> names the pod, and the pod is ready as long as <c>/ready</c> is there.</summary>
    public async Task ServeAsync(string name, int replicas = 1)
    {
        await ApplyServersAsync(name, replicas);
        await KubectlAsync($"rollout status deployment/{name} --timeout=60s");
    }

    /// <summary>As <see cref="ServeAsync"/>, without the wait.</summary>
    public Task ApplyServersAsync(string name, int replicas = 1) => KubectlAsync("apply -f -", $$$"""
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: {{{name}}}}
        spec:
          replicas: {{{replicas}}}
          selector: {matchLabels: {app: {{{name}}}}}
          template:
            metadata: {labels: {app: {{{name}}}}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: web
                image: guestbook-redis:1
                command: [/bin/sh, -c]
                args: ["busybox mkdir -p /www; busybox hostname > /www/host; busybox cp /www/host /www/index.html; echo > /www/ready; exec busybox httpd -f -p 8080 -h /www"]
                ports: [{name: http, containerPort: 8080}]
                readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 1, failureThreshold: 1}
        """);

    /// <summary>Makes a Service of port 80 over such servers.</summary>
    /// <param name="name">Of the Service.</param>
    /// <param name="app">Of the servers.</param>
    /// <param name="more">More fields of the spec, in YAML's flow style.</param>
    /// <param name="http">Whether requests are balanced, not connections.</param>
    public Task ServiceAsync(string name, string app, string more = "", bool http = true) => KubectlAsync("apply -f -", $$$"""
        apiVersion: v1
        kind: Service
        metadata: {name: {{{name}}}, annotations: {kubeaspire.dev/l4: "{{{(http ? "false" : "true")}}}"}}
        spec: {selector: {app: {{{app}}}}, ports: [{name: http, port: 80, targetPort: http}]{{{(more.Length > 0 ? ", " + more : "")}}}}
        """);

    /// <summary>Names of the pods of an app.</summary>
    public async Task<string[]> PodsAsync(string app) =>
        (await FieldAsync($"pods -l app={app}", "{.items[*].metadata.name}")).Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Runs a script in a pod to its end; returns what it printed.</summary>
    public async Task<string> RunAsync(string pod, string script, string image)
    {
        var lines = string.Join('\n', script.ReplaceLineEndings("\n").Split('\n').Select(line => "      " + line));
        await KubectlAsync("apply -f -", $$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: {{pod}}}
            spec:
              restartPolicy: Never
              terminationGracePeriodSeconds: 1
              containers:
              - name: script
                image: {{image}}
                command: [/bin/bash, -c]
                args:
                - |
            """ + "\n" + lines + "\n");
        var phase = await Eventually.IsAsync($"the end of {pod}", s_patience, () => FieldAsync($"pod {pod}", "{.status.phase}"), phase => phase is "Succeeded" or "Failed");
        var log = await KubectlAsync($"logs {pod}");
        Assert.True(phase == "Succeeded", $"{pod} {phase}: {log}");
        return log;
    }

    /// <summary>Waits until exactly these pods are a Service's ready endpoints and every gateway uses that.</summary>
    public async Task RoutedAsync(string service, IReadOnlyCollection<string> pods)
    {
        var wanted = string.Join(',', pods.Order());
        var revision = 0L;
        await Eventually.IsAsync($"the endpoints of {service}: {wanted}", s_patience, async () =>
        {
            var slices = (await Cluster.GetAsync($"endpointslices -n {Name} -l kubernetes.io/service-name={service}")).GetProperty("items").EnumerateArray().ToList();
            revision = slices.Select(slice => long.Parse(slice.GetProperty("metadata").GetProperty("resourceVersion").GetString()!)).DefaultIfEmpty().Max();
            return string.Join(',', slices
                .SelectMany(slice => slice.TryGetProperty("endpoints", out var endpoints) && endpoints.ValueKind == System.Text.Json.JsonValueKind.Array ? [.. endpoints.EnumerateArray()] : Array.Empty<System.Text.Json.JsonElement>())
                .Where(endpoint => endpoint.GetProperty("conditions").GetProperty("ready").GetBoolean())
                .Select(endpoint => endpoint.GetProperty("targetRef").GetProperty("name").GetString()).Order());
        }, ready => ready == wanted);
        await Eventually.IsAsync($"the gateway at revision {revision}", s_patience, async () => (await Cluster.KubectlAsync(
            "get leases -n kube-system -l kubeaspire.dev/component=gateway -o jsonpath='{.items[*].metadata.annotations.kubeaspire\\.dev/applied-resource-version}'")).Trim(),
            applied => applied.Split(' ').All(text => long.TryParse(text, out var number) && number >= revision));
    }

    public async ValueTask DisposeAsync() => await Cluster.KubectlAsync($"delete namespace {Name} --wait=false");
}
