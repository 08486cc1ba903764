using System.Text.Json.Nodes;
using KubeAspire.Resources.Apiextensions;

namespace KubeAspire.Resources.Tests.Apiextensions;

public sealed class CustomResourceDefinitionTests
{
    private const string Label = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
    private const string At = "spec.versions[0].schema.openAPIV3Schema";

    private static readonly CustomResourceDefinitionKind s_kind = new();

    private static JsonObject Base() => SchemaHarness.Tree("""
        {
          'apiVersion':'apiextensions.k8s.io/v1','kind':'CustomResourceDefinition','metadata':{'name':'crontabs.stable.example.com'},
          'spec':{
            'group':'stable.example.com','scope':'Namespaced','names':{'plural':'crontabs','kind':'CronTab'},
            'versions':[{'name':'v1','served':true,'storage':true,'schema':{'openAPIV3Schema':{'type':'object','properties':{'spec':{'type':'object','properties':{'replicas':{'type':'integer'}}}}}}}]
          }
        }
        """);

    /// <summary>What is wrong with the base after a change of one place; the place is a path of names and indices.</summary>
    private static List<string> Errors(string path, string json)
    {
        var value = Base();
        Set(value, path, json);
        return KindHarness.Create(s_kind, value.ToJsonString());
    }

    private static void Set(JsonObject value, string path, string json)
    {
        var steps = path.Split('/');
        JsonNode at = value;
        foreach (var step in steps[..^1])
        {
            at = (int.TryParse(step, out var index) ? at[index] : at[step] ?? (at[step] = new JsonObject()))!;
        }

        var made = json == "-" ? null : JsonNode.Parse(json.Replace('\'', '"'));
        if (json == "-")
        {
            ((JsonObject)at).Remove(steps[^1]);
        }
        else
        {
            at[steps[^1]] = made;
        }
    }

    [Fact]
    public void Defaults_AreUpstreams()
    {
        var value = KindHarness.Defaulted(s_kind, Base().ToJsonString());
        s_kind.PrepareForCreate(value);

        KindHarness.AssertSame(SchemaHarness.Tree("{'plural':'crontabs','kind':'CronTab','singular':'crontab','listKind':'CronTabList'}"), value["spec"]!["names"]);
        KindHarness.AssertSame(SchemaHarness.Tree("{'strategy':'None'}"), value["spec"]!["conversion"]);
        KindHarness.AssertSame(SchemaHarness.Tree("{'acceptedNames':{'plural':'','kind':''},'storedVersions':['v1']}"), value["status"]);
        Assert.Empty(KindHarness.Create(s_kind, Base().ToJsonString()));
    }

