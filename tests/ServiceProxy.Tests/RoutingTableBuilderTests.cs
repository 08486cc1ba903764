using System.Net;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Discovery;
using KubeAspire.ServiceProxy.Services;
using static KubeAspire.ServiceProxy.Tests.Worlds;

namespace KubeAspire.ServiceProxy.Tests;

public sealed class RoutingTableBuilderTests
{
    private static readonly ServicePortKey Web = new("default", "web", 80, ServiceProtocol.Tcp);

    public static TheoryData<string, string, string> Conditions => new()
    {
        // case                                     endpoints                          used
        { "none",                                    "",                                "" },
        { "ready ones only",                         "R10.244.1.2 N10.244.1.3",         "10.244.1.2" },
        { "a terminating one is not used",           "R10.244.1.2 S10.244.1.3",         "10.244.1.2" },
        { "unless there is no ready one",            "S10.244.1.3 N10.244.1.2",         "10.244.1.3" },
        { "and it still serves",                     "X10.244.1.3 N10.244.1.2",         "" },
        { "in one order whatever the slices' order", "R10.244.1.9 R10.244.1.2",         "10.244.1.2 10.244.1.9" },
        { "once, though listed twice",               "R10.244.1.2 R10.244.1.2",         "10.244.1.2" },
    };

    [Theory]
    [MemberData(nameof(Conditions))]
    public void Endpoints_AreChosenByTheirConditions(string because, string endpoints, string used)
    {
        var table = Build([Service("web")], [Slice("web", endpoints)]);

        Assert.True(used == Addresses(table.Ports[Web].Internal), $"{because}: {Addresses(table.Ports[Web].Internal)}");
    }

    public static TheoryData<string, string, string, string> Policies => new()
    {
        // internal, external, endpoints, what internal and external traffic reach
        { "Cluster", "Cluster", "R10.244.1.2@node-1 R10.244.2.2@node-2", "10.244.1.2 10.244.2.2|10.244.1.2 10.244.2.2" },
        { "Local",   "Cluster", "R10.244.1.2@node-1 R10.244.2.2@node-2", "10.244.1.2|10.244.1.2 10.244.2.2" },
        { "Cluster", "Local",   "R10.244.1.2@node-1 R10.244.2.2@node-2", "10.244.1.2 10.244.2.2|10.244.1.2" },
        { "Cluster", "Local",   "S10.244.1.2@node-1 R10.244.2.2@node-2", "10.244.2.2|10.244.1.2" },
        { "Local",   "Local",   "R10.244.2.2@node-2",                    "|" },
    };

    [Theory]
    [MemberData(nameof(Policies))]
    public void LocalPolicies_KeepToTheNodesServedHere(string inside, string outside, string endpoints, string used)
    {
        var service = Service("web");
        service = service with { Spec = service.Spec with { InternalTrafficPolicy = inside, ExternalTrafficPolicy = outside } };
        var table = RoutingTableBuilder.Build(
            new RoutingInput { Services = [service], EndpointSlices = [Slice("web", endpoints)] },
            new RoutingOptions { LocalNodes = new HashSet<string> { "node-1" } });

        Assert.Equal(used, $"{Addresses(table.Ports[Web].Internal)}|{Addresses(table.Ports[Web].External)}");
    }

    public static TheoryData<string?, string?, string?, AppProtocol> Protocols => new()
    {
        // appProtocol          port name   l4 annotation
        { null,                 null,       null,   AppProtocol.Opaque },
        { null,                 "http",     null,   AppProtocol.Http },
        { null,                 "http-api", null,   AppProtocol.Http },
        { null,                 "https",    null,   AppProtocol.Opaque },
        { null,                 "grpc",     null,   AppProtocol.H2c },
        { null,                 "h2c",      null,   AppProtocol.H2c },
        { null,                 "redis",    null,   AppProtocol.Opaque },
        { "http",               null,       null,   AppProtocol.Http },
        { "kubernetes.io/ws",   null,       null,   AppProtocol.Http },
        { "kubernetes.io/h2c",  null,       null,   AppProtocol.H2c },
        { "https",              "http",     null,   AppProtocol.Opaque },
        { "http",               "http",     "true", AppProtocol.Opaque },
        { "http",               "http",     "yes",  AppProtocol.Http },
    };

    [Theory]
    [MemberData(nameof(Protocols))]
    public void AppProtocol_IsReadFromThePort(string? appProtocol, string? portName, string? opaque, AppProtocol expected)
    {
        var annotations = opaque is null ? null : new Dictionary<string, string> { ["kubeaspire.dev/l4"] = opaque };

        Assert.Equal(expected, AppProtocols.Of(appProtocol, portName, annotations));
    }

