using KubeAspire.ApiMachinery.Schemas;
using KubeAspire.Resources.Apiextensions;

namespace KubeAspire.Resources.Tests.Apiextensions;

public sealed class StructuralSchemaTests
{
    public static TheoryData<string, string, string, string> Stored => new()
    {
        { "unknown fields go", "{'a':{'type':'string'}}", "{'a':'x','b':1}", "{'a':'x'}" },
        { "zero and empty values stay", "{'a':{'type':'string'},'b':{'type':'integer'},'c':{'type':'boolean'},'d':{'type':'array','items':{'type':'string'}},'e':{'type':'object','additionalProperties':{'type':'string'}}}", "{'a':'','b':0,'c':false,'d':[],'e':{}}", "{'a':'','b':0,'c':false,'d':[],'e':{}}" },
        { "the values of a map are pruned", "{'m':{'type':'object','additionalProperties':{'type':'object','properties':{'a':{'type':'string'}}}}}", "{'m':{'x':{'a':'1','b':'2'}}}", "{'m':{'x':{'a':'1'}}}" },
        { "items are pruned", "{'l':{'type':'array','items':{'type':'object','properties':{'a':{'type':'string'}}}}}", "{'l':[{'a':'1','b':'2'}]}", "{'l':[{'a':'1'}]}" },
        { "preserved fields stay, known ones among them are pruned", "{'p':{'type':'object','x-kubernetes-preserve-unknown-fields':true,'properties':{'known':{'type':'object','properties':{'a':{'type':'string'}}}}}}", "{'p':{'x':{'y':1},'known':{'a':'1','b':2}}}", "{'p':{'x':{'y':1},'known':{'a':'1'}}}" },
        { "a value without a type is kept", "{'any':{'x-kubernetes-preserve-unknown-fields':true}}", "{'any':[{'a':{'b':null}}]}", "{'any':[{'a':{'b':null}}]}" },
        { "additionalProperties: true keeps the keys and scalars", "{'m':{'type':'object','additionalProperties':true}}", "{'m':{'a':1,'b':{'c':2}}}", "{'m':{'a':1,'b':{}}}" },
        { "a default fills what is absent", "{'a':{'type':'string','default':'x'},'b':{'type':'object','properties':{'c':{'type':'integer','default':5}}}}", "{'b':{}}", "{'a':'x','b':{'c':5}}" },
        { "a default is itself filled in", "{'b':{'type':'object','default':{},'properties':{'c':{'type':'integer','default':5}}}}", "{}", "{'b':{'c':5}}" },
        { "null where null is no value gives way to the default", "{'a':{'type':'string','default':'x'}}", "{'a':null}", "{'a':'x'}" },
        { "null where null is no value goes without a default", "{'a':{'type':'string'}}", "{'a':null}", "{}" },
        { "null where null is a value stays", "{'a':{'type':'string','nullable':true,'default':'x'}}", "{'a':null}", "{'a':null}" },
        { "a default in a map and in a list", "{'m':{'type':'object','additionalProperties':{'type':'string','default':'x'}},'l':{'type':'array','items':{'type':'string','default':'y'}}}", "{'m':{'a':null},'l':[null,'z']}", "{'m':{'a':'x'},'l':['y','z']}" },
        { "null in a list waits for the validation", "{'l':{'type':'array','items':{'type':'string'}},'m':{'type':'object','additionalProperties':{'type':'string'}}}", "{'l':[null],'m':{'a':null}}", "{'l':[null],'m':{}}" },
        { "an embedded resource keeps what it is", "{'r':{'type':'object','x-kubernetes-embedded-resource':true,'properties':{'spec':{'type':'object','properties':{'a':{'type':'string'}}}}}}", "{'r':{'apiVersion':'v1','kind':'Pod','metadata':{'name':'x','nonsense':1},'spec':{'a':'1','b':2},'more':1}}", "{'r':{'apiVersion':'v1','kind':'Pod','metadata':{'name':'x'},'spec':{'a':'1'}}}" },
        { "an int-or-string takes both", "{'a':{'x-kubernetes-int-or-string':true},'b':{'x-kubernetes-int-or-string':true}}", "{'a':1,'b':'1%'}", "{'a':1,'b':'1%'}" },
    };

    [Theory]
    [MemberData(nameof(Stored))]
    public void Object_IsPrunedAndDefaulted(string because, string properties, string spec, string expected)
    {
        var stored = SchemaHarness.Stored(SchemaHarness.Spec(properties), $"{{'spec':{spec}}}");

        Assert.True(System.Text.Json.Nodes.JsonNode.DeepEquals(SchemaHarness.Tree(expected), stored["spec"]), $"{because}: {stored.ToJsonString()}");
    }

    [Fact]
    public void Root_HasWhatEveryObjectHas()
    {
        var schema = StructuralSchema.ToSchema(SchemaHarness.Schema("{'type':'object','properties':{'metadata':{'type':'object','properties':{'name':{'type':'string','maxLength':3}}}}}"), false);

        Assert.Equal(["apiVersion", "kind", "metadata"], schema.Properties.Keys.Order());
        Assert.Equal("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", schema.Properties["metadata"].Reference!.Name);
    }

    [Fact]
    public void PreserveUnknownFields_OfTheDefinition_PrunesNothing()
    {
        var stored = SchemaHarness.Stored(SchemaHarness.Spec("{'a':{'type':'object','properties':{}}}"), "{'spec':{'a':{'x':{'y':1}},'b':2},'more':[{'z':1}]}", preserve: true);

        KindHarness.AssertSame(SchemaHarness.Tree("{'spec':{'a':{'x':{'y':1}},'b':2},'more':[{'z':1}]}"), stored);
    }

    [Fact]
    public void ListsAndMaps_AreMergedAsTheSchemaSays()
    {
        var spec = StructuralSchema.ToSchema(SchemaHarness.Spec("""
            {
              'ports':{'type':'array','x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':['port','protocol'],
                       'items':{'type':'object','required':['port'],'properties':{'port':{'type':'integer'},'protocol':{'type':'string','default':'TCP'}}}},
              'names':{'type':'array','x-kubernetes-list-type':'set','items':{'type':'string'}},
              'words':{'type':'array','items':{'type':'string'}},
              'all':{'type':'object','x-kubernetes-map-type':'atomic','additionalProperties':{'type':'string'}},
              'each':{'type':'object','additionalProperties':{'type':'string'}}
            }
            """), false).Properties["spec"].Properties;

        Assert.Equal((ListType.Map, "port,protocol"), (spec["ports"].ListType, string.Join(',', spec["ports"].ListMapKeys)));
        Assert.Equal((ListType.Set, ListType.Atomic), (spec["names"].ListType, spec["words"].ListType));
        Assert.Equal((true, false), (spec["names"].HasListType, spec["words"].HasListType));
        Assert.Equal((true, false), (spec["all"].AtomicMap, spec["each"].AtomicMap));
        Assert.Equal((SchemaType.Map, SchemaType.String), (spec["all"].Type, spec["all"].Values!.Type));
    }
}