    public static TheoryData<string, string, string[]> Specs => new()
    {
        { "metadata/name", "'x.y.z'", ["metadata.name: Invalid value: \"x.y.z\": must be spec.names.plural+\".\"+spec.group"] },
        { "spec/group", "'example'", ["metadata.name: Invalid value: \"crontabs.stable.example.com\": must be spec.names.plural+\".\"+spec.group", "spec.group: Invalid value: \"example\": should be a domain with at least one dot"] },
        { "spec/scope", "'Global'", ["spec.scope: Unsupported value: \"Global\": supported values: \"Cluster\", \"Namespaced\""] },
        { "spec/scope", "-", ["spec.scope: Required value"] },
        { "spec/names/singular", "'A'", [$"spec.names.singular: Invalid value: \"A\": {Label}"] },
        { "spec/names/kind", "'Cron_Tab'", [$"spec.names.singular: Invalid value: \"cron_tab\": {Label}", $"spec.names.kind: Invalid value: \"Cron_Tab\": may have mixed case, but should otherwise match: {Label}", $"spec.names.listKind: Invalid value: \"Cron_TabList\": may have mixed case, but should otherwise match: {Label}"] },
        { "spec/names/listKind", "'CronTab'", ["spec.names.listKind: Invalid value: \"CronTab\": kind and listKind may not be the same"] },
        { "spec/names/shortNames", "['ct','C']", [$"spec.names.shortNames[1]: Invalid value: \"C\": {Label}"] },
        { "spec/names/categories", "['All']", [$"spec.names.categories[0]: Invalid value: \"All\": {Label}"] },
        { "spec/versions/0/name", "'1'", [$"spec.versions[0].name: Invalid value: \"1\": {Label}"] },
        { "spec/versions/0/schema", "-", ["spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required"] },
        { "spec/versions/0/deprecationWarning", "'old'", ["spec.versions[0].deprecationWarning: Invalid value: \"old\": can only be set for deprecated versions"] },
        { "spec/preserveUnknownFields", "true", ["spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"] },
        { "spec/conversion", "{'strategy':'Magic'}", ["spec.conversion.strategy: Unsupported value: \"Magic\": supported values: \"None\", \"Webhook\""] },
        { "spec/conversion", "{'strategy':'None','webhook':{'clientConfig':{},'conversionReviewVersions':['v1']}}", ["spec.conversion.webhookClientConfig: Forbidden: should not be set when strategy is not set to Webhook", "spec.conversion.conversionReviewVersions: Forbidden: should not be set when strategy is not set to Webhook"] },
        { "spec/conversion", "{'strategy':'Webhook'}", ["spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook", "spec.conversion.conversionReviewVersions: Required value"] },
        { "spec/conversion", "{'strategy':'Webhook','webhook':{'clientConfig':{'url':'http://x/'},'conversionReviewVersions':['v2']}}", ["spec.conversion.webhookClientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host[/path]", "spec.conversion.conversionReviewVersions: Invalid value: [\"v2\"]: must include at least one of v1, v1beta1"] },
        { "spec/conversion", "{'strategy':'Webhook','webhook':{'clientConfig':{'service':{'name':'a','namespace':'b'}},'conversionReviewVersions':['v1']}}", [] },
        { "spec/versions/0/additionalPrinterColumns", "[{'name':'Age','type':'date','jsonPath':'.metadata.creationTimestamp'},{'name':'Ready','type':'string','jsonPath':'.status.conditions[?(@.type==\\'Ready\\')].status'}]".Replace("\\'", "\\u0027"), [] },
        { "spec/versions/0/additionalPrinterColumns", "[{'name':'','type':'time','jsonPath':'spec','format':'x'},{'name':'a','type':'string','jsonPath':'.a['}]", [
            "spec.versions[0].additionalPrinterColumns[0].name: Required value", "spec.versions[0].additionalPrinterColumns[0].type: Invalid value: \"time\": must be one of boolean,date,integer,number,string",
            "spec.versions[0].additionalPrinterColumns[0].format: Invalid value: \"x\": must be one of byte,date,date-time,double,float,int32,int64,password",
            "spec.versions[0].additionalPrinterColumns[0].JSONPath: Invalid value: \"spec\": must be a simple json path starting with .",
            "spec.versions[0].additionalPrinterColumns[1].JSONPath: Invalid value: \".a[\": must be a json path in the dot notation: \".a[\" ends too early"] },
        { "spec/versions/0/subresources", "{'status':{},'scale':{'specReplicasPath':'.spec.replicas','statusReplicasPath':'.status.replicas','labelSelectorPath':'.status.selector'}}", [] },
        { "spec/versions/0/subresources", "{'scale':{'specReplicasPath':'.replicas','statusReplicasPath':'','labelSelectorPath':'.x'}}", [
            "spec.versions[0].subresources.scale.specReplicasPath: Invalid value: \".replicas\": should be a json path under .spec", "spec.versions[0].subresources.scale.statusReplicasPath: Required value",
            "spec.versions[0].subresources.scale.labelSelectorPath: Invalid value: \".x\": should be a json path under either .spec or .status"] },
        { "spec/versions/0/selectableFields", "[{'jsonPath':'.spec.replicas'}]", [] },
        { "spec/versions/0/selectableFields", "[{'jsonPath':'.spec.replicas'},{'jsonPath':'.spec.replicas'},{'jsonPath':'.spec'},{'jsonPath':'.spec.x'},{'jsonPath':'.metadata.name'},{'jsonPath':''}]", [
            "spec.versions[0].selectableFields[1].jsonPath: Duplicate value: \".spec.replicas\"",
            "spec.versions[0].selectableFields[2].jsonPath: Invalid value: \".spec\": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.",
            "spec.versions[0].selectableFields[3].jsonPath: Invalid value: \".spec.x\": is an invalid path: does not refer to a valid field",
            "spec.versions[0].selectableFields[4].jsonPath: Invalid value: \".metadata.name\": must not point to fields in metadata",
            "spec.versions[0].selectableFields[4].jsonPath: Invalid value: \".metadata.name\": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.",
            "spec.versions[0].selectableFields[5].jsonPath: Required value"] },
    };

