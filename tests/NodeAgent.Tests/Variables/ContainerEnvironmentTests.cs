using System.Text;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.NodeAgent.Tests.Pods;
using KubeAspire.NodeAgent.Variables;
using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Tests.Variables;

public sealed class ContainerEnvironmentTests
{
    private static readonly FieldPaths.Surroundings s_around = new("10.0.0.1", "10.0.0.2", "node-1", new Dictionary<string, Quantity> { ["cpu"] = Quantity.From(2), ["memory"] = new("1Gi") });
    private readonly Objects _objects = new();

    [Fact]
    public async Task Sources_AreReadInOrder_LaterWins()
    {
        _objects.ConfigMaps["cm"] = new ConfigMap { Data = new Dictionary<string, string> { ["A"] = "map", ["B"] = "map" } };
        _objects.Secrets["s"] = new Secret { Data = new Dictionary<string, byte[]> { ["B"] = Encoding.UTF8.GetBytes("secret") } };
        var variables = await BuildAsync(new Container
        {
            Name = "c",
            EnvFrom = [new EnvFromSource { ConfigMapRef = new() { Name = "cm" } }, new EnvFromSource { SecretRef = new() { Name = "s" } }, new EnvFromSource { Prefix = "P_", ConfigMapRef = new() { Name = "cm" } }],
            Env =
            [
                new EnvVar { Name = "C", Value = "$(A)-$(B)-$(LATER)" },
                new EnvVar { Name = "LATER", ValueFrom = new() { ConfigMapKeyRef = new() { Name = "cm", Key = "A" } } },
                new EnvVar { Name = "IP", ValueFrom = new() { FieldRef = new() { FieldPath = "status.podIP" } } },
                new EnvVar { Name = "LABEL", ValueFrom = new() { FieldRef = new() { FieldPath = "metadata.labels['app']" } } },
                new EnvVar { Name = "CPU", ValueFrom = new() { ResourceFieldRef = new() { Resource = "limits.cpu" } } },
                new EnvVar { Name = "GONE", ValueFrom = new() { SecretKeyRef = new() { Name = "none", Key = "k", Optional = true } } },
            ],
        });
        Assert.Equal(("map", "secret", "map-secret-$(LATER)", "map"), (variables["A"], variables["B"], variables["C"], variables["P_B"]));
        Assert.Equal(("10.0.0.1", "web", "2"), (variables["IP"], variables["LABEL"], variables["CPU"]));
        Assert.DoesNotContain("GONE", variables.Keys);
    }

    public static TheoryData<EnvVar, string> Missing => new()
    {
        { new EnvVar { Name = "A", ValueFrom = new() { ConfigMapKeyRef = new() { Name = "none", Key = "k" } } }, "configmap \"none\" not found" },
        { new EnvVar { Name = "A", ValueFrom = new() { ConfigMapKeyRef = new() { Name = "cm", Key = "k" } } }, "couldn't find key k in ConfigMap default/cm" },
        { new EnvVar { Name = "A", ValueFrom = new() { SecretKeyRef = new() { Name = "none", Key = "k" } } }, "secret \"none\" not found" },
        { new EnvVar { Name = "A", ValueFrom = new() { FieldRef = new() { FieldPath = "spec.unknown" } } }, "unsupported fieldPath: spec.unknown" },
    };

    [Theory]
    [MemberData(nameof(Missing))]
    public async Task Missing_IsToldInUpstreamsWords(EnvVar variable, string message)
    {
        _objects.ConfigMaps["cm"] = new ConfigMap();
        var exception = await Assert.ThrowsAsync<ReferenceException>(() => BuildAsync(new Container { Name = "c", Env = [variable] }));
        Assert.Equal(message, exception.Message);
    }

    [Fact]
    public async Task Services_OfTheNamespaceAndTheApi_HaveVariables()
    {
        var variables = await BuildAsync(new Container { Name = "c", Env = [new EnvVar { Name = "URL", Value = "http://$(MY_DB_SERVICE_HOST):$(MY_DB_SERVICE_PORT)" }] });
        Assert.Equal("10.96.0.1", variables["KUBERNETES_SERVICE_HOST"]);
        Assert.Equal("http://10.96.0.7:6379", variables["URL"]);
        Assert.Equal("6379", variables["MY_DB_SERVICE_PORT_REDIS"]);
        Assert.Equal("tcp://10.96.0.7:6379", variables["MY_DB_PORT_6379_TCP"]);
        Assert.Equal("10.96.0.7", variables["MY_DB_PORT_6379_TCP_ADDR"]);
        Assert.DoesNotContain("OTHER_SERVICE_HOST", variables.Keys);
        Assert.DoesNotContain("HEADLESS_SERVICE_HOST", variables.Keys);
    }

    private static Service Service(string ns, string name, string ip, int port, string? portName = null) => new()
    {
        Metadata = new ObjectMeta { Namespace = ns, Name = name },
        Spec = new ServiceSpec { ClusterIP = ip, Ports = [new ServicePort { Port = port, Name = portName }] },
    };

    private Task<Dictionary<string, string>> BuildAsync(Container container)
    {
        var pod = PodsOf.Pod();
        pod = pod with { Metadata = pod.Metadata with { Labels = new Dictionary<string, string> { ["app"] = "web" } }, Spec = pod.Spec with { Containers = [container] } };
        Service[] services =
        [
            Service("default", "kubernetes", "10.96.0.1", 443, "https"), Service("default", "my-db", "10.96.0.7", 6379, "redis"),
            Service("elsewhere", "other", "10.96.0.8", 80), Service("default", "headless", "None", 80),
        ];
        return ContainerEnvironment.BuildAsync(pod, container, services, s_around, _objects, default);
    }

    internal sealed class Objects : IReferencedObjects
    {
        public Dictionary<string, ConfigMap> ConfigMaps { get; } = [];

        public Dictionary<string, Secret> Secrets { get; } = [];

        public Task<ConfigMap?> FindConfigMapAsync(string ns, string name, CancellationToken cancellationToken) => Task.FromResult(ConfigMaps.GetValueOrDefault(name));

        public Task<Secret?> FindSecretAsync(string ns, string name, CancellationToken cancellationToken) => Task.FromResult(Secrets.GetValueOrDefault(name));
    }
}
