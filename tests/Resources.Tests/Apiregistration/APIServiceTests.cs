namespace KubeAspire.Resources.Tests.Apiregistration;

public sealed class APIServiceTests
{
    public static TheoryData<string, string[]> Creates => new()
    {
        { """{"metadata":{"name":"v1."},"spec":{"version":"v1","groupPriorityMinimum":18000,"versionPriority":1}}""", [] },
        { """{"metadata":{"name":"v1.a.b"},"spec":{"group":"a.b","version":"v1","groupPriorityMinimum":1,"versionPriority":1,"service":{"name":"s","namespace":"n"}}}""", [] },
        {
            """{"metadata":{"name":"x"},"spec":{"version":"V1","groupPriorityMinimum":20001,"caBundle":"eA==","insecureSkipTLSVerify":true}}""",
            [
                "metadata.name: Invalid value: \"x\": must be `spec.version+\".\"+spec.group`: \"V1.\"", "spec.group: Required value: only v1 may have an empty group and it better be legacy kube",
                "spec.version: Invalid value: \"V1\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name', or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
                "spec.groupPriorityMinimum: Invalid value: 20001: must be positive and less than 20000", "spec.versionPriority: Invalid value: 0: must be positive and less than 1000",
                "spec.caBundle: Invalid value: \"1 bytes\": local APIServices may not have a caBundle", "spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify",
            ]
        },
        {
            """{"metadata":{"name":"v1.a"},"spec":{"group":"a","version":"v1","groupPriorityMinimum":1,"versionPriority":1,"caBundle":"eA==","insecureSkipTLSVerify":true,"service":{"port":0}}}""",
            [
                "spec.service.namespace: Required value", "spec.service.name: Required value", "spec.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive",
                "spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present",
            ]
        },
    };

    [Theory]
    [MemberData(nameof(Creates))]
    public void ANewObject_IsToldEveryBrokenRule(string value, string[] expected) => Assert.Equal(
        expected.Select(OneBlank), KindHarness.Create(KindHarness.Kind("APIService"), value).Select(OneBlank));

    [Theory]
    [InlineData("""{"metadata":{"name":"v1.apps"},"spec":{}}""", "v1.apps|Local|True|<unknown>")]
    [InlineData("""{"metadata":{"name":"v1.a"},"spec":{"service":{"name":"s","namespace":"n"}}}""", "v1.a|n/s|False (NotAggregated)|<unknown>")]
    public void TheTable_SaysWhoServesIt_AndWhetherItDoes(string value, string expected)
    {
        var kind = KindHarness.Kind("APIService");
        var made = KindHarness.Parse(value);
        kind.PrepareForCreate(made);

        Assert.Equal(expected, string.Join('|', KindHarness.Row(kind, made.ToJsonString())));
    }

    private static string OneBlank(string text) => text.Replace(",  or", ", or", StringComparison.Ordinal);
}
