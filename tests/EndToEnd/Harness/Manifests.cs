namespace KubeAspire.EndToEnd.Harness;

/// <summary>Short YAML for pods that run a shell line on the Redis image, which has a busybox.</summary>
public static class Manifests
{
    public const string Image = "guestbook-redis:1";

    /// <summary>A container that runs a line of shell. The line holds no double quote.</summary>
    /// <param name="more">Further members in flow style, each "name: value".</param>
    public static string Container(string name, string script, params string[] more) =>
        $$"""{name: {{name}}, image: "{{Image}}", command: [/bin/sh, -c, "{{script}}"]{{string.Concat(more.Select(one => $", {one}"))}}}""";

    /// <summary>A pod document of containers in flow style.</summary>
    public static string Pod(string name, string policy, params string[] containers) => PodWith(name, policy, "", containers);

    /// <summary>A pod document of containers in flow style.</summary>
    /// <param name="spec">Further lines of the spec, each "name: value".</param>
    public static string PodWith(string name, string policy, string spec, params string[] containers)
    {
        var grace = spec.Contains("terminationGracePeriodSeconds", StringComparison.Ordinal) ? "" : "terminationGracePeriodSeconds: 1\n";
        var more = string.Concat((grace + spec).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(line => $"  {line}\n"));
        return $$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: {{name}}, labels: {app: {{name}} } }
            spec:
              restartPolicy: {{policy}}
            {{more}}  containers:
            {{string.Concat(containers.Select(one => $"  - {one}\n"))}}---

            """;
    }

    /// <summary>The guestbook's web front end, with a Service and an Ingress of host <c>NAME.test</c>, in a namespace.</summary>
    public static string WebBehindIngress(string name, string ns, int replicas) =>
        $$"""
        apiVersion: v1
        kind: Service
        metadata: {name: {{name}}, namespace: {{ns}} }
        spec:
          selector: {app: {{name}} }
          ports: [{name: http, port: 80, targetPort: 8080}]
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: {{name}}, namespace: {{ns}} }
        spec:
          rules:
          - host: {{name}}.test
            http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: {{name}}, port: {name: http} } } }]}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: {{name}}, namespace: {{ns}} }
        spec:
          replicas: {{replicas}}
          selector: {matchLabels: {app: {{name}} } }
          template:
            metadata: {labels: {app: {{name}} } }
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: web
                image: guestbook-web:1
                readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}
        """;
}