    [Theory]
    [MemberData(nameof(Specs))]
    public void Definition_IsJudged(string path, string json, string[] expected) => Assert.Equal(expected, Errors(path, json));

    public static TheoryData<string, string[]> Fields => new()
    {
        { "{}", [$"{At}.properties[f].type: Required value: must not be empty for specified object fields"] },
        { "{'type':'array'}", [$"{At}.properties[f].items: Required value: must be specified"] },
        { "{'type':'array','items':{}}", [$"{At}.properties[f].items.type: Required value: must not be empty for specified array items"] },
        { "{'type':'array','items':[{'type':'string'}]}", [$"{At}.properties[f].items: Forbidden: items must be a schema object and not an array"] },
        { "{'type':'thing'}", [$"{At}.properties[f].type: Unsupported value: \"thing\": supported values: \"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\""] },
        { "{'x-kubernetes-int-or-string':true}", [] },
        { "{'x-kubernetes-int-or-string':true,'x-kubernetes-preserve-unknown-fields':true}", [$"{At}.properties[f].x-kubernetes-preserve-unknown-fields: Invalid value: true: must be false if x-kubernetes-int-or-string is true"] },
        { "{'x-kubernetes-int-or-string':true,'anyOf':[{'type':'integer'},{'type':'string'}],'pattern':'a'}", [] },
        { "{'x-kubernetes-int-or-string':true,'allOf':[{'anyOf':[{'type':'integer'},{'type':'string'}]},{'pattern':'a'}]}", [] },
        { "{'x-kubernetes-int-or-string':true,'anyOf':[{'type':'string'},{'type':'integer'}]}", [$"{At}.properties[f].anyOf[0].type: Forbidden: must be empty to be structural", $"{At}.properties[f].anyOf[1].type: Forbidden: must be empty to be structural"] },
        { "{'x-kubernetes-preserve-unknown-fields':true}", [] },
        { "{'type':'object','x-kubernetes-preserve-unknown-fields':false}", [$"{At}.properties[f].x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined"] },
        { "{'type':'object','$ref':'#/x'}", [$"{At}.properties[f].$ref: Forbidden: $ref is not supported"] },
        { "{'type':'object','definitions':{'a':{'type':'string'}}}", [$"{At}.properties[f].definitions: Forbidden: definitions is not supported"] },
        { "{'type':'object','dependencies':{'a':['b']}}", [$"{At}.properties[f].dependencies: Forbidden: dependencies is not supported"] },
        { "{'type':'array','items':{'type':'string'},'additionalItems':true}", [$"{At}.properties[f].additionalItems: Forbidden: additionalItems is not supported"] },
        { "{'type':'object','patternProperties':{'a':{'type':'string'}}}", [$"{At}.properties[f].patternProperties: Forbidden: patternProperties is not supported"] },
        { "{'type':'object','id':'a'}", [$"{At}.properties[f].id: Forbidden: id is not supported"] },
        { "{'type':'array','uniqueItems':true,'items':{'type':'string'}}", [$"{At}.properties[f].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic"] },
        { "{'type':'object','properties':{'a':{'type':'string'}},'additionalProperties':{'type':'string'}}", [$"{At}.properties[f].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive"] },
        { "{'type':'object','properties':{'a':{'type':'string'}},'additionalProperties':false}", [$"{At}.properties[f].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive"] },
        { "{'type':'object','properties':{'a':{'type':'string'}},'additionalProperties':true}", [] },
        { "{'type':'string','pattern':'a(?!b)'}", [$"{At}.properties[f].pattern: Invalid value: \"a(?!b)\": must be a valid regular expression, but isn't: error parsing regexp: invalid or unsupported Perl syntax: `(?!`"] },
        { "{'type':'object','anyOf':[{'properties':{'a':{'type':'string','description':'d'}}}],'properties':{'a':{'type':'string'}}}", [$"{At}.properties[f].anyOf[0].properties[a].description: Forbidden: must be empty to be structural", $"{At}.properties[f].anyOf[0].properties[a].type: Forbidden: must be empty to be structural"] },
        { "{'type':'object','anyOf':[{'properties':{'a':{'minLength':1}}}]}", [$"{At}.properties[f].properties[a]: Required value: because it is defined in {At}.properties[f].anyOf[0].properties[a]"] },
        { "{'type':'object','not':{'additionalProperties':{'type':'string'},'default':{},'nullable':true,'x-kubernetes-list-type':'set'}}", [
            $"{At}.properties[f].not.additionalProperties: Forbidden: must be undefined to be structural", $"{At}.properties[f].not.default: Forbidden: must be undefined to be structural",
            $"{At}.properties[f].not.nullable: Forbidden: must be false to be structural", $"{At}.properties[f].not.x-kubernetes-list-type: Forbidden: must be undefined to be structural",
            $"{At}.properties[f].not.type: Required value: must be array if x-kubernetes-list-type is specified"] },
        { "{'type':'string','x-kubernetes-list-type':'set'}", [$"{At}.properties[f].type: Invalid value: \"string\": must be array if x-kubernetes-list-type is specified"] },
        { "{'type':'array','x-kubernetes-list-type':'bag','items':{'type':'string'}}", [$"{At}.properties[f].x-kubernetes-list-type: Unsupported value: \"bag\": supported values: \"atomic\", \"set\", \"map\""] },
        { "{'type':'array','x-kubernetes-list-type':'set','items':{'type':'object','properties':{'a':{'type':'string'}}}}", [$"{At}.properties[f].items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set"] },
        { "{'type':'array','x-kubernetes-list-type':'set','items':{'type':'string','nullable':true}}", [$"{At}.properties[f].items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is set"] },
        { "{'type':'array','x-kubernetes-list-type':'map','items':{'type':'object'}}", [$"{At}.properties[f].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map"] },
        { "{'type':'array','x-kubernetes-list-map-keys':['a'],'items':{'type':'object'}}", [$"{At}.properties[f].x-kubernetes-list-type: Required value: must be map if x-kubernetes-list-map-keys is non-empty"] },
        { "{'type':'array','x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':['a','b','b'],'items':{'type':'object','properties':{'a':{'type':'object'},'b':{'type':'string','nullable':true}},'required':['a']}}", [
            $"{At}.properties[f].items.properties[a].type: Invalid value: \"object\": must be a scalar type if parent array's x-kubernetes-list-type is map",
            $"{At}.properties[f].x-kubernetes-list-map-keys: Invalid value: [\"a\",\"b\",\"b\"]: must not contain duplicate entries",
            $"{At}.properties[f].items.properties[b].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
            $"{At}.properties[f].items.properties[b].nullable: Forbidden: this property is in x-kubernetes-list-map-keys, so it cannot be nullable",
            $"{At}.properties[f].items.properties[b].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
            $"{At}.properties[f].items.properties[b].nullable: Forbidden: this property is in x-kubernetes-list-map-keys, so it cannot be nullable"] },
        { "{'type':'array','x-kubernetes-map-type':'loose','items':{'type':'string'}}", [$"{At}.properties[f].type: Invalid value: \"array\": must be object if x-kubernetes-map-type is specified", $"{At}.properties[f].x-kubernetes-map-type: Unsupported value: \"loose\": supported values: \"atomic\", \"granular\""] },
        { "{'type':'object','x-kubernetes-embedded-resource':true}", [$"{At}.properties[f].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"] },
        { "{'type':'object','x-kubernetes-embedded-resource':true,'x-kubernetes-preserve-unknown-fields':true}", [] },
        { "{'x-kubernetes-embedded-resource':true,'x-kubernetes-preserve-unknown-fields':true}", [$"{At}.properties[f].type: Required value: must be object if x-kubernetes-embedded-resource is true"] },
        { "{'type':'object','x-kubernetes-embedded-resource':true,'properties':{'kind':{'type':'integer'}}}", [$"{At}.properties[f].properties[kind].type: Invalid value: \"integer\": must be string"] },
        { "{'type':'string','default':'a'}", [] },
        { "{'type':'string','default':1}", [$"{At}.properties[f].default: Invalid value: \"integer\": default in body must be of type string: \"integer\""] },
        { "{'type':'string','default':'abc','maxLength':2}", [$"{At}.properties[f].default: Too long: may not be more than 2 bytes"] },
        { "{'type':'object','default':{'a':1,'b':2},'properties':{'a':{'type':'integer'}}}", [$"{At}.properties[f].default: Invalid value: {{\"a\":1,\"b\":2}}: must not have unknown fields"] },
        { "{'type':'object','default':{'a':'x'},'properties':{'a':{'type':'integer'}}}", [$"{At}.properties[f].default.a: Invalid value: \"string\": default.a in body must be of type integer: \"string\""] },
        { "{'type':'string','x-kubernetes-validations':[{'rule':'self != null','message':'no'}]}", [] },
        { "{'type':'string','x-kubernetes-validations':[{'rule':' '},{'rule':'a','message':' '},{'rule':'a\\nb'},{'rule':'a','reason':'No','fieldPath':'.x'}]}", [
            $"{At}.properties[f].x-kubernetes-validations[0].rule: Required value: rule is not specified", $"{At}.properties[f].x-kubernetes-validations[1].message: Invalid value: \" \": message must be non-empty if specified",
            $"{At}.properties[f].x-kubernetes-validations[2].message: Required value: message must be specified if rule contains line breaks",
            $"{At}.properties[f].x-kubernetes-validations[3].reason: Unsupported value: \"No\": supported values: \"FieldValueDuplicate\", \"FieldValueForbidden\", \"FieldValueInvalid\", \"FieldValueRequired\"",
            $"{At}.properties[f].x-kubernetes-validations[3].fieldPath: Invalid value: \".x\": fieldPath must be a valid path"] },
    };

