using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Apps;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.Tests.World;

/// <summary>Objects as tests want them.</summary>
internal static class Make
{
    public static readonly Dictionary<string, string> Web = new() { ["app"] = "web" };

    public static PodTemplateSpec Template(string image = "web:1") => new()
    {
        Metadata = new ObjectMeta { Labels = Web },
        Spec = new PodSpec { Containers = [new Container { Name = "web", Image = image }] },
    };

    public static ReplicaSet ReplicaSet(int replicas, int? minReadySeconds = null) => new()
    {
        Metadata = new ObjectMeta { Name = "web", Namespace = "default" },
        Spec = new ReplicaSetSpec { Replicas = replicas, MinReadySeconds = minReadySeconds, Selector = new LabelSelector { MatchLabels = Web }, Template = Template() },
    };

    public static Deployment Deployment(int replicas, IntOrString? maxSurge = null, IntOrString? maxUnavailable = null, string type = "RollingUpdate") => new()
    {
        Metadata = new ObjectMeta { Name = "web", Namespace = "default" },
        Spec = new DeploymentSpec
        {
            Replicas = replicas,
            Selector = new LabelSelector { MatchLabels = Web },
            Template = Template(),
            RevisionHistoryLimit = 10,
            ProgressDeadlineSeconds = 600,
            Strategy = new DeploymentStrategy
            {
                Type = type,
                RollingUpdate = type == "RollingUpdate" ? new RollingUpdateDeployment { MaxSurge = maxSurge ?? "25%", MaxUnavailable = maxUnavailable ?? "25%" } : null,
            },
        },
    };

    public static Pod Pod(string name, string? node = "node-1", bool ready = true, string phase = "Running", Dictionary<string, string>? labels = null, DateTimeOffset? since = null) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "default", Uid = $"uid-{name}", Labels = labels ?? Web, CreationTimestamp = since },
        Spec = new PodSpec { NodeName = node, Containers = [new Container { Name = "web", Image = "web:1" }] },
        Status = new PodStatus { Phase = phase, PodIP = "10.244.1.9", Conditions = [new PodCondition { Type = "Ready", Status = ready ? "True" : "False", LastTransitionTime = since }] },
    };

    public static Node Node(string name, string? ready = "True", params Taint[] taints) => new()
    {
        Metadata = new ObjectMeta { Name = name, Labels = new Dictionary<string, string> { ["kubernetes.io/hostname"] = name } },
        Spec = new NodeSpec { Taints = taints.Length == 0 ? null : taints },
        Status = new NodeStatus { Conditions = ready is null ? null : [new NodeCondition { Type = "Ready", Status = ready }] },
    };

    public static Service Service(params ServicePort[] ports) => new()
    {
        Metadata = new ObjectMeta { Name = "web", Namespace = "default" },
        Spec = new ServiceSpec { ClusterIP = "10.96.0.20", Selector = Web, Ports = ports.Length == 0 ? [new ServicePort { Port = 80, TargetPort = 8080 }] : ports },
    };
}
