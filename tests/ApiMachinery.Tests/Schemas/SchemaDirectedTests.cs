using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Schemas;

namespace KubeAspire.ApiMachinery.Tests.Schemas;

public sealed class SchemaDirectedTests
{
    [Fact]
    public void Prune_RemovesUnknownFieldsAndNulls_AndNamesThem()
    {
        var value = Trees.Of(
            """
            {"apiVersion":"apps/v1","kind":"Deployment","foo":1,"metadata":{"name":"x","creationTimestamp":null,"labels":{"a":null,"b":"c"}},
             "spec":{"replicas":null,"bar":{},"template":{"spec":{"containers":[{"name":"a","foo":1},{"name":"b","ports":[{"containerPort":1,"x":2}]}]}}}}
            """);

        var problems = UnknownFields.Prune(value, Kinds.Deployment);

        Assert.Equal(
            ["unknown field \"foo\"", "unknown field \"spec.bar\"", "unknown field \"spec.template.spec.containers[0].foo\"", "unknown field \"spec.template.spec.containers[1].ports[0].x\""],
            problems);
        Trees.Same(
            """
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x","labels":{"a":"","b":"c"}},
             "spec":{"template":{"spec":{"containers":[{"name":"a"},{"name":"b","ports":[{"containerPort":1}]}]}}}}
            """,
            value);
    }

    [Fact]
    public void Prune_KeepsWhatASchemaPreserves()
    {
        var open = new Schema("Open", () => [new("known", new Schema(SchemaType.String))]) { PreserveUnknownFields = true };
        var embedded = new Schema("Embedded", () => []) { EmbeddedResource = true };
        var root = new Schema("Root", () => [new("open", open), new("embedded", embedded), new("any", new Schema(SchemaType.Any))]);
        var value = Trees.Of("""{"open":{"x":{"y":1}},"embedded":{"apiVersion":"v1","kind":"X","metadata":{"name":"n"},"spec":1},"any":{"z":[1]}}""");

        Assert.Equal(["unknown field \"embedded.spec\""], UnknownFields.Prune(value, root));
        Trees.Same("""{"open":{"x":{"y":1}},"embedded":{"apiVersion":"v1","kind":"X","metadata":{"name":"n"}},"any":{"z":[1]}}""", value);
    }

