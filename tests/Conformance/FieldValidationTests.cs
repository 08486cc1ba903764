using KubeAspire.Conformance.Harness;

namespace KubeAspire.Conformance;

/// <summary>What the server says of fields that it does not know, or finds twice.</summary>
public sealed class FieldValidationTests(ControlPlane api)
{
    private const string Deployment = """
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","labels":{"app":"nginx"}},
         "spec":{"unknown1":"val1","unknownDupe":"valDupe","unknownDupe":"valDupe2","paused":true,"paused":false,"selector":{"matchLabels":{"app":"nginx"}},
          "template":{"metadata":{"labels":{"app":"nginx"}},"spec":{"containers":[{"name":"nginx","image":"i","unknownNested":"val1","imagePullPolicy":"Always","imagePullPolicy":"Never"}]}}}}
        """;

    [Conformance("[sig-api-machinery] FieldValidation should detect unknown and duplicate fields of a typed object")]
    public async Task Typed()
    {
        var path = $"/apis/apps/v1/namespaces/{await api.NamespaceAsync()}/deployments";
        var refused = (await api.SendAsync("POST", path + "?fieldValidation=Strict", Deployment)).ExpectRefusal(400, "BadRequest", "strict decoding error");
        foreach (var problem in (string[])[
            "unknown field \"spec.unknown1\"", "duplicate field \"spec.paused\"", "unknown field \"spec.unknownDupe\"",
            "unknown field \"spec.template.spec.containers[0].unknownNested\"", "duplicate field \"spec.template.spec.containers[0].imagePullPolicy\""])
        {
            Assert.Contains(problem, refused.At("message"), StringComparison.Ordinal);
        }

        var warned = (await api.SendAsync("POST", path + "?fieldValidation=Warn", Deployment)).Expect(201);
        Assert.Contains(warned.Headers, header => header.Name == "Warning" && header.Value.Contains("unknown field \\\"spec.unknown1\\\"", StringComparison.Ordinal));
        (await api.SendAsync("DELETE", path + "/d")).Expect(200);
        Assert.DoesNotContain((await api.SendAsync("POST", path + "?fieldValidation=Ignore", Deployment)).Expect(201).Headers, header => header.Name == "Warning");

        (await api.SendAsync("PATCH", path + "/d?fieldValidation=Strict", """{"spec":{"foo":"bar"}}""", "application/merge-patch+json")).ExpectRefusal(422, "Invalid", "unknown field \"spec.foo\"");
        (await api.SendAsync("PATCH", path + "/d?fieldValidation=Strict", """{"spec":{"foo":"bar"}}""", "application/strategic-merge-patch+json")).ExpectRefusal(422, "Invalid", "unknown field \"spec.foo\"");
        // Twice the same key in a patch is nothing to trip over.
        var twice = await api.SendAsync("PATCH", path + "/d?fieldValidation=Strict", """{"spec":{"paused":true,"paused":false}}""", "application/merge-patch+json");
        Assert.True(twice.Code is 200 or 422, twice.Text);
        (await api.SendAsync("PATCH", path + "/e?fieldValidation=Strict&fieldManager=m", Deployment.Replace("\"d\"", "\"e\"", StringComparison.Ordinal), "application/apply-patch+yaml"))
            .Expect(400);
    }

    [Conformance("[sig-api-machinery] FieldValidation should detect unknown metadata fields of a typed object")]
    public async Task TypedMetadata()
    {
        const string Body = """
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","unknownMeta":"foo","labels":{"app":"nginx"}},"spec":{"selector":{"matchLabels":{"app":"nginx"}},
             "template":{"metadata":{"unknownTemplateMeta":"x","labels":{"app":"nginx"}},"spec":{"containers":[{"name":"nginx","image":"i"}]}}}}
            """;
        var refused = (await api.SendAsync("POST", $"/apis/apps/v1/namespaces/{await api.NamespaceAsync()}/deployments?fieldValidation=Strict", Body)).ExpectRefusal(400, "BadRequest");
        Assert.Contains("unknown field \"metadata.unknownMeta\"", refused.At("message"), StringComparison.Ordinal);
        Assert.Contains("unknown field \"spec.template.metadata.unknownTemplateMeta\"", refused.At("message"), StringComparison.Ordinal);
    }
}
