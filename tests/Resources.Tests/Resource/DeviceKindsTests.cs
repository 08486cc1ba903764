namespace KubeAspire.Resources.Tests.Resource;

public sealed class DeviceKindsTests
{
    private const string Where = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";

    public static TheoryData<string, string, string[]> Creates => new()
    {
        { "DeviceClass", """{"spec":{"selectors":[{"cel":{"expression":"true"}}],"config":[{"opaque":{"driver":"d.example","parameters":{"a":1}}}],"extendedResourceName":"example.com/gpu"}}""", [] },
        {
            "DeviceClass", """{"spec":{"selectors":[{},{"cel":{"expression":""}}],"config":[{},{"opaque":{"driver":"","parameters":7}}],"extendedResourceName":"gpu"}}""",
            [
                "spec.selectors[0].cel: Required value", "spec.selectors[1].cel.expression: Required value", "spec.config[0].opaque: Required value",
                "spec.config[1].opaque.driver: Required value", "spec.config[1].opaque.parameters: Invalid value: \"<value omitted>\": parameters must be a valid JSON object",
                "spec.extendedResourceName: Invalid value: \"gpu\": must be a valid extended resource name: a domain, a slash and a name",
            ]
        },
        { "ResourceClaim", """{"spec":{"devices":{"requests":[{"name":"a","exactly":{"deviceClassName":"c"}}],"constraints":[{"requests":["a"],"matchAttribute":"d.example/numa"}]}}}""", [] },
        {
            "ResourceClaim",
            """
            {"spec":{"devices":{"requests":[{"name":"a"},{"name":"a","exactly":{"allocationMode":"All","count":2}},{"name":"b","firstAvailable":[{"name":"x","deviceClassName":"c","count":-1}]}],
             "constraints":[{"requests":["b/x","z"]},{"matchAttribute":"numa"}],"config":[{"requests":["q"],"opaque":{"driver":"d"}}]}}}
            """,
            [
                "spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required", "spec.devices.requests[1].name: Duplicate value: \"a\"",
                "spec.devices.requests[1].exactly.deviceClassName: Required value", "spec.devices.requests[1].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'",
                "spec.devices.requests[2].firstAvailable[0].count: Invalid value: -1: must be greater than zero",
                "spec.devices.constraints[0].requests[1]: Invalid value: \"z\": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
                "spec.devices.constraints[0]: Required value: one of `matchAttribute` or `distinctAttribute` must be set",
                "spec.devices.constraints[1].matchAttribute: Invalid value: \"numa\": must include a domain",
                "spec.devices.config[0].requests[0]: Invalid value: \"q\": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
                "spec.devices.config[0].opaque.parameters: Required value",
            ]
        },
        { "ResourceClaimTemplate", """{"spec":{"metadata":{"labels":{"a b":"c"}},"spec":{"devices":{"requests":[{"name":"a","exactly":{"deviceClassName":"c","tolerations":[{"operator":"Exists","value":"v"}]}}]}}}}""",
            [
                "spec.spec.devices.requests[0].exactly.tolerations[0].value: Invalid value: \"v\": must be empty for operator `Exists`",
                "spec.metadata.labels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            ] },
        { "ResourceSlice", """{"spec":{"driver":"d.example","pool":{"name":"node-1","resourceSliceCount":1},"nodeName":"node-1","devices":[{"name":"gpu-0","attributes":{"model":{"string":"x"},"d.example/n":{"int":0}},"capacity":{"memory":{"value":"1Gi"}}}]}}""", [] },
        {
            "ResourceSlice", """{"spec":{"driver":"","pool":{"name":"a/B","resourceSliceCount":0},"nodeName":"n","allNodes":true,"devices":[{"name":"x","attributes":{"1a":{},"ok":{"bool":false,"int":1}}},{"name":"x"}]}}""",
            [
                "spec.driver: Required value",
                "spec.pool.name: Invalid value: \"B\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
                "spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero", "spec: Invalid value: {`nodeName`, `allNodes`}: " + Where,
                "spec.devices[0].attributes: Invalid value: \"1a\": a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')",
                "spec.devices[0].attributes[1a]: Required value: exactly one value must be specified",
                "spec.devices[0].attributes[ok]: Invalid value: {\"bool\":false,\"int\":1}: exactly one value must be specified", "spec.devices[1].name: Duplicate value: \"x\"",
            ]
        },
        { "ResourceSlice", """{"spec":{"driver":"d","pool":{"name":"p","resourceSliceCount":1},"allNodes":false}}""", ["spec.allNodes: Invalid value: false: must be either unset or set to true", "spec: Required value: " + Where] },
    };

    [Theory]
    [MemberData(nameof(Creates))]
    public void ANewObject_IsToldEveryBrokenRule(string kind, string value, string[] expected) =>
        Assert.Equal(expected.Select(OneBlank), KindHarness.Create(KindHarness.Kind(kind), value).Select(OneBlank));

    public static TheoryData<string, string, string, string[]> Updates => new()
    {
        { "ResourceClaim", """{"spec":{}}""", """{"spec":{"devices":{}}}""", ["spec: Invalid value: {\"devices\":{}}: field is immutable"] },
        { "ResourceClaimTemplate", """{"spec":{}}""", """{"spec":{"metadata":{"labels":{"a":"b"}}}}""", ["spec: Invalid value: {\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{}}: field is immutable"] },
        {
            "ResourceSlice", """{"spec":{"driver":"a","pool":{"name":"p"},"nodeName":"n"}}""", """{"spec":{"driver":"b","pool":{"name":"q"},"nodeName":"m"}}""",
            ["spec.pool.name: Invalid value: \"q\": field is immutable", "spec.driver: Invalid value: \"b\": field is immutable", "spec.nodeName: Invalid value: \"m\": field is immutable"]
        },
        { "DeviceClass", """{"spec":{}}""", """{"spec":{"extendedResourceName":"a.b/c"}}""", [] },
    };

    [Theory]
    [MemberData(nameof(Updates))]
    public void AChange_OfWhatIsSetOnce_IsRefused(string kind, string stored, string changed, string[] expected) =>
        Assert.Equal(expected, KindHarness.Update(KindHarness.Kind(kind), stored, changed));

    [Theory]
    [InlineData("{}", """{"reservedFor":[{"resource":"pods","name":"p","uid":"u1"}]}""", "status.reservedFor: Forbidden: may not be specified when `allocated` is not set")]
    [InlineData("""{"allocation":{"devices":{}}}""", """{"allocation":{},"reservedFor":[{"resource":"pods","name":"p","uid":"u1"},{"resource":"pods","name":"q","uid":"u1"}]}""",
        "status.allocation: Invalid value: {}: field is immutable", "status.reservedFor[1].uid: Duplicate value: \"u1\"")]
    [InlineData("{}", """{"allocation":{},"devices":[{"driver":"d","pool":"p","device":"x"}]}""", "status.devices[0]: Invalid value: \"d/p/x\": must be an allocated device in the claim")]
    public void AClaimsStatus_FollowsItsRules(string stored, string changed, params string[] expected)
    {
        var kind = KindHarness.Kind("ResourceClaim");

        Assert.Equal(expected, KindHarness.Lines(kind.ValidateStatusUpdate(Typed(changed), Typed(stored))));

        KubeAspire.ApiMachinery.Meta.IKubernetesObject Typed(string status) => KindHarness.Typed(kind, KindHarness.Parse("{\"spec\":{},\"status\":" + status + "}"));
    }

    [Fact]
    public void ARequest_IsCompleted() => KindHarness.AssertSame(
        KindHarness.Parse(
            """
            {"spec":{"devices":{"requests":[{"exactly":{"allocationMode":"ExactCount","count":1,"tolerations":[{"operator":"Equal"}]}},
             {"firstAvailable":[{"allocationMode":"All"},{"count":3,"allocationMode":"ExactCount"}]}]}}}
            """),
        KindHarness.Defaulted(
            KindHarness.Kind("ResourceClaim"),
            """{"spec":{"devices":{"requests":[{"exactly":{"tolerations":[{}]}},{"firstAvailable":[{"allocationMode":"All"},{"count":3}]}]}}}"""));

    [Theory]
    [InlineData("ResourceClaim", """{"metadata":{"name":"a"}}""", "a|pending|<unknown>")]
    [InlineData("ResourceClaim", """{"metadata":{"name":"a","deletionTimestamp":"2026-01-01T00:00:00Z"},"status":{"allocation":{},"reservedFor":[{}]}}""", "a|deleted,allocated,reserved|<unknown>")]
    [InlineData("ResourceSlice", """{"metadata":{"name":"a"},"spec":{"driver":"d","pool":{"name":"p"},"nodeName":"n"}}""", "a|n|d|p|<unknown>")]
    [InlineData("ResourceSlice", """{"metadata":{"name":"a"},"spec":{"driver":"d","pool":{"name":"p"},"allNodes":true}}""", "a|<unset>|d|p|<unknown>")]
    public void ATable_ShowsWhatPeopleAskFor(string kind, string value, string expected) => Assert.Equal(expected, string.Join('|', KindHarness.Row(KindHarness.Kind(kind), value)));

    private static string OneBlank(string text) => text.Replace(",  or", ", or", StringComparison.Ordinal);
}
