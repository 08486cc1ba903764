namespace KubeAspire.Resources.Tests.Apiextensions;

public sealed class CustomResourceValidatorTests
{
    public static TheoryData<string, string, string[]> Values => new()
    {
        { "{'replicas':{'type':'integer','minimum':1,'maximum':10}}", "{'replicas':11}", ["spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10"] },
        { "{'replicas':{'type':'integer','minimum':1,'maximum':10}}", "{'replicas':0}", ["spec.replicas: Invalid value: 0: spec.replicas in body should be greater than or equal to 1"] },
        { "{'a':{'type':'number','exclusiveMaximum':true,'maximum':1.5}}", "{'a':1.5}", ["spec.a: Invalid value: 1.5: spec.a in body should be less than 1.5"] },
        { "{'a':{'type':'number','exclusiveMinimum':true,'minimum':0}}", "{'a':0}", ["spec.a: Invalid value: 0: spec.a in body should be greater than 0"] },
        { "{'a':{'type':'integer','multipleOf':5}}", "{'a':7}", ["spec.a: Invalid value: 7: spec.a in body should be a multiple of 5"] },
        { "{'a':{'type':'number','multipleOf':0.1}}", "{'a':0.3}", [] },
        { "{'a':{'type':'integer','format':'int32'}}", "{'a':3000000000}", ["<nil>: Invalid value: \"\": Checked value must be of type integer with format int32"] },
        { "{'a':{'type':'integer','format':'int64'}}", "{'a':3000000000}", [] },
        { "{'x':{'type':'integer'}}", "{'x':'string'}", ["spec.x: Invalid value: \"string\": spec.x in body must be of type integer: \"string\""] },
        { "{'x':{'type':'integer'}}", "{'x':1.5}", ["spec.x: Invalid value: \"number\": spec.x in body must be of type integer: \"number\""] },
        { "{'x':{'type':'integer'}}", "{'x':1.0}", [] },
        { "{'x':{'type':'number'}}", "{'x':1}", [] },
        { "{'x':{'type':'string'}}", "{'x':{}}", ["spec.x: Invalid value: \"object\": spec.x in body must be of type string: \"object\""] },
        { "{'x':{'type':'object'}}", "{'x':[]}", ["spec.x: Invalid value: \"array\": spec.x in body must be of type object: \"array\""] },
        { "{'x':{'type':'array','items':{'type':'string'}}}", "{'x':[null]}", ["spec.x[0]: Invalid value: \"null\": spec.x[0] in body must be of type string: \"null\""] },
        { "{'x':{'type':'string','nullable':true}}", "{'x':null}", [] },
        { "{'x':{'x-kubernetes-int-or-string':true}}", "{'x':true}", ["spec.x: Invalid value: \"boolean\": spec.x in body must be of type integer,string: \"boolean\""] },
        { "{'x':{'x-kubernetes-int-or-string':true,'anyOf':[{'type':'integer'},{'type':'string'}]}}", "{'x':'5%'}", [] },
        {
            "{'x':{'x-kubernetes-int-or-string':true,'anyOf':[{'type':'integer'},{'type':'string'}]}}", "{'x':1.5}",
            [
                "spec.x: Invalid value: \"number\": spec.x in body must be of type integer,string: \"number\"",
                "<nil>: Invalid value: \"\": \"spec.x\" must validate at least one schema (anyOf)",
                "spec.x: Invalid value: \"number\": spec.x in body must be of type integer: \"number\"",
            ]
        },
        { "{'x':{'type':'string','enum':['a','b']}}", "{'x':'x'}", ["spec.x: Unsupported value: \"x\": supported values: \"a\", \"b\""] },
        { "{'x':{'type':'integer','enum':[1,2]}}", "{'x':3}", ["spec.x: Unsupported value: 3: supported values: \"1\", \"2\""] },
        { "{'x':{'type':'string','enum':['5']}}", "{'x':'6'}", ["spec.x: Unsupported value: \"6\": supported values: \"5\""] },
        { "{'x':{'type':'string','minLength':1}}", "{'x':''}", ["spec.x: Invalid value: \"\": spec.x in body should be at least 1 chars long"] },
        { "{'x':{'type':'string','maxLength':2}}", "{'x':'abc'}", ["spec.x: Too long: may not be more than 2 bytes"] },
        { "{'x':{'type':'string','maxLength':2}}", "{'x':'\\uD83D\\uDE00\\uD83D\\uDE00'}", [] },
        { "{'x':{'type':'string','pattern':'^[a-z]+$'}}", "{'x':'12'}", ["spec.x: Invalid value: \"12\": spec.x in body should match '^[a-z]+$'"] },
        { "{'x':{'type':'string','pattern':'^[a-z]+$'}}", "{'x':'ab\\n'}", ["spec.x: Invalid value: \"ab\n\": spec.x in body should match '^[a-z]+$'"] },
        { "{'x':{'type':'string','format':'date-time'}}", "{'x':'yesterday'}", ["spec.x: Invalid value: \"yesterday\": spec.x in body must be of type date-time: \"yesterday\""] },
        { "{'x':{'type':'string','format':'something-else'}}", "{'x':'yesterday'}", [] },
        { "{'x':{'type':'array','minItems':1,'items':{'type':'string'}}}", "{'x':[]}", ["spec.x: Invalid value: 0: spec.x in body should have at least 1 items"] },
        { "{'x':{'type':'array','maxItems':1,'items':{'type':'string'}}}", "{'x':['a','b']}", ["spec.x: Too many: 2: must have at most 1 item"] },
        { "{'x':{'type':'object','minProperties':1,'additionalProperties':{'type':'string'}}}", "{'x':{}}", ["spec.x: Invalid value: 0: spec.x in body should have at least 1 properties"] },
        { "{'x':{'type':'object','maxProperties':1,'additionalProperties':{'type':'string'}}}", "{'x':{'a':'','b':'','c':''}}", ["spec.x: Too many: 3: must have at most 1 item"] },
        { "{'x':{'type':'object','additionalProperties':{'type':'integer'}}}", "{'x':{'a.b/c':'no'}}", ["spec.x.a.b/c: Invalid value: \"string\": spec.x.a.b/c in body must be of type integer: \"string\""] },
        { "{'x':{'type':'object','required':['foo'],'properties':{'foo':{'type':'string'}}}}", "{'x':{}}", ["spec.x.foo: Required value"] },
        { "{'x':{'type':'array','items':{'type':'object','required':['n'],'properties':{'n':{'type':'string'}}}}}", "{'x':[{'n':'a'},{}]}", ["spec.x[1].n: Required value"] },
        {
            "{'a':{'type':'object','properties':{'b':{'type':'string'},'c':{'type':'string'}},'oneOf':[{'required':['b']},{'required':['c']}]}}", "{'a':{}}",
            ["<nil>: Invalid value: \"\": \"spec.a\" must validate one and only one schema (oneOf). Found none valid", "spec.a.b: Required value"]
        },
        {
            "{'a':{'type':'object','properties':{'b':{'type':'string'},'c':{'type':'string'}},'oneOf':[{'required':['b']},{'required':['c']}]}}", "{'a':{'b':'','c':''}}",
            ["<nil>: Invalid value: \"\": \"spec.a\" must validate one and only one schema (oneOf). Found 2 valid alternatives"]
        },
        {
            "{'a':{'type':'integer','allOf':[{'minimum':3},{'multipleOf':2}]}}", "{'a':1}",
            [
                "spec.a: Invalid value: 1: spec.a in body should be greater than or equal to 3", "spec.a: Invalid value: 1: spec.a in body should be a multiple of 2",
                "<nil>: Invalid value: \"\": \"spec.a\" must validate all the schemas (allOf). None validated",
            ]
        },
        { "{'a':{'type':'integer','not':{'enum':[0]}}}", "{'a':0}", ["<nil>: Invalid value: \"\": \"spec.a\" must not validate the schema (not)"] },
        { "{'s':{'type':'array','x-kubernetes-list-type':'set','items':{'type':'string'}}}", "{'s':['a','b','a','a']}", ["spec.s[2]: Duplicate value: \"a\""] },
        {
            "{'l':{'type':'array','x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':['port','protocol'],'items':{'type':'object','properties':{'port':{'type':'integer'},'protocol':{'type':'string','default':'TCP'}}}}}",
            "{'l':[{'port':1,'protocol':'TCP'},{'port':2},{'port':1}]}", ["spec.l[2]: Duplicate value: {\"port\":1,\"protocol\":\"TCP\"}"]
        },
        {
            "{'r':{'type':'object','x-kubernetes-embedded-resource':true,'x-kubernetes-preserve-unknown-fields':true}}", "{'r':{'kind':'b a d','metadata':{'name':'a/b','labels':{'-':'x'}}}}",
            [
                "spec.r.apiVersion: Required value: must not be empty",
                "spec.r.kind: Invalid value: \"b a d\": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
                "spec.r.metadata.name: Invalid value: \"a/b\": may not contain '/'",
                "spec.r.metadata.labels: Invalid value: \"-\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            ]
        },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public void BrokenRules_AreToldInUpstreamsWords(string properties, string spec, string[] expected) =>
        Assert.Equal(expected, SchemaHarness.Errors(SchemaHarness.Spec(properties), $"{{'spec':{spec}}}"));

    [Fact]
    public void Root_IsJudged_AndNoSchemaJudgesNothing()
    {
        Assert.Equal(["spec: Required value"], SchemaHarness.Errors(SchemaHarness.Schema("{'type':'object','required':['spec'],'properties':{'spec':{'type':'object'}}}"), "{}"));
        Assert.Equal(
            ["metadata.name: Too long: may not be more than 1 byte"],
            SchemaHarness.Errors(SchemaHarness.Schema("{'type':'object','properties':{'metadata':{'type':'object','properties':{'name':{'type':'string','maxLength':1}}}}}"), "{'metadata':{'name':'ab'}}"));
        Assert.Empty(new KubeAspire.Resources.Apiextensions.CustomResourceValidator(null).Validate(SchemaHarness.Tree("{'spec':1}")));
    }

    private const string Ratcheted = """
        {
          'a':{'type':'string','maxLength':1},'b':{'type':'integer'},
          'o':{'type':'object','required':['must'],'properties':{'must':{'type':'string'},'n':{'type':'integer','maximum':5}}},
          'm':{'type':'object','additionalProperties':{'type':'integer','maximum':5}},
          'l':{'type':'array','items':{'type':'integer','maximum':5}},
          'k':{'type':'array','x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':['name'],'items':{'type':'object','required':['name'],'properties':{'name':{'type':'string'},'n':{'type':'integer','maximum':5}}}},
          's':{'type':'array','x-kubernetes-list-type':'set','items':{'type':'string'}}
        }
        """;

    public static TheoryData<string, string, string, string[]> Changes => new()
    {
        { "an unchanged value may be wrong", "{'a':'xx','b':1}", "{'a':'xx','b':2}", [] },
        { "a changed one may not", "{'a':'xx'}", "{'a':'yy'}", ["spec.a: Too long: may not be more than 1 byte"] },
        { "nor a new one", "{}", "{'a':'yy'}", ["spec.a: Too long: may not be more than 1 byte"] },
        { "an unchanged object may lack a field", "{'o':{'n':1},'b':1}", "{'o':{'n':1},'b':2}", [] },
        { "a changed object may not, but its unchanged fields stay", "{'o':{'n':9}}", "{'o':{'n':9,'x':1}}", ["spec.o.must: Required value"] },
        { "a map's keys are matched", "{'m':{'x':9,'y':1}}", "{'m':{'x':9,'y':8}}", ["spec.m.y: Invalid value: 8: spec.m.y in body should be less than or equal to 5"] },
        { "an atomic list's items are not", "{'l':[9]}", "{'l':[9,1]}", ["spec.l[0]: Invalid value: 9: spec.l[0] in body should be less than or equal to 5"] },
        { "an unchanged atomic list stays", "{'l':[9],'b':1}", "{'l':[9],'b':2}", [] },
        { "a list-map's items are matched by key, wherever they stand", "{'k':[{'name':'x','n':9}]}", "{'k':[{'name':'y','n':1},{'name':'x','n':9}]}", [] },
        { "a list-map's changed item is judged", "{'k':[{'name':'x','n':9}]}", "{'k':[{'name':'x','n':8}]}", ["spec.k[0].n: Invalid value: 8: spec.k[0].n in body should be less than or equal to 5"] },
        { "a set that had duplicates may have some", "{'s':['a','a']}", "{'s':['a','a','b']}", [] },
        { "a set that had none may not", "{'s':['a']}", "{'s':['a','a']}", ["spec.s[1]: Duplicate value: \"a\""] },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void Change_IsJudged_WhereItChangesSomething(string because, string stored, string changed, string[] expected)
    {
        var errors = SchemaHarness.UpdateErrors(SchemaHarness.Spec(Ratcheted), $"{{'spec':{stored}}}", $"{{'spec':{changed}}}");

        Assert.True(expected.SequenceEqual(errors), $"{because}: {string.Join('\n', errors)}");
    }
}
