namespace KubeAspire.Resources.Tests.Networking;

public sealed class NetworkingKindsTests
{
    public static TheoryData<string, string, string[]> Creates => new()
    {
        { "NetworkPolicy", """{"spec":{"podSelector":{}}}""", [] },
        { "NetworkPolicy", """{"spec":{"policyTypes":["Ingress","Egress","Ingress"]}}""", ["spec.policyTypes: Invalid value: [\"Ingress\",\"Egress\",\"Ingress\"]: may not specify more than two policyTypes"] },
        { "NetworkPolicy", """{"spec":{"policyTypes":["Sideways"]}}""", ["spec.policyTypes[0]: Unsupported value: \"Sideways\": supported values: \"Egress\", \"Ingress\""] },
        {
            "NetworkPolicy", """{"spec":{"ingress":[{"from":[{}],"ports":[{"protocol":"ICMP","port":0},{"port":"web","endPort":9},{"endPort":9},{"port":80,"endPort":79}]}]}}""",
            [
                "spec.ingress[0].ports[0].protocol: Unsupported value: \"ICMP\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
                "spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
                "spec.ingress[0].ports[1].endPort: Invalid value: 9: may not be specified when `port` is non-numeric",
                "spec.ingress[0].ports[2].endPort: Invalid value: 9: may not be specified when `port` is not specified",
                "spec.ingress[0].ports[3].endPort: Invalid value: 80: must be greater than or equal to `port`",
                "spec.ingress[0].from[0]: Required value: must specify a peer",
            ]
        },
        {
            "NetworkPolicy", """{"spec":{"egress":[{"to":[{"ipBlock":{"cidr":"10.0.0.0/8","except":["10.1.0.0/16","10.0.0.0/8","x"]},"podSelector":{}},{"ipBlock":{"cidr":""}},{"ipBlock":{"cidr":"10.0.0.0"}}]}]}}""",
            [
                "spec.egress[0].to[0].ipBlock.except[1]: Invalid value: \"10.0.0.0/8\": must be a strict subset of `cidr`",
                "spec.egress[0].to[0].ipBlock.except[2]: Invalid value: \"x\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
                "spec.egress[0].to[0]: Forbidden: may not specify both ipBlock and another peer",
                "spec.egress[0].to[1].ipBlock.cidr: Required value",
                "spec.egress[0].to[2].ipBlock.cidr: Invalid value: \"10.0.0.0\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
            ]
        },
        { "IPAddress", """{"metadata":{"name":"10.96.0.7"},"spec":{"parentRef":{"resource":"services","namespace":"a","name":"b"}}}""", [] },
        { "IPAddress", """{"metadata":{"name":"2001:db8::1"},"spec":{"parentRef":{"resource":"services","name":"b"}}}""", [] },
        { "IPAddress", """{"metadata":{"name":"2001:DB8::1"},"spec":{}}""", ["metadata.name: Invalid value: \"2001:DB8::1\": must be a canonical format IP address", "spec.parentRef: Required value"] },
        { "IPAddress", """{"metadata":{"name":"x"},"spec":{"parentRef":{"group":"-","name":"a/b"}}}""",
            [
                "metadata.name: Invalid value: \"x\": ParseAddr(\"x\"): unable to parse IP",
                "spec.parentRef.group: Invalid value: \"-\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
                "spec.parentRef.resource: Required value", "spec.parentRef.name: Invalid value: \"a/b\": may not contain '/'",
            ] },
        { "ServiceCIDR", """{"spec":{"cidrs":["10.96.0.0/12","2001:db8::/112"]}}""", [] },
        { "ServiceCIDR", """{"spec":{}}""", ["spec.cidrs: Required value: at least one CIDR required"] },
        { "ServiceCIDR", """{"spec":{"cidrs":["10.96.0.0/12","10.0.0.0/16"]}}""", ["spec.cidrs: Invalid value: [\"10.96.0.0/12\",\"10.0.0.0/16\"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/96"] },
        { "ServiceCIDR", """{"spec":{"cidrs":["10.96.0.1/12"]}}""", ["spec.cidrs[0]: Invalid value: \"10.96.0.1/12\": must not have bits set beyond the prefix length"] },
        { "ServiceCIDR", """{"spec":{"cidrs":["2001:DB8::/112"]}}""", ["spec.cidrs[0]: Invalid value: \"2001:DB8::/112\": must be in canonical form (\"2001:db8::/112\")"] },
    };

