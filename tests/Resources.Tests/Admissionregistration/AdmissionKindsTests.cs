namespace KubeAspire.Resources.Tests.Admissionregistration;

public sealed class AdmissionKindsTests
{
    private const string Rule = """{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"]}""";
    private const string Hook = "\"name\":\"a.b.c\",\"sideEffects\":\"None\",\"admissionReviewVersions\":[\"v1\"],\"clientConfig\":{\"url\":\"https://a/b\"}";
    private const string Policy = "\"matchConstraints\":{\"resourceRules\":[" + Rule + "]}";

    public static TheoryData<string, string, string[]> Creates => new()
    {
        { "ValidatingWebhookConfiguration", "{\"webhooks\":[{" + Hook + ",\"rules\":[" + Rule + "]}]}", [] },
        { "MutatingWebhookConfiguration", "{\"webhooks\":[{" + Hook + "},{" + Hook + ",\"reinvocationPolicy\":\"Often\"}]}", ["webhooks[1].name: Duplicate value: \"a.b.c\"", "webhooks[1].reinvocationPolicy: Unsupported value: \"Often\": supported values: \"IfNeeded\", \"Never\""] },
        {
            "ValidatingWebhookConfiguration", """{"webhooks":[{"name":"a.b","clientConfig":{},"timeoutSeconds":31,"failurePolicy":"Try","rules":[{"operations":["*","CREATE"],"resources":["*","pods"]}]}]}""",
            [
                "webhooks[0].name: Invalid value: \"a.b\": should be a domain with at least three segments separated by dots",
                "webhooks[0].rules[0].operations: Invalid value: [\"*\",\"CREATE\"]: if '*' is present, must not specify other operations",
                "webhooks[0].rules[0].apiGroups: Required value", "webhooks[0].rules[0].apiVersions: Required value",
                "webhooks[0].rules[0].resources: Invalid value: [\"*\",\"pods\"]: if '*' is present, must not specify other resources without subresources",
                "webhooks[0].failurePolicy: Unsupported value: \"Try\": supported values: \"Fail\", \"Ignore\"",
                "webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun",
                "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
                "webhooks[0].clientConfig: Required value: exactly one of url or service is required",
                "webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1",
            ]
        },
        {
            "ValidatingWebhookConfiguration",
            """{"webhooks":[{"name":"a.b.c","sideEffects":"Some","admissionReviewVersions":["v0"],"clientConfig":{"url":"http://u@h/p?q#f"}},{"name":"a.b.d","sideEffects":"None","admissionReviewVersions":["v1"],"clientConfig":{"service":{"name":"s","namespace":"n","path":"//x"}}}]}""",
            [
                "webhooks[0].sideEffects: Unsupported value: \"Some\": supported values: \"None\", \"NoneOnDryRun\"",
                "webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host[/path]",
                "webhooks[0].clientConfig.url: Invalid value: \"u\": user information is not permitted in the URL",
                "webhooks[0].clientConfig.url: Invalid value: \"f\": fragments are not permitted in the URL",
                "webhooks[0].clientConfig.url: Invalid value: \"q\": query parameters are not permitted in the URL",
                "webhooks[0].admissionReviewVersions: Invalid value: [\"v0\"]: must include at least one of v1, v1beta1",
                "webhooks[1].clientConfig.service.path: Invalid value: \"//x\": segment[0] may not be empty",
            ]
        },
        { "ValidatingAdmissionPolicy", "{\"metadata\":{\"name\":\"p\"},\"spec\":{" + Policy + ",\"validations\":[{\"expression\":\"true\"}]}}", [] },
        {
            "ValidatingAdmissionPolicy", """{"metadata":{"name":"p"},"spec":{"paramKind":{"apiVersion":"a/b/c"}}}""",
            [
                "spec.paramKind.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c", "spec.paramKind.kind: Required value", "spec.matchConstraints: Required value",
                "spec.validations: Required value: validations or auditAnnotations must contain at least one item", "spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item",
            ]
        },
        {
            "ValidatingAdmissionPolicy", "{\"metadata\":{\"name\":\"p\"},\"spec\":{" + Policy + ",\"validations\":[{\"expression\":\"a\\nb\"},{\"expression\":\" \",\"message\":\"a\\nb\",\"reason\":\"Mood\"}],\"variables\":[{\"name\":\"in\",\"expression\":\"1\"}],\"matchConditions\":[{\"name\":\"x\",\"expression\":\"1\"},{\"name\":\"x\",\"expression\":\"\"}]}}",
            [
                "spec.matchConditions[1].expression: Required value", "spec.matchConditions[1].name: Duplicate value: \"x\"", "spec.variables[0].name: Invalid value: \"in\": name is not a valid CEL identifier",
                "spec.validations[0].message: Required value: message must be specified if expression contains line breaks",
                "spec.validations[1].expression: Required value: expression is not specified", "spec.validations[1].message: Invalid value: \"a\nb\": message must not contain line breaks",
                "spec.validations[1].reason: Unsupported value: \"Mood\": supported values: \"Forbidden\", \"Invalid\", \"RequestEntityTooLarge\", \"Unauthorized\"",
            ]
        },
        { "MutatingAdmissionPolicy", "{\"spec\":{" + Policy + ",\"reinvocationPolicy\":\"Never\",\"mutations\":[{\"patchType\":\"JSONPatch\",\"jsonPatch\":{\"expression\":\"[]\"}}]}}", [] },
        {
            "MutatingAdmissionPolicy", "{\"spec\":{" + Policy + ",\"mutations\":[{\"patchType\":\"JSONPatch\",\"applyConfiguration\":{}},{\"patchType\":\"Merge\"}]}}",
            [
                "spec.reinvocationPolicy: Required value", "spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch",
                "spec.mutations[0].applyConfiguration: Invalid value: {}: must not be specified when patchType is JSONPatch",
                "spec.mutations[1].patchType: Unsupported value: \"Merge\": supported values: \"ApplyConfiguration\", \"JSONPatch\"",
            ]
        },
        { "ValidatingAdmissionPolicyBinding", """{"spec":{"policyName":"p","validationActions":["Deny"]}}""", [] },
        {
            "ValidatingAdmissionPolicyBinding", """{"spec":{"paramRef":{},"validationActions":["Deny","Warn","Warn","Cry"]}}""",
            [
                "spec.policyName: Required value", "spec.paramRef: Required value: one of name or selector must be specified", "spec.paramRef.parameterNotFoundAction: Required value",
                "spec.validationActions[2]: Duplicate value: \"Warn\"", "spec.validationActions[3]: Unsupported value: \"Cry\": supported values: \"Audit\", \"Deny\", \"Warn\"",
                "spec.validationActions: Invalid value: [\"Deny\",\"Warn\",\"Warn\",\"Cry\"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)",
            ]
        },
        {
            "MutatingAdmissionPolicyBinding", """{"spec":{"policyName":"p","paramRef":{"name":"a","selector":{},"parameterNotFoundAction":"Deny"}}}""",
            ["spec.paramRef.name: Forbidden: name and selector are mutually exclusive", "spec.paramRef.selector: Forbidden: name and selector are mutually exclusive"]
        },
    };

