using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Schemas;
using KubeAspire.Resources.Apiextensions;

namespace KubeAspire.Resources.Tests.Apiextensions;

/// <summary>Definitions and objects of other projects are accepted as they are, and their mistakes told.</summary>
public sealed class RealDefinitionTests
{
    private static readonly CustomResourceDefinitionKind s_kind = new();

    public static TheoryData<string> Names => [.. RealDefinitions.All.Keys];

    private static CustomResourceDefinition Definition(string plural) =>
        (CustomResourceDefinition)KindHarness.Typed(s_kind, KindHarness.Defaulted(s_kind, SchemaHarness.Tree(RealDefinitions.All[plural]).ToJsonString()));

    private static JSONSchemaProps Root(string plural) => Definition(plural).Spec.Versions[0].Schema!.OpenAPIV3Schema!;

    [Theory]
    [MemberData(nameof(Names))]
    public void Definition_IsAccepted_AsItIs(string plural)
    {
        var given = SchemaHarness.Tree(RealDefinitions.All[plural]);
        var value = (JsonObject)given.DeepClone();
        Assert.Empty(UnknownFields.Prune(value, s_kind.Schema));
        Assert.Null(TypeCheck.Check(value, s_kind.Schema, "CustomResourceDefinition"));
        Normalization.Apply(value, s_kind.Schema);

        Assert.Empty(KindHarness.Create(s_kind, value.ToJsonString()));
        // Nothing of a schema is lost on the way through the typed view.
        var typed = System.Text.Json.JsonSerializer.SerializeToNode(Root(plural), KubernetesJson.TypeInfo<JSONSchemaProps>());
        KindHarness.AssertSame(given["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"], typed);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Definition_IsPublished(string plural)
    {
        var v2 = PublishedSchema.OpenApiV2(Root(plural), false).ToJsonString();

        Assert.All((string[])["\"anyOf\"", "\"oneOf\"", "\"allOf\"", "\"nullable\""], word => Assert.DoesNotContain(word, v2, StringComparison.Ordinal));
        Assert.NotNull(PublishedSchema.OpenApiV3(Root(plural), false)["properties"]!["spec"]);
    }

    public static TheoryData<string, string, string> Objects => new()
    {
        {
            "certificates",
            "{'apiVersion':'cert-manager.io/v1','kind':'Certificate','metadata':{'name':'web'},'spec':{'secretName':'web-tls','dnsNames':['example.com'],'issuerRef':{'name':'ca','kind':'ClusterIssuer'},'privateKey':{'algorithm':'ECDSA','size':256},'usages':['server auth']}}",
            ""
        },
        {
            "servicemonitors",
            "{'apiVersion':'monitoring.coreos.com/v1','kind':'ServiceMonitor','metadata':{'name':'web'},'spec':{'selector':{'matchLabels':{'app':'web'}},'endpoints':[{'port':'http','interval':'30s','params':{'match[]':['up']}},{'targetPort':9090,'metricRelabelings':[{'sourceLabels':['__name__']}],'basicAuth':{'password':{'key':'p'}}}]}}",
            "{'spec':{'endpoints':[{},{'metricRelabelings':[{'action':'replace'}],'basicAuth':{'password':{'name':''}}}]}}"
        },
        {
            "applications",
            "{'apiVersion':'argoproj.io/v1alpha1','kind':'Application','metadata':{'name':'web'},'spec':{'project':'default','destination':{'server':'https://kubernetes.default.svc'},'source':{'repoURL':'https://example.com/r.git','helm':{'valuesObject':{'image':{'tag':null,'pull':['a',{'b':1}]}}},'kustomize':{'replicas':[{'name':'a','count':2},{'name':'b','count':'3'}]}}}}",
            ""
        },
        {
            "httproutes",
            "{'apiVersion':'gateway.networking.k8s.io/v1','kind':'HTTPRoute','metadata':{'name':'web'},'spec':{'hostnames':['*.example.com'],'parentRefs':[{'name':'edge'}],'rules':[{'backendRefs':[{'name':'web','port':80}],'timeouts':{'request':'10s'}}]}}",
            "{'spec':{'parentRefs':[{'group':'gateway.networking.k8s.io','kind':'Gateway'}],'rules':[{'backendRefs':[{'group':'','kind':'Service','weight':1}],'matches':[{'path':{'type':'PathPrefix','value':'/'}}]}]}}"
        },
        {
            "bundles",
            "{'apiVersion':'work.example.org/v1beta2','kind':'Bundle','metadata':{'name':'web'},'spec':{'limit':null,'anything':[1,{'a':null}],'manifests':[{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'a'},'data':{'x':'y'}}],'template':{'apiVersion':'v1','kind':'Thing','spec':{'image':'x'}},'ports':[{'port':53},{'port':53,'protocol':'UDP'}]}}",
            "{'spec':{'replicas':1,'ports':[{'protocol':'TCP'},{}]}}"
        },
    };

    [Theory]
    [MemberData(nameof(Objects))]
    public void Object_IsAccepted_WithItsDefaults(string plural, string json, string defaults)
    {
        var root = Root(plural);
        var expected = SchemaHarness.Tree(json);
        if (defaults.Length > 0)
        {
            Merge(expected, SchemaHarness.Tree(defaults));
        }

        var stored = SchemaHarness.Stored(root, json);

        KindHarness.AssertSame(expected, stored);
        Assert.Empty(KindHarness.Lines(new CustomResourceValidator(root).Validate(stored)));
    }

    public static TheoryData<string, string, string[]> Mistakes => new()
    {
        {
            "certificates", "{'spec':{'dnsNames':'example.com','issuerRef':{},'privateKey':{'algorithm':'DSA'}},'status':{'notAfter':'tomorrow','conditions':[{'type':'Ready','status':'True'},{'type':'Ready','status':'Maybe'}]}}",
            [
                "spec.secretName: Required value",
                "spec.dnsNames: Invalid value: \"string\": spec.dnsNames in body must be of type array: \"string\"",
                "spec.issuerRef.name: Required value",
                "spec.privateKey.algorithm: Unsupported value: \"DSA\": supported values: \"RSA\", \"ECDSA\", \"Ed25519\"",
                "status.notAfter: Invalid value: \"tomorrow\": status.notAfter in body must be of type date-time: \"tomorrow\"",
                "status.conditions[1].status: Unsupported value: \"Maybe\": supported values: \"True\", \"False\", \"Unknown\"",
                "status.conditions[1]: Duplicate value: {\"type\":\"Ready\"}",
            ]
        },
        {
            "servicemonitors", "{'spec':{'selector':{},'endpoints':[{'interval':'30 s','targetPort':true,'params':{'a':'b'}}],'sampleLimit':-1}}",
            [
                "spec.endpoints[0].interval: Invalid value: \"30 s\": spec.endpoints[0].interval in body should match '^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$'",
                "spec.endpoints[0].targetPort: Invalid value: \"boolean\": spec.endpoints[0].targetPort in body must be of type integer,string: \"boolean\"",
                "<nil>: Invalid value: \"\": \"spec.endpoints[0].targetPort\" must validate at least one schema (anyOf)",
                "spec.endpoints[0].targetPort: Invalid value: \"boolean\": spec.endpoints[0].targetPort in body must be of type integer: \"boolean\"",
                "spec.endpoints[0].params.a: Invalid value: \"string\": spec.endpoints[0].params.a in body must be of type array: \"string\"",
                "spec.sampleLimit: Invalid value: -1: spec.sampleLimit in body should be greater than or equal to 0",
            ]
        },
        {
            "httproutes", "{'spec':{'hostnames':['Example.com',''],'parentRefs':[{'name':'edge','port':70000}]},'status':{'parents':[{'controllerName':'x','conditions':[]}]}}",
            [
                @"spec.hostnames[0]: Invalid value: ""Example.com"": spec.hostnames[0] in body should match '^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'",
                "spec.hostnames[1]: Invalid value: \"\": spec.hostnames[1] in body should be at least 1 chars long",
                "spec.parentRefs[0].port: Invalid value: 70000: spec.parentRefs[0].port in body should be less than or equal to 65535",
                "status.parents[0].conditions: Invalid value: 0: status.parents[0].conditions in body should have at least 1 items",
            ]
        },
        {
            "bundles", "{'metadata':{'name':'a-name-that-is-too-long'},'spec':{'replicas':-1,'manifests':[{'kind':'ConfigMap'}],'template':{'apiVersion':'a/b/c','kind':'Thing'}}}",
            [
                "metadata.name: Too long: may not be more than 20 bytes",
                "spec.replicas: Invalid value: -1: spec.replicas in body should be greater than or equal to 0",
                "spec.manifests[0].apiVersion: Required value: must not be empty",
                "spec.template.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c",
            ]
        },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Mistake_IsTold(string plural, string json, string[] expected) => Assert.Equal(expected, SchemaHarness.Errors(Root(plural), json));

    [Fact]
    public void Columns_ShowWhatTheyName()
    {
        var value = SchemaHarness.Tree("{'metadata':{'creationTimestamp':'2026-11-21T10:00:00Z'},'spec':{'secretName':'s','issuerRef':{'name':'ca'}},'status':{'conditions':[{'type':'Issuing','status':'False'},{'type':'Ready','status':'True'}]}}");

        Assert.Equal(["True", "s", "ca", "120m"], Definition("certificates").Spec.Versions[0].AdditionalPrinterColumns!.Select(column =>
            JsonPath.TryParse(column.JsonPath, out var path, out _) ? path.Cell(value, column.Type, KindHarness.Now) : "no path"));
    }

    private static void Merge(JsonNode into, JsonNode more)
    {
        switch (more)
        {
            case JsonObject fields:
                foreach (var (name, child) in fields)
                {
                    if (into[name] is { } found)
                    {
                        Merge(found, child!);
                    }
                    else
                    {
                        into[name] = child!.DeepClone();
                    }
                }

                break;
            case JsonArray items:
                for (var i = 0; i < items.Count; i++)
                {
                    Merge(into[i]!, items[i]!);
                }

                break;
        }
    }
}
