using KubeAspire.ApiMachinery.Patching;

namespace KubeAspire.ApiMachinery.Tests.Patching;

public sealed class StrategicMergePatchTests
{
    private const string TwoContainers = """{"spec":{"template":{"spec":{"containers":[{"name":"a","image":"x:1"},{"name":"b","image":"y:1"}]}}}}""";

    private static string Template(string spec) => """{"spec":{"template":{"spec":""" + spec + "}}}";

    public static TheoryData<string, string, string, string> Deployments => new()
    {
        { "a scalar", """{"spec":{"replicas":1,"paused":true}}""", """{"spec":{"replicas":3}}""", """{"spec":{"replicas":3,"paused":true}}""" },
        { "null deletes", """{"spec":{"replicas":1,"paused":true}}""", """{"spec":{"paused":null}}""", """{"spec":{"replicas":1}}""" },
        { "an item by its key", TwoContainers, Template("""{"containers":[{"name":"b","image":"y:2"}]}"""),
          Template("""{"containers":[{"name":"a","image":"x:1"},{"name":"b","image":"y:2"}]}""") },
        { "a new item stands before the server's own", TwoContainers, Template("""{"containers":[{"name":"c","image":"z"}]}"""),
          Template("""{"containers":[{"name":"c","image":"z"},{"name":"a","image":"x:1"},{"name":"b","image":"y:1"}]}""") },
        { "the order given", TwoContainers, Template("""{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]}"""),
          Template("""{"containers":[{"name":"b","image":"y:1"},{"name":"a","image":"x:1"}]}""") },
        { "the order given, with a change", TwoContainers, Template("""{"$setElementOrder/containers":[{"name":"a"},{"name":"c"},{"name":"b"}],"containers":[{"name":"c","image":"z"}]}"""),
          Template("""{"containers":[{"name":"a","image":"x:1"},{"name":"c","image":"z"},{"name":"b","image":"y:1"}]}""") },
        { "delete an item", TwoContainers, Template("""{"containers":[{"name":"a","$patch":"delete"}]}"""), Template("""{"containers":[{"name":"b","image":"y:1"}]}""") },
        { "replace a list", TwoContainers, Template("""{"containers":[{"$patch":"replace"},{"name":"z","image":"z"}]}"""), Template("""{"containers":[{"name":"z","image":"z"}]}""") },
        { "replace a map", """{"spec":{"template":{"metadata":{"labels":{"a":"1","b":"2"}}}}}""", """{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"c":"3"}}}}}""",
          """{"spec":{"template":{"metadata":{"labels":{"c":"3"}}}}}""" },
        { "delete a map", """{"spec":{"strategy":{"type":"X"},"replicas":1}}""", """{"spec":{"strategy":{"$patch":"delete"}}}""", """{"spec":{"strategy":{},"replicas":1}}""" },
        { "an atomic list", Template("""{"containers":[{"name":"a","args":["1","2"]}]}"""), Template("""{"containers":[{"name":"a","args":["3"]}]}"""),
          Template("""{"containers":[{"name":"a","args":["3"]}]}""") },
        { "retain keys", """{"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}}""", """{"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}}""",
          """{"spec":{"strategy":{"type":"Recreate"}}}""" },
        { "retain keys of a volume", Template("""{"volumes":[{"name":"v","emptyDir":{}}]}"""), Template("""{"volumes":[{"$retainKeys":["name","configMap"],"name":"v","configMap":{"name":"c"}}]}"""),
          Template("""{"volumes":[{"name":"v","configMap":{"name":"c"}}]}""") },
        { "nested lists", Template("""{"containers":[{"name":"a","ports":[{"containerPort":80,"name":"h"}],"env":[{"name":"A","value":"1"}]}]}"""),
          Template("""{"containers":[{"name":"a","env":[{"name":"A","value":"2"},{"name":"B","value":"3"}]}]}"""),
          Template("""{"containers":[{"name":"a","ports":[{"containerPort":80,"name":"h"}],"env":[{"name":"A","value":"2"},{"name":"B","value":"3"}]}]}""") },
        { "finalizers are united", """{"metadata":{"finalizers":["a","b"]}}""", """{"metadata":{"finalizers":["b","c"]}}""", """{"metadata":{"finalizers":["a","b","c"]}}""" },
        { "finalizers are taken away", """{"metadata":{"finalizers":["a","b","c"]}}""", """{"metadata":{"$deleteFromPrimitiveList/finalizers":["b"]}}""", """{"metadata":{"finalizers":["a","c"]}}""" },
        { "finalizers are taken away and ordered", """{"metadata":{"finalizers":["a","b","c"]}}""",
          """{"metadata":{"$deleteFromPrimitiveList/finalizers":["b"],"$setElementOrder/finalizers":["c","a"]}}""", """{"metadata":{"finalizers":["c","a"]}}""" },
        { "nothing there yet", "{}", Template("""{"containers":[{"name":"a","$patch":"delete"},{"name":"b","image":"x","args":null}]}"""), Template("""{"containers":[{"name":"b","image":"x"}]}""") },
        { "unknown fields merge plainly", """{"foo":{"a":[1],"b":2}}""", """{"foo":{"a":[2],"b":null}}""", """{"foo":{"a":[2]}}""" },
        { "a label goes", """{"metadata":{"labels":{"a":"1","b":"2"}}}""", """{"metadata":{"labels":{"a":null,"c":"3"}}}""", """{"metadata":{"labels":{"b":"2","c":"3"}}}""" },
    };