    public static TheoryData<string, string?> Types => new()
    {
        { """{"spec":{"replicas":3}}""", null },
        { """{"spec":{"replicas":"3"}}""", "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32" },
        { """{"spec":{"replicas":1.5}}""", "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32" },
        { """{"spec":{"replicas":3000000000}}""", "json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32" },
        { """{"spec":{"paused":"yes"}}""", "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.paused of type bool" },
        { """{"spec":[]}""", "json: cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec" },
        { """{"metadata":{"labels":{"a":1}}}""", "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string" },
        { """{"metadata":{"labels":"a"}}""", "json: cannot unmarshal string into Go struct field ObjectMeta.metadata.labels of type map[string]string" },
        { """{"spec":{"template":{"spec":{"containers":{}}}}}""", "json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container" },
        { """{"spec":{"template":{"spec":{"containers":[{"env":[{"name":"A","value":1}]}]}}}}""", "json: cannot unmarshal number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string" },
        { """{"spec":{"template":{"spec":{"containers":[{"resources":{"limits":{"cpu":"lots"}}}]}}}}""", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'" },
        { """{"spec":{"template":{"spec":{"containers":[{"resources":{"limits":{"cpu":2,"memory":"1Gi"}}}]}}}}""", null },
        { """{"spec":{"strategy":{"rollingUpdate":{"maxSurge":true}}}}""", "json: cannot unmarshal bool into Go struct field RollingUpdateDeployment.spec.strategy.rollingUpdate.maxSurge of type int32" },
        { """{"spec":{"strategy":{"rollingUpdate":{"maxSurge":"25%","maxUnavailable":0}}}}""", null },
        { """{"metadata":{"creationTimestamp":"soon"}}""", "parsing time \"soon\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"soon\" as \"2006\"" },
        { """{"metadata":{"creationTimestamp":"2026-11-21T04:00:00+02:00"}}""", null },
        { """{"metadata":{"name":null}}""", null },
    };

    [Theory]
    [MemberData(nameof(Types))]
    public void Check_RefusesAWrongType_InUpstreamsWords(string json, string? problem)
    {
        var value = Trees.Of(json);
        value["apiVersion"] = "apps/v1";

        var error = TypeCheck.Check(value, Kinds.Deployment, "Deployment");

        Assert.Equal(problem is null ? null : $"Deployment in version \"v1\" cannot be handled as a Deployment: {problem}", error?.Message);
    }

    [Theory]
    [InlineData("""{"a":"aGk="}""", null)]
    [InlineData("""{"a":"a!k="}""", "illegal base64 data at input byte 1")]
    [InlineData("""{"a":"aGk"}""", "illegal base64 data at input byte 0")]
    public void Check_RefusesBadBase64(string data, string? problem)
    {
        var value = new JsonObject { ["apiVersion"] = "v1", ["data"] = JsonNode.Parse(data) };

        Assert.Equal(problem, TypeCheck.Check(value, Kinds.Find("io.k8s.api.core.v1.Secret"), "Secret")?.Message.Split(": ")[1]);
    }

    [Fact]
    public void RandomObjects_PassTheirOwnSchema()
    {
        foreach (var type in Resources.BuiltInTypes.All)
        {
            var value = new RandomObjects(11).Object(Kinds.Find(type.Definition), type.Type.ApiVersion, type.Type.Kind);

            Assert.Null(TypeCheck.Check(value, Kinds.Find(type.Definition), type.Type.Kind));
            Assert.Empty(UnknownFields.Prune(value, Kinds.Find(type.Definition)));
        }
    }

    [Fact]
    public void Defaults_FillWhereTheParentStands_AndFillWhatTheyFilled()
    {
        var inner = new Schema("Inner", () => [new("x", new Schema(SchemaType.Integer) { Default = JsonValue.Create(5) })]) { Default = new JsonObject() };
        var item = new Schema("Item", () => [new("protocol", new Schema(SchemaType.String) { Default = JsonValue.Create("TCP") })]);
        var root = new Schema("Root", () => [new("inner", inner), new("list", new Schema(SchemaType.Array, items: item)), new("map", new Schema(SchemaType.Map, values: item))]);
        var value = Trees.Of("""{"list":[{},{"protocol":"UDP"},{"protocol":null}],"map":{"k":{}}}""");

        Defaults.Apply(value, root);

        Trees.Same("""{"list":[{"protocol":"TCP"},{"protocol":"UDP"},{"protocol":"TCP"}],"map":{"k":{"protocol":"TCP"}},"inner":{"x":5}}""", value);
    }

    [Fact]
    public void Normalization_LeavesWhatUpstreamsEncoderWouldWrite()
    {
        var value = Trees.Of(
            """
            {"metadata":{"name":"x","labels":{},"creationTimestamp":"2026-11-21T04:00:00.5+02:00"},
             "spec":{"replicas":0,"paused":false,"minReadySeconds":0,"template":{"spec":{"hostNetwork":false,"nodeName":"","containers":[
               {"name":"a","args":[],"resources":{"limits":{"cpu":"0.5","memory":"1024Mi"}}}]}}}}
            """);

        Normalization.Apply(value, Kinds.Deployment);

        Trees.Same(
            """
            {"metadata":{"name":"x","creationTimestamp":"2026-11-21T02:00:00Z"},
             "spec":{"replicas":0,"template":{"spec":{"containers":[{"name":"a","resources":{"limits":{"cpu":"500m","memory":"1Gi"}}}]}}}}
            """,
            value);
    }
}