    [Theory]
    [MemberData(nameof(Fields))]
    public void SchemaOfAField_IsJudged(string field, string[] expected) => Assert.Equal(expected, Errors("spec/versions/0/schema/openAPIV3Schema/properties/f", field));

    public static TheoryData<string, string[]> Roots => new()
    {
        { "{'type':'string'}", [$"{At}.type: Invalid value: \"string\": must be object at the root"] },
        { "{'properties':{}}", [$"{At}.type: Required value: must not be empty at the root"] },
        { "{'type':'object','additionalProperties':{'type':'string'}}", [$"{At}.additionalProperties: Forbidden: must not be used at the root"] },
        { "{'type':'object','nullable':true}", [$"{At}.nullable: Forbidden: nullable cannot be true at the root"] },
        { "{'type':'object','properties':{'metadata':{'type':'object','properties':{'name':{'type':'string','pattern':'^a'}}}}}", [] },
        { "{'type':'object','properties':{'metadata':{'type':'object'},'kind':{'type':'string'},'apiVersion':{'type':'string'}}}", [] },
        { "{'type':'object','properties':{'metadata':{'type':'object','properties':{'labels':{'type':'object','additionalProperties':{'type':'string'}}}}}}", [$"{At}.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified"] },
        { "{'type':'object','properties':{'kind':{'type':'string','default':'X'}}}", [$"{At}.properties[kind].default: Forbidden: must not be set in top-level kind"] },
        { "{'type':'object','anyOf':[{'properties':{'metadata':{'required':['name']}}}],'properties':{'metadata':{'type':'object'}}}", [$"{At}.anyOf[0].properties[metadata]: Forbidden: must not be specified in a nested context"] },
    };

