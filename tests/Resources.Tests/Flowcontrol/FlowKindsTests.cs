using KubeAspire.Resources.Flowcontrol;

namespace KubeAspire.Resources.Tests.Flowcontrol;

public sealed class FlowKindsTests
{
    private const string Everyone = "{\"subjects\":[{\"kind\":\"Group\",\"group\":{\"name\":\"g\"}}],\"nonResourceRules\":[{\"verbs\":[\"get\"],\"nonResourceURLs\":[\"/healthz\"]}]}";

    public static TheoryData<string, string, string[]> Creates => new()
    {
        { "FlowSchema", "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"priorityLevelConfiguration\":{\"name\":\"p\"},\"rules\":[" + Everyone + "]}}", [] },
        {
            "FlowSchema", """{"metadata":{"name":"a"},"spec":{"matchingPrecedence":1,"distinguisherMethod":{"type":"ByMood"},"priorityLevelConfiguration":{},"rules":[{"subjects":[]}]}}""",
            [
                "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1", "spec.distinguisherMethod: Unsupported value: \"ByMood\": supported values: \"ByNamespace\", \"ByUser\"",
                "spec.priorityLevelConfiguration.name: Required value: must reference a priority level", "spec.rules[0].subjects: Required value: subjects must contain at least one value",
                "spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty",
            ]
        },
        {
            "FlowSchema",
            """
            {"metadata":{"name":"a"},"spec":{"matchingPrecedence":10001,"priorityLevelConfiguration":{"name":"p"},"rules":[{"subjects":[{"kind":"User","group":{"name":"g"}},{"kind":"Robot"}],
             "resourceRules":[{"verbs":["get","fly"],"apiGroups":["*","apps"],"resources":[]}],"nonResourceRules":[{"verbs":["get"],"nonResourceURLs":["healthz","/a*"]}]}]}}
            """,
            [
                "spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000",
                "spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'", "spec.rules[0].subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'",
                "spec.rules[0].subjects[1].kind: Unsupported value: \"Robot\": supported values: \"Group\", \"ServiceAccount\", \"User\"",
                "spec.rules[0].resourceRules[0].verbs: Unsupported value: [\"get\",\"fly\"]: supported values: \"*\", \"create\", \"delete\", \"deletecollection\", \"get\", \"list\", \"patch\", \"proxy\", \"update\", \"watch\"",
                "spec.rules[0].resourceRules[0].apiGroups: Invalid value: [\"*\",\"apps\"]: if '*' is present, must not specify other api groups",
                "spec.rules[0].resourceRules[0].resources: Required value: resource rules must supply at least one resource",
                "spec.rules[0].resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace",
                "spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: \"healthz\": must start with slash",
                "spec.rules[0].nonResourceRules[0].nonResourceURLs[1]: Invalid value: \"/a*\": wildcard can only do suffix matching",
            ]
        },
        { "PriorityLevelConfiguration", """{"metadata":{"name":"a"},"spec":{"type":"Limited","limited":{"limitResponse":{"type":"Queue","queuing":{}}}}}""", [] },
        { "PriorityLevelConfiguration", """{"metadata":{"name":"a"},"spec":{"type":"Exempt"}}""", ["spec.type: Invalid value: \"Exempt\": type must be 'Exempt' if and only if name is 'exempt'"] },
        { "PriorityLevelConfiguration", """{"metadata":{"name":"a"},"spec":{"type":"Limited"}}""", ["spec.limited: Required value: must not be empty when type is Limited"] },
        { "PriorityLevelConfiguration", """{"metadata":{"name":"a"},"spec":{"type":"Some"}}""", ["spec.type: Unsupported value: \"Some\": supported values: \"Exempt\", \"Limited\""] },
        {
            "PriorityLevelConfiguration", """{"metadata":{"name":"a"},"spec":{"type":"Limited","exempt":{},"limited":{"nominalConcurrencyShares":-1,"lendablePercent":101,"borrowingLimitPercent":-1,"limitResponse":{"type":"Queue","queuing":{"queues":4,"handSize":5}}}}}""",
            [
                "spec.exempt: Forbidden: must be nil if the type is Limited", "spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer",
                "spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive", "spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer",
                "spec.limited.limitResponse.queuing.handSize: Invalid value: 5: should not be greater than queues (4)",
            ]
        },
        {
            "PriorityLevelConfiguration", """{"metadata":{"name":"a"},"spec":{"type":"Limited","limited":{"limitResponse":{"type":"Queue","queuing":{"queues":1000,"handSize":10}}}}}""",
            ["spec.limited.limitResponse.queuing.handSize: Invalid value: 10: required entropy bits of deckSize 1000 and handSize 10 should not be greater than 60"]
        },
        {
            "PriorityLevelConfiguration", """{"metadata":{"name":"catch-all"},"spec":{"type":"Limited","limited":{"nominalConcurrencyShares":6,"limitResponse":{"type":"Reject"}}}}""",
            ["spec: Invalid value: {\"limited\":{\"lendablePercent\":0,\"limitResponse\":{\"type\":\"Reject\"},\"nominalConcurrencyShares\":6},\"type\":\"Limited\"}: spec of 'catch-all' must equal the fixed value"]
        },
    };