    [Theory]
    [MemberData(nameof(Deployments))]
    public void Apply_MergesByTheSchema(string because, string target, string patch, string expected)
    {
        var result = StrategicMergePatch.Apply(Trees.Of(target), Trees.Of(patch), Kinds.Deployment);

        Trees.Same(System.Text.Json.Nodes.JsonNode.Parse(expected), result.Value, because);
    }

    [Fact]
    public void ServicePorts_AreMergedByPort() => Trees.Same(
        """{"spec":{"ports":[{"port":80,"name":"web"},{"port":81}]}}""",
        StrategicMergePatch.Apply(Trees.Of("""{"spec":{"ports":[{"port":80},{"port":81}]}}"""), Trees.Of("""{"spec":{"ports":[{"port":80,"name":"web"}]}}"""), Kinds.Service).Value);

    [Fact]
    public void Taints_AreReplacedWhole() => Trees.Same(
        """{"spec":{"taints":[{"key":"k","effect":"NoSchedule"}]}}""",
        StrategicMergePatch.Apply(Trees.Of("""{"spec":{"taints":[{"key":"old","effect":"NoExecute"}]}}"""), Trees.Of("""{"spec":{"taints":[{"key":"k","effect":"NoSchedule"}]}}"""), Kinds.Node).Value);

    [Theory]
    [InlineData("""{"spec":{"$patch":"hop"}}""", 400)]
    [InlineData("""{"spec":{"$retainKeys":"x"}}""", 400)]
    [InlineData("""{"spec":{"strategy":{"$retainKeys":["type"],"type":"a","rollingUpdate":{}}}}""", 422)]
    [InlineData("""{"spec":{"template":{"spec":{"containers":[{"image":"x"}]}}}}""", 422)]
    [InlineData("""{"metadata":{"$deleteFromPrimitiveList/finalizers":"x"}}""", 400)]
    [InlineData("""{"metadata":{"finalizers":["a"],"$setElementOrder/finalizers":1}}""", 400)]
    public void MalformedDirective_IsRefused(string patch, int code) =>
        Assert.Equal(code, StrategicMergePatch.Apply(Trees.Of("""{"spec":{"strategy":{}}}"""), Trees.Of(patch), Kinds.Deployment).Error!.Code);
}