    [Theory]
    [MemberData(nameof(Creates))]
    public void ANewObject_IsToldEveryBrokenRule(string kind, string value, string[] expected) => Assert.Equal(expected, KindHarness.Create(KindHarness.Kind(kind), value));

    public static TheoryData<string, string, string, string[]> Updates => new()
    {
        {
            "IPAddress", """{"spec":{"parentRef":{"resource":"services","name":"a"}}}""", """{"spec":{"parentRef":{"resource":"services","name":"b"}}}""",
            ["spec.parentRef: Invalid value: {\"name\":\"b\",\"resource\":\"services\"}: field is immutable"]
        },
        { "ServiceCIDR", """{"spec":{"cidrs":["10.0.0.0/16"]}}""", """{"spec":{"cidrs":["10.0.0.0/16","2001:db8::/112"]}}""", [] },
        { "ServiceCIDR", """{"spec":{"cidrs":["10.0.0.0/16"]}}""", """{"spec":{"cidrs":["10.1.0.0/16"]}}""", ["spec.cidrs[0]: Invalid value: \"10.1.0.0/16\": field is immutable"] },
        { "ServiceCIDR", """{"spec":{"cidrs":["10.0.0.0/16","2001:db8::/112"]}}""", """{"spec":{"cidrs":["10.0.0.0/16"]}}""", ["spec.cidrs: Invalid value: [\"10.0.0.0/16\"]: field is immutable"] },
    };

    [Theory]
    [MemberData(nameof(Updates))]
    public void AChange_OfWhatIsSetOnce_IsRefused(string kind, string stored, string changed, string[] expected) =>
        Assert.Equal(expected, KindHarness.Update(KindHarness.Kind(kind), stored, changed));

    public static TheoryData<string, string, string> Defaults => new()
    {
        { """{"spec":{}}""", "spec.policyTypes", """["Ingress"]""" },
        { """{"spec":{"egress":[{}]}}""", "spec.policyTypes", """["Ingress","Egress"]""" },
        { """{"spec":{"egress":[{}],"policyTypes":["Egress"]}}""", "spec.policyTypes", """["Egress"]""" },
        { """{"spec":{"ingress":[{"ports":[{"port":80},{"protocol":"UDP"}]}]}}""", "spec.ingress", """[{"ports":[{"port":80,"protocol":"TCP"},{"protocol":"UDP"}]}]""" },
    };

    [Theory]
    [MemberData(nameof(Defaults))]
    public void ANetworkPolicy_IsCompleted(string given, string path, string expected)
    {
        var value = KindHarness.Defaulted(KindHarness.Kind("NetworkPolicy"), given);

        KindHarness.AssertSame(System.Text.Json.Nodes.JsonNode.Parse(expected), path.Split('.').Aggregate((System.Text.Json.Nodes.JsonNode?)value, (at, name) => at?[name]));
    }

    [Theory]
    [InlineData("NetworkPolicy", """{"metadata":{"name":"a"},"spec":{"podSelector":{"matchLabels":{"app":"web"}}}}""", "a|app=web|<unknown>")]
    [InlineData("IPAddress", """{"metadata":{"name":"10.96.0.7"},"spec":{"parentRef":{"resource":"services","namespace":"a","name":"b"}}}""", "10.96.0.7|services/a/b|<unknown>")]
    [InlineData("ServiceCIDR", """{"metadata":{"name":"kubernetes"},"spec":{"cidrs":["10.96.0.0/12","2001:db8::/112"]}}""", "kubernetes|10.96.0.0/12,2001:db8::/112|<unknown>")]
    public void ATable_ShowsWhatPeopleAskFor(string kind, string value, string expected) => Assert.Equal(expected, string.Join('|', KindHarness.Row(KindHarness.Kind(kind), value)));

    [Fact]
    public void APolicyThatNobodyEnforces_SaysSo() =>
        Assert.Contains("not enforced yet", Assert.Single(KindHarness.Kind("NetworkPolicy").WarningsFor(new KubeAspire.Resources.Networking.NetworkPolicy())), StringComparison.Ordinal);
}