    [Theory]
    [MemberData(nameof(Roots))]
    public void SchemaOfTheRoot_IsJudged(string root, string[] expected) => Assert.Equal(expected, Errors("spec/versions/0/schema/openAPIV3Schema", root));

    [Fact]
    public void Status_AllowsNothingAtTheRootThatSpeaksOfTheWhole()
    {
        var value = Base();
        Set(value, "spec/versions/0/subresources", "{'status':{}}");
        Set(value, "spec/versions/0/schema/openAPIV3Schema/oneOf", "[{'required':['spec']}]");

        var error = Assert.Single(KindHarness.Create(s_kind, value.ToJsonString()));
        Assert.StartsWith(At + ": Invalid value: {\"", error, StringComparison.Ordinal);
        Assert.Contains("XPreserveUnknownFields XValidations] fields are allowed at the root of the schema if the status subresource is enabled", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Versions_AreDistinct_AndOneIsStored()
    {
        var value = Base();
        var versions = (JsonArray)value["spec"]!["versions"]!;
        versions.Add(versions[0]!.DeepClone());
        var errors = KindHarness.Create(s_kind, value.ToJsonString());

        Assert.Equal(2, errors.Count);
        Assert.EndsWith("must contain unique version names", errors[0], StringComparison.Ordinal);
        Assert.EndsWith("must have exactly one version marked as storage version", errors[1], StringComparison.Ordinal);
    }

    [Fact]
    public void ConversionByWebhook_IsRefused_WhereThereIsSomethingToConvert()
    {
        var value = Base();
        Set(value, "spec/conversion", "{'strategy':'Webhook','webhook':{'clientConfig':{'service':{'name':'a','namespace':'b'}},'conversionReviewVersions':['v1']}}");
        var versions = (JsonArray)value["spec"]!["versions"]!;
        versions.Add(versions[0]!.DeepClone());
        Set(value, "spec/versions/1/name", "'v2'");
        Set(value, "spec/versions/1/storage", "false");

        Assert.Equal(["spec.conversion.strategy: Forbidden: conversion by Webhook is not supported yet for a definition of several versions: only None is"], KindHarness.Create(s_kind, value.ToJsonString()));
    }

    [Theory]
    [InlineData("", "metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation \"api-approved.kubernetes.io\", see https://github.com/kubernetes/enhancements/pull/1111")]
    [InlineData("https://github.com/kubernetes-sigs/gateway-api/pull/1", "")]
    [InlineData("unapproved, experimental", "")]
    [InlineData("yes", "metadata.annotations[api-approved.kubernetes.io]: Invalid value: \"yes\": protected groups must have approval annotation \"api-approved.kubernetes.io\" with either a URL or a reason starting with \"unapproved\", see https://github.com/kubernetes/enhancements/pull/1111")]
    public void GroupOfTheCommunity_IsApproved(string annotation, string expected)
    {
        var value = Base();
        Set(value, "spec/group", "'things.k8s.io'");
        Set(value, "metadata/name", "'crontabs.things.k8s.io'");
        if (annotation.Length > 0)
        {
            Set(value, "metadata/annotations", $"{{'api-approved.kubernetes.io':'{annotation}'}}");
        }

        Assert.Equal(expected, string.Join('\n', KindHarness.Create(s_kind, value.ToJsonString())));
    }

    public static TheoryData<string, string, bool, string[]> Updates => new()
    {
        { "spec/scope", "'Cluster'", false, [] },
        { "spec/scope", "'Cluster'", true, ["spec.scope: Invalid value: \"Cluster\": field is immutable"] },
        { "spec/names/kind", "'Other'", true, ["spec.names.kind: Invalid value: \"Other\": field is immutable"] },
        { "spec/group", "'other.example.com'", false, ["spec.group: Invalid value: \"other.example.com\": field is immutable"] },
        { "spec/names/plural", "'others'", false, ["spec.names.plural: Invalid value: \"others\": field is immutable"] },
        { "spec/versions/0/name", "'v2'", false, ["status.storedVersions[0]: Invalid value: \"v1\": missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions"] },
        { "spec/names/shortNames", "['ct']", true, [] },
    };

    [Theory]
    [MemberData(nameof(Updates))]
    public void Change_IsJudged(string path, string json, bool established, string[] expected)
    {
        var stored = KindHarness.Defaulted(s_kind, Base().ToJsonString());
        s_kind.PrepareForCreate(stored);
        if (established)
        {
            Set(stored, "status/conditions", "[{'type':'Established','status':'True'}]");
        }

        var changed = Base();
        Set(changed, path, json);
        changed = KindHarness.Defaulted(s_kind, changed.ToJsonString());
        s_kind.PrepareForUpdate(changed, stored);

        Assert.Equal(expected, KindHarness.Lines(s_kind.ValidateUpdate(KindHarness.Typed(s_kind, changed), KindHarness.Typed(s_kind, stored))));
    }

    [Fact]
    public void NewStorageVersion_IsRemembered()
    {
        var stored = KindHarness.Defaulted(s_kind, Base().ToJsonString());
        s_kind.PrepareForCreate(stored);
        var changed = Base();
        var versions = (JsonArray)changed["spec"]!["versions"]!;
        versions.Add(versions[0]!.DeepClone());
        Set(changed, "spec/versions/0/storage", "false");
        Set(changed, "spec/versions/1/name", "'v2'");
        changed = KindHarness.Defaulted(s_kind, changed.ToJsonString());
        s_kind.PrepareForUpdate(changed, stored);

        Assert.Equal("""["v1","v2"]""", changed["status"]!["storedVersions"]!.ToJsonString());
        Assert.Empty(s_kind.ValidateUpdate(KindHarness.Typed(s_kind, changed), KindHarness.Typed(s_kind, stored)));
    }

    [Fact]
    public void UnknownKeywords_InItemsAndValues_ArePruned()
    {
        var value = Base();
        Set(value, "spec/versions/0/schema/openAPIV3Schema/properties/f", "{'type':'array','items':{'type':'object','nonsense':1,'additionalProperties':{'type':'string','more':2}}}");
        var defaulted = KindHarness.Defaulted(s_kind, value.ToJsonString());

        KindHarness.AssertSame(
            SchemaHarness.Tree("{'type':'array','items':{'type':'object','additionalProperties':{'type':'string'}}}"),
            defaulted["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!["properties"]!["f"]);
    }

    [Fact]
    public void Warnings_TellWhatIsKeptAndNotEnforced()
    {
        var value = Base();
        Set(value, "spec/versions/0/schema/openAPIV3Schema/properties/f", "{'type':'array','items':{'type':'string','format':'odd','x-kubernetes-validations':[{'rule':'true'},{'rule':'1 < 2'}]}}");
        Set(value, "spec/versions/0/schema/openAPIV3Schema/properties/g", "{'type':'integer','format':'int64','x-kubernetes-validations':[{'rule':'true'}]}");

        Assert.Equal(
            [
                $"{At}: x-kubernetes-validations are kept, but not enforced yet: objects of version v1 are not checked by these rules",
                "unrecognized format \"odd\"",
            ],
            s_kind.WarningsFor(KindHarness.Typed(s_kind, value)));
    }

    [Fact]
    public void Row_ShowsWhenItWasMade()
    {
        var value = Base();
        Set(value, "metadata/creationTimestamp", "'2026-11-21T11:00:00Z'");

        Assert.Equal(["crontabs.stable.example.com", "2026-11-21T11:00:00Z"], KindHarness.Row(s_kind, value.ToJsonString()));
    }
}