    [Fact]
    public void Listeners_AreTheClusterIPAndTheNodePort_OfEachPort()
    {
        var service = Service("web", "10.96.0.20", new ServicePort { Name = "a", Port = 80, NodePort = 30080 }, new ServicePort { Name = "b", Port = 53, Protocol = "UDP" });
        service = service with { Spec = service.Spec with { Type = "NodePort" } };

        var table = Build([service, Service("headless", "None")], []);

        Assert.Equal(
            ["ClusterIP 10.96.0.20:53 Udp", "ClusterIP 10.96.0.20:80 Tcp", "NodePort 0.0.0.0:30080 Tcp"],
            table.Listeners.Select(listener => $"{listener.Kind} {listener.Address} {listener.Protocol}").Order());
        Assert.Contains(new ServicePortKey("default", "headless", 80, ServiceProtocol.Tcp), table.Ports.Keys);
    }

    [Fact]
    public void Endpoints_MatchThePortByNameAndProtocol_AcrossSlices()
    {
        var service = Service("web", "10.96.0.20", new ServicePort { Name = "http", Port = 80 }, new ServicePort { Name = "admin", Port = 81 });

        var table = Build([service], [Slice("web", "R10.244.1.2", "http", 8080, 5), Slice("web", "R10.244.1.2", "admin", 9090, 9), Slice("web", "R10.244.1.3", "http", 8081, 7)]);

        Assert.Equal("10.244.1.2:8080 10.244.1.3:8081", string.Join(' ', table.Ports[Web].Internal.Select(endpoint => endpoint.Address)));
        Assert.Equal("10.244.1.2:9090", string.Join(' ', table.Ports[Web with { Port = 81 }].Internal.Select(endpoint => endpoint.Address)));
        Assert.Equal(9, table.EndpointsResourceVersion);
    }

    public static TheoryData<string, string?, string, bool> Guarded => new()
    {
        // address          pod's namespace (null: no pod)  service, whether it may be used
        { "10.244.1.2",      "default",                      "web",        true },
        { "10.244.1.2",      "other",                        "web",        false },
        { "10.244.1.2",      null,                           "web",        false },
        { "10.96.0.1",       null,                           "web",        false },
        { "192.0.2.7",       null,                           "web",        true },
        { "127.0.0.1",       "default",                      "web",        false },
        { "169.254.169.254", null,                           "web",        false },
        { "224.0.0.1",       null,                           "web",        false },
        { "0.0.0.0",         null,                           "web",        false },
        { "010.0.0.1",       null,                           "web",        false },
        { "127.0.0.1",       null,                           "kubernetes", true },
    };

    [Theory]
    [MemberData(nameof(Guarded))]
    public void Endpoints_OfOtherNamespacesAndOfTheMachine_AreDroppedWithAReason(string address, string? podNamespace, string service, bool used)
    {
        var slice = Slice(service, "") with
        {
            Endpoints = [new Endpoint { Addresses = [address], TargetRef = podNamespace is null ? null : new ObjectReference { Kind = "Pod", Namespace = podNamespace, Name = "p" } }],
        };

        var table = Build([Service(service)], [slice]);

        Assert.Equal(used, table.Ports[Web with { Service = service }].Internal.Length == 1);
        Assert.Equal(used ? 0 : 1, table.Dropped.Length);
    }

    [Fact]
    public void Affinity_HasTheTimeoutOfTheService_OrTheApisDefault()
    {
        var service = Service("web");
        var plain = service with { Spec = service.Spec with { SessionAffinity = "ClientIP" } };
        var timed = plain with { Spec = plain.Spec with { SessionAffinityConfig = new SessionAffinityConfig { ClientIP = new ClientIPConfig { TimeoutSeconds = 10 } } } };

        Assert.Null(Build([service], []).Ports[Web].AffinityTimeout);
        Assert.Equal(TimeSpan.FromHours(3), Build([plain], []).Ports[Web].AffinityTimeout);
        Assert.Equal(TimeSpan.FromSeconds(10), Build([timed], []).Ports[Web].AffinityTimeout);
    }

    [Fact]
    public void WhatIsNotServed_IsSaid()
    {
        var service = Service("web", "10.96.0.20", new ServicePort { Port = 80, Protocol = "SCTP" });
        service = service with { Spec = service.Spec with { ExternalIPs = ["192.0.2.1"] } };
        var younger = Service("thief") with { Metadata = new ObjectMeta { Name = "thief", Namespace = "default", CreationTimestamp = DateTimeOffset.UnixEpoch } };

        var table = Build([service, Service("first"), younger], []);

        Assert.Equal(["AddressTaken", "ExternalIPsIgnored", "ProtocolNotSupported"], table.Dropped.Select(dropped => dropped.Reason).Order());
        Assert.Equal("first", Assert.Single(table.Listeners).Key.Service);
        Assert.DoesNotContain(table.Listeners, listener => listener.Address.Address.Equals(IPAddress.Parse("192.0.2.1")));
    }

    private static RoutingTable Build(IReadOnlyCollection<Service> services, IReadOnlyCollection<EndpointSlice> slices) =>
        RoutingTableBuilder.Build(new RoutingInput { Services = services, EndpointSlices = slices }, new RoutingOptions());

    private static string Addresses(IEnumerable<ServiceEndpoint> endpoints) => string.Join(' ', endpoints.Select(endpoint => endpoint.Address.Address));
}
