using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Dns.Records;
using KubeAspire.Dns.Wire;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Discovery;

using EndpointPort = KubeAspire.Resources.Discovery.EndpointPort;

namespace KubeAspire.Dns.Tests.Records;

public sealed class ClusterZoneTests
{
    private static readonly ClusterZone Zone = ClusterZoneBuilder.Build(
        [
            Service("web", "ClusterIP", "10.96.0.20", [new ServicePort { Name = "http", Port = 80 }, new ServicePort { Port = 81, Protocol = "UDP", Name = "probe" }]),
            Service("db", "ClusterIP", "None", [new ServicePort { Name = "sql", Port = 5432 }]),
            Service("out", "ExternalName", null, [], "Api.Example.com."),
        ],
        [
            new EndpointSlice
            {
                Metadata = new ObjectMeta { Name = "db-1", Namespace = "shop", Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = "db" } },
                AddressType = "IPv4",
                Ports = [new EndpointPort { Name = "sql", Port = 5432, Protocol = "TCP" }],
                Endpoints =
                [
                    new Endpoint { Addresses = ["10.244.1.2"], Hostname = "db-0", Conditions = new EndpointConditions { Ready = true } },
                    new Endpoint { Addresses = ["10.244.1.3"], Conditions = new EndpointConditions { Ready = true } },
                    new Endpoint { Addresses = ["10.244.1.4"], Hostname = "db-2", Conditions = new EndpointConditions { Ready = false } },
                ],
            },
        ],
        new ClusterZoneOptions());

    public static TheoryData<string, DnsRecordType, string> Questions => new()
    {
        { "web.shop.svc.cluster.local",              DnsRecordType.A,     "10.96.0.20" },
        { "web.shop.svc.cluster.local",              DnsRecordType.Aaaa,  "NODATA" },
        { "web.shop.svc.cluster.local",              DnsRecordType.Txt,   "NODATA" },
        { "web.other.svc.cluster.local",             DnsRecordType.A,     "NXDOMAIN" },
        { "nope.shop.svc.cluster.local",             DnsRecordType.A,     "NXDOMAIN" },
        { "shop.svc.cluster.local",                  DnsRecordType.A,     "NODATA" },
        { "svc.cluster.local",                       DnsRecordType.A,     "NODATA" },
        { "cluster.local",                           DnsRecordType.A,     "NODATA" },
        { "cluster.local",                           DnsRecordType.Soa,   "SOA" },
        { "notcluster.local",                        DnsRecordType.A,     "elsewhere" },
        { "example.com.shop.svc.cluster.local",      DnsRecordType.A,     "NXDOMAIN" },
        { "db.shop.svc.cluster.local",               DnsRecordType.A,     "10.244.1.2 10.244.1.3" },
        { "db-0.db.shop.svc.cluster.local",          DnsRecordType.A,     "10.244.1.2" },
        { "10-244-1-3.db.shop.svc.cluster.local",    DnsRecordType.A,     "10.244.1.3" },
        { "db-2.db.shop.svc.cluster.local",          DnsRecordType.A,     "NXDOMAIN" },
        { "_http._tcp.web.shop.svc.cluster.local",   DnsRecordType.Srv,   "0 100 80 web.shop.svc.cluster.local" },
        { "_probe._udp.web.shop.svc.cluster.local",  DnsRecordType.Srv,   "0 100 81 web.shop.svc.cluster.local" },
        { "_http._udp.web.shop.svc.cluster.local",   DnsRecordType.Srv,   "NXDOMAIN" },
        { "_sql._tcp.db.shop.svc.cluster.local",     DnsRecordType.Srv,   "0 50 5432 10-244-1-3.db.shop.svc.cluster.local 0 50 5432 db-0.db.shop.svc.cluster.local" },
        { "out.shop.svc.cluster.local",              DnsRecordType.A,     "CNAME api.example.com" },
        { "out.shop.svc.cluster.local",              DnsRecordType.Cname, "CNAME api.example.com" },
        { "20.0.96.10.in-addr.arpa",                 DnsRecordType.Ptr,   "web.shop.svc.cluster.local" },
        { "2.1.244.10.in-addr.arpa",                 DnsRecordType.Ptr,   "db-0.db.shop.svc.cluster.local" },
        { "99.0.96.10.in-addr.arpa",                 DnsRecordType.Ptr,   "NXDOMAIN" },
        { "1.2.0.192.in-addr.arpa",                  DnsRecordType.Ptr,   "elsewhere" },
        { "dns-version.cluster.local",               DnsRecordType.Txt,   "1.1.0" },
    };

    [Theory]
    [MemberData(nameof(Questions))]
    public void Find_AnswersAsTheSpecificationSays(string name, DnsRecordType type, string expected) => Assert.Equal(expected, Describe(Zone.Find(name, type)));

    [Fact]
    public void Refusals_CarryTheZonesAuthority_AndAnswersLive5Seconds()
    {
        var authority = Assert.IsType<AuthorityRecord>(Assert.Single(Zone.Find("nope.shop.svc.cluster.local", DnsRecordType.A)!.Authority));

        Assert.Equal(("cluster.local", 5u), (authority.Name, authority.NegativeTimeToLive));
        Assert.Equal(5u, Zone.Find("web.shop.svc.cluster.local", DnsRecordType.A)!.Answers[0].TimeToLive);
    }

    [Fact]
    public void ServiceRecords_BringTheAddressesOfTheirTargets() =>
        Assert.Equal(["10.244.1.2", "10.244.1.3"], Zone.Find("_sql._tcp.db.shop.svc.cluster.local", DnsRecordType.Srv)!.Additional.OfType<AddressRecord>().Select(record => record.Address.ToString()).Order());

    [Fact]
    public void HeadlessAddresses_TakeTurnsAtBeingFirst()
    {
        var first = Enumerable.Range(0, 4).Select(_ => ((AddressRecord)Zone.Find("db.shop.svc.cluster.local", DnsRecordType.A)!.Answers[0]).Address.ToString());

        Assert.Equal(2, first.Distinct().Count());
    }

    private static string Describe(DnsAnswer? answer) => answer switch
    {
        null => "elsewhere",
        { Code: DnsResponseCode.NameError, Authority.Count: 1, Answers.Count: 0 } => "NXDOMAIN",
        { Code: DnsResponseCode.NoError, Authority.Count: 1, Answers.Count: 0 } => "NODATA",
        _ => string.Join(' ', answer.Answers.Select(Describe).Order(StringComparer.Ordinal)),
    };

    private static string Describe(DnsRecord record) => record switch
    {
        AddressRecord address => address.Address.ToString(),
        CanonicalNameRecord alias => $"CNAME {alias.Target}",
        PointerRecord pointer => pointer.Target,
        ServiceRecord service => $"{service.Priority} {service.Weight} {service.Port} {service.Target}",
        TextRecord text => text.Text,
        _ => "SOA",
    };

    private static Service Service(string name, string type, string? clusterIP, ServicePort[] ports, string? externalName = null) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "shop" },
        Spec = new ServiceSpec { Type = type, ClusterIP = clusterIP, Ports = ports, ExternalName = externalName },
    };
}