    [Theory]
    [MemberData(nameof(Creates))]
    public void ANewObject_IsToldEveryBrokenRule(string kind, string value, string[] expected) => Assert.Equal(expected, KindHarness.Create(KindHarness.Kind(kind), value));

    [Fact]
    public void AWebhook_IsCompleted() => KindHarness.AssertSame(
        KindHarness.Parse(
            """
            {"webhooks":[{"clientConfig":{"service":{"name":"s","port":443}},"rules":[{"scope":"*"}],"failurePolicy":"Fail","matchPolicy":"Equivalent","namespaceSelector":{},
             "objectSelector":{},"timeoutSeconds":10,"reinvocationPolicy":"Never"}]}
            """),
        KindHarness.Defaulted(KindHarness.Kind("MutatingWebhookConfiguration"), """{"webhooks":[{"clientConfig":{"service":{"name":"s"}},"rules":[{}]}]}"""));

    [Theory]
    [InlineData("ValidatingWebhookConfiguration", """{"metadata":{"name":"a"},"webhooks":[{},{}]}""", "a|2|<unknown>")]
    [InlineData("ValidatingAdmissionPolicy", """{"metadata":{"name":"a"},"spec":{"validations":[{}],"paramKind":{"apiVersion":"v1","kind":"ConfigMap"}}}""", "a|1|v1/ConfigMap|<unknown>")]
    [InlineData("MutatingAdmissionPolicy", """{"metadata":{"name":"a"},"spec":{}}""", "a|0|<unset>|<unknown>")]
    [InlineData("ValidatingAdmissionPolicyBinding", """{"metadata":{"name":"a"},"spec":{"policyName":"p","paramRef":{"name":"x"}}}""", "a|p|*/x|<unknown>")]
    [InlineData("MutatingAdmissionPolicyBinding", """{"metadata":{"name":"a"},"spec":{"policyName":"p","paramRef":{"name":"x","namespace":"n"}}}""", "a|p|n/x|<unknown>")]
    public void ATable_ShowsWhatPeopleAskFor(string kind, string value, string expected) => Assert.Equal(expected, string.Join('|', KindHarness.Row(KindHarness.Kind(kind), value)));

    [Theory]
    [InlineData("ValidatingWebhookConfiguration", """{"webhooks":[{}]}""", "admission webhooks are stored but not called yet")]
    [InlineData("MutatingAdmissionPolicyBinding", "{}", "admission policies are stored but not enforced yet")]
    public void WhatIsNotEnforced_SaysSo(string kind, string value, string expected)
    {
        var rules = KindHarness.Kind(kind);

        Assert.Equal([expected], rules.WarningsFor(KindHarness.Typed(rules, KindHarness.Parse(value))));
    }
}
