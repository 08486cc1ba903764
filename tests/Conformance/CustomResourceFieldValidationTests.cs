using System.Text.Json.Nodes;
using KubeAspire.Conformance.Harness;

namespace KubeAspire.Conformance;

/// <summary>What the server says of fields of custom resources that it does not know, or finds twice.</summary>
public sealed class CustomResourceFieldValidationTests(ControlPlane api)
{
    private const string Apply = "application/apply-patch+yaml";
    private const string Prefix = "[sig-api-machinery] FieldValidation should ";

    private const string Validated = """
        {"type":"object","properties":{"spec":{"type":"object","x-kubernetes-preserve-unknown-fields":PRESERVE,"properties":{
          "cronSpec":{"type":"string","pattern":"^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$"},
          "foo":{"type":"string"},"ports":{"type":"array","x-kubernetes-list-map-keys":["containerPort","protocol"],"x-kubernetes-list-type":"map",
            "items":{"type":"object","required":["containerPort","protocol"],"properties":{"containerPort":{"type":"integer","format":"int32"},"hostIP":{"type":"string"},"hostPort":{"type":"integer","format":"int32"},"name":{"type":"string"},"protocol":{"type":"string"}}}},
          "template":{"type":"object","x-kubernetes-embedded-resource":true,"properties":{"metadata":{"type":"object","properties":{"name":{"type":"string"}}},"spec":{"type":"object"}}}}}}}
        """;

    private async Task<CustomDefinition> DefineAsync(bool preserve)
    {
        var definition = CustomDefinition.Make(value => value["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"] =
            JsonNode.Parse(Validated.Replace("PRESERVE", preserve ? "true" : "false", StringComparison.Ordinal).Replace(",\"x-kubernetes-preserve-unknown-fields\":false", "", StringComparison.Ordinal)));
        await definition.EstablishAsync(api);
        return definition;
    }

    [Conformance(Prefix + "create/apply a CR with unknown fields for CRD with no validation schema")]
    public async Task NoSchema()
    {
        var definition = CustomDefinition.Make();
        await definition.EstablishAsync(api);
        var made = (await api.SendAsync("PATCH", $"{definition.Objects}/mytest?fieldManager=m&fieldValidation=Strict", definition.Object("mytest", "\"spec\":{\"unknown\":\"uk1\",\"cronSpec\":\"* * * * */5\"}"), Apply)).Expect(201);
        Assert.Equal("uk1", made.At("spec.unknown"));
        (await api.SendAsync("POST", $"{definition.Objects}?fieldValidation=Strict", definition.Object("other", "\"spec\":{\"unknown\":\"uk1\"}"))).Expect(201);
        await definition.RemoveAsync(api);
    }

    [Conformance(Prefix + "create/apply a valid CR for CRD with validation schema")]
    public async Task Valid()
    {
        var definition = await DefineAsync(preserve: false);
        const string Spec = "\"spec\":{\"cronSpec\":\"* * * * */5\",\"ports\":[{\"containerPort\":8080,\"protocol\":\"TCP\",\"name\":\"x\"}]}";
        (await api.SendAsync("PATCH", $"{definition.Objects}/mytest?fieldManager=m&fieldValidation=Strict", definition.Object("mytest", Spec), Apply)).Expect(201);
        (await api.SendAsync("POST", $"{definition.Objects}?fieldValidation=Strict", definition.Object("other", Spec))).Expect(201);
        await definition.RemoveAsync(api);
    }

    [Conformance(Prefix + "create/apply an invalid CR with extra properties for CRD with validation schema")]
    public async Task Extra()
    {
        var definition = await DefineAsync(preserve: false);
        const string Spec = "\"spec\":{\"unknown\":\"uk1\",\"cronSpec\":\"* * * * */5\",\"ports\":[{\"containerPort\":8080,\"protocol\":\"TCP\",\"name\":\"x\",\"unknownNested\":1}]}";
        var refused = (await api.SendAsync("PATCH", $"{definition.Objects}/mytest?fieldManager=m&fieldValidation=Strict", definition.Object("mytest", Spec), Apply)).ExpectRefusal(400, "BadRequest", "strict decoding error");
        Assert.Contains("unknown field \"spec.unknown\"", refused.At("message"), StringComparison.Ordinal);
        Assert.Contains("unknown field \"spec.ports[0].unknownNested\"", refused.At("message"), StringComparison.Ordinal);
        (await api.SendAsync("POST", $"{definition.Objects}?fieldValidation=Strict", definition.Object("mytest", Spec))).ExpectRefusal(400, "BadRequest", "unknown field \"spec.unknown\"");
        await definition.RemoveAsync(api);
    }

    [Conformance(Prefix + "detect duplicates in a CR when preserving unknown fields")]
    public async Task Duplicates()
    {
        var definition = await DefineAsync(preserve: true);
        const string Spec = "\"spec\":{\"unknown1\":\"val1\",\"unknownDupe\":\"valDupe\",\"unknownDupe\":\"valDupe2\",\"cronSpec\":\"* * * * */5\",\"foo\":\"foo1\",\"foo\":\"foo2\",\"ports\":[{\"containerPort\":8080,\"protocol\":\"TCP\",\"hostPort\":8081,\"hostPort\":8082}]}";
        var refused = (await api.SendAsync("POST", $"{definition.Objects}?fieldValidation=Strict", definition.Object("mytest", Spec))).ExpectRefusal(400, "BadRequest", "strict decoding error");
        foreach (var problem in (string[])["duplicate field \"spec.unknownDupe\"", "duplicate field \"spec.foo\"", "duplicate field \"spec.ports[0].hostPort\""])
        {
            Assert.Contains(problem, refused.At("message"), StringComparison.Ordinal);
        }

        Assert.DoesNotContain("unknown field", refused.At("message"), StringComparison.Ordinal);
        await definition.RemoveAsync(api);
    }

    [Conformance(Prefix + "detect unknown metadata fields in both the root and embedded object of a CR")]
    public async Task Metadata()
    {
        var definition = await DefineAsync(preserve: false);
        var body = $$$$$"""
            {"apiVersion":"{{{{{definition.Group}}}}}/v1","kind":"{{{{{definition.Kind}}}}}","metadata":{"name":"mytest","unknownMeta":"foo"},
             "spec":{"cronSpec":"* * * * */5","template":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"t","unknownSubMeta":"x"}}}}
            """;
        var refused = (await api.SendAsync("POST", $"{definition.Objects}?fieldValidation=Strict", body)).ExpectRefusal(400, "BadRequest", "strict decoding error");
        Assert.Contains("unknown field \"metadata.unknownMeta\"", refused.At("message"), StringComparison.Ordinal);
        Assert.Contains("unknown field \"spec.template.metadata.unknownSubMeta\"", refused.At("message"), StringComparison.Ordinal);
        await definition.RemoveAsync(api);
    }
}