    [Theory]
    [MemberData(nameof(Creates))]
    public void ANewObject_IsToldEveryBrokenRule(string kind, string value, string[] expected) => Assert.Equal(expected, KindHarness.Create(KindHarness.Kind(kind), value));

    [Theory]
    [InlineData("FlowSchema", """{"spec":{}}""", """{"spec":{"matchingPrecedence":1000}}""")]
    [InlineData(
        "PriorityLevelConfiguration", """{"spec":{"limited":{"nominalConcurrencyShares":0,"limitResponse":{"queuing":{}}}}}""",
        """{"spec":{"limited":{"nominalConcurrencyShares":0,"lendablePercent":0,"limitResponse":{"queuing":{"handSize":8,"queues":64,"queueLengthLimit":50}}}}}""")]
    [InlineData("PriorityLevelConfiguration", """{"spec":{"exempt":{}}}""", """{"spec":{"exempt":{"nominalConcurrencyShares":0,"lendablePercent":0}}}""")]
    public void AbsentFields_AreSet(string kind, string given, string expected) => KindHarness.AssertSame(KindHarness.Parse(expected), KindHarness.Defaulted(KindHarness.Kind(kind), given));

    [Theory]
    [InlineData("FlowSchema", """{"metadata":{"name":"a"},"spec":{"matchingPrecedence":9,"priorityLevelConfiguration":{"name":"p"},"distinguisherMethod":{"type":"ByUser"}},"status":{"conditions":[{"type":"Dangling","status":"False"}]}}""", "a|p|9|ByUser|<unknown>|False")]
    [InlineData("PriorityLevelConfiguration", """{"metadata":{"name":"a"},"spec":{"type":"Limited","limited":{"nominalConcurrencyShares":40,"limitResponse":{"queuing":{"queues":64,"handSize":6,"queueLengthLimit":50}}}}}""", "a|Limited|40|64|6|50|<unknown>")]
    [InlineData("PriorityLevelConfiguration", """{"metadata":{"name":"exempt"},"spec":{"type":"Exempt"}}""", "exempt|Exempt|<none>|<none>|<none>|<none>|<unknown>")]
    public void ATable_ShowsWhatPeopleAskFor(string kind, string value, string expected) => Assert.Equal(expected, string.Join('|', KindHarness.Row(KindHarness.Kind(kind), value)));

    [Theory]
    [InlineData("exempt")]
    [InlineData("catch-all")]
    public void AMandatorySchema_HasTheSpecThatItMustHave(string name)
    {
        var kind = KindHarness.Kind("FlowSchema");
        var schema = new FlowSchema { Metadata = new() { Name = name }, Spec = MandatoryFlows.Schema(name)! };

        Assert.Empty(kind.Validate(schema));
        Assert.Contains(kind.Validate(schema with { Spec = schema.Spec with { DistinguisherMethod = new() { Type = "ByNamespace" } } }), error => error.Detail.EndsWith("must equal the fixed value", StringComparison.Ordinal));
    }
}
