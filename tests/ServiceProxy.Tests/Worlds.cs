using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Discovery;
using KubeAspire.Resources.Networking;

using EndpointPort = KubeAspire.Resources.Discovery.EndpointPort;

namespace KubeAspire.ServiceProxy.Tests;

/// <summary>Short ways to write the objects that routes are made of.</summary>
internal static class Worlds
{
    public static Service Service(string name, string? clusterIP = "10.96.0.20", params ServicePort[] ports) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "default" },
        Spec = new ServiceSpec { Type = "ClusterIP", ClusterIP = clusterIP, Ports = ports.Length > 0 ? ports : [new ServicePort { Port = 80 }] },
    };

    // "R10.244.1.2" ready, "N…" not ready, "S…" serving while terminating, "X…" terminating and no longer serving; "@node" where it runs.
    public static EndpointSlice Slice(string service, string endpoints, string? portName = null, int port = 8080, long revision = 1, string protocol = "TCP") => new()
    {
        Metadata = new ObjectMeta
        {
            Name = $"{service}-abc{revision}",
            Namespace = "default",
            ResourceVersion = revision.ToString(),
            Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = service },
        },
        AddressType = "IPv4",
        Ports = [new EndpointPort { Name = portName, Port = port, Protocol = protocol }],
        Endpoints = [.. endpoints.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Endpoint)],
    };

    public static Ingress Ingress(string name, params (string? Host, string Path, string Type, string Service)[] paths) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "default" },
        Spec = new IngressSpec { IngressClassName = "kubeaspire", Rules = [.. paths.Select(path => Rule(path.Host, path.Path, path.Type, path.Service))] },
    };

    public static IngressClass Class(string name, string controller = "kubeaspire.dev/gateway", bool isDefault = false) => new()
    {
        Metadata = new ObjectMeta
        {
            Name = name,
            Annotations = isDefault ? new Dictionary<string, string> { ["ingressclass.kubernetes.io/is-default-class"] = "true" } : null,
        },
        Spec = new IngressClassSpec { Controller = controller },
    };

    public static IngressBackend Backend(string service, int port = 80) => new() { Service = new IngressServiceBackend { Name = service, Port = new ServiceBackendPort { Number = port } } };

    private static IngressRule Rule(string? host, string path, string type, string service) => new()
    {
        Host = host,
        Http = new HTTPIngressRuleValue { Paths = [new HTTPIngressPath { Path = path, PathType = type, Backend = Backend(service) }] },
    };

    private static Endpoint Endpoint(string text)
    {
        var at = text.IndexOf('@', StringComparison.Ordinal);
        var address = at < 0 ? text[1..] : text[1..at];
        return new Endpoint
        {
            Addresses = [address],
            NodeName = at < 0 ? "node-1" : text[(at + 1)..],
            TargetRef = new ObjectReference { Kind = "Pod", Namespace = "default", Name = $"pod-{address}", Uid = $"uid-{address}" },
            Conditions = text[0] switch
            {
                'R' => new EndpointConditions { Ready = true, Serving = true, Terminating = false },
                'N' => new EndpointConditions { Ready = false, Serving = false, Terminating = false },
                'S' => new EndpointConditions { Ready = false, Serving = true, Terminating = true },
                _ => new EndpointConditions { Ready = false, Serving = false, Terminating = true },
            },
        };
    }
}
