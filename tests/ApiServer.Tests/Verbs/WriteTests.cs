using System.Text.Json.Nodes;

namespace KubeAspire.ApiServer.Tests.Verbs;

public sealed class WriteTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private static string ConfigMap(string name, string value = "b", string extra = "") =>
        $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name}}}"{{{extra}}}},"data":{"a":"{{{value}}}"}}""";

    [Fact]
    public async Task Create_GivesIdentity_AndGetReturnsTheSameBytes()
    {
        var ns = await api.NamespaceAsync();
        var created = await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/configmaps", ConfigMap("one"));
        var read = await api.SendAsync("GET", $"/api/v1/namespaces/{ns}/configmaps/one");

        Assert.Equal(201, created.Code);
        Assert.Equal(created.Text, read.Text);
        Assert.True(Guid.TryParse(read.At("metadata.uid"), out _));
        Assert.True(long.Parse(read.At("metadata.resourceVersion")) > 1);
        Assert.Equal("b", read.At("data.a"));
    }

    [Fact]
    public async Task Create_OfATakenName_IsAlreadyExists()
    {
        var ns = await api.NamespaceAsync();
        await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/configmaps", ConfigMap("one"));
        var again = await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/configmaps", ConfigMap("one"));

        Assert.Equal((409, "AlreadyExists", "configmaps \"one\" already exists"), (again.Code, again.Reason, again.Message));
    }

    [Fact]
    public async Task Create_WithGenerateName_AddsFiveCharacters()
    {
        var ns = await api.NamespaceAsync();
        var created = await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/configmaps", """{"metadata":{"generateName":"cm-"}}""");

        Assert.Matches("^cm-[bcdfghjklmnpqrstvwxz2456789]{5}$", created.At("metadata.name"));
    }

    [Fact]
    public async Task Update_WithAStaleRevision_IsAConflict_AndWithoutOneWins()
    {
        var ns = await api.NamespaceAsync();
        var path = $"/api/v1/namespaces/{ns}/configmaps";
        var first = await api.SendAsync("POST", path, ConfigMap("one"));
        await api.SendAsync("PUT", path + "/one", ConfigMap("one", "c"));
        var stale = await api.SendAsync("PUT", path + "/one", ConfigMap("one", "d", $",\"resourceVersion\":\"{first.At("metadata.resourceVersion")}\""));
        var plain = await api.SendAsync("PUT", path + "/one", ConfigMap("one", "e"));

        Assert.Equal(
            (409, "Conflict", "Operation cannot be fulfilled on configmaps \"one\": the object has been modified; please apply your changes to the latest version and try again"),
            (stale.Code, stale.Reason, stale.Message));
        Assert.Equal((200, "e"), (plain.Code, plain.At("data.a")));
    }

    [Fact]
    public async Task Update_ThatChangesNothing_TakesNoRevision()
    {
        var ns = await api.NamespaceAsync();
        var path = $"/api/v1/namespaces/{ns}/configmaps";
        var first = await api.SendAsync("POST", path, ConfigMap("one"));
        var again = await api.SendAsync("PUT", path + "/one", ConfigMap("one"));

        Assert.Equal(first.At("metadata.resourceVersion"), again.At("metadata.resourceVersion"));
    }

    [Theory]
    [InlineData("application/merge-patch+json", """{"data":{"a":null,"x":"y"}}""")]
    [InlineData("application/strategic-merge-patch+json", """{"data":{"a":null,"x":"y"}}""")]
    [InlineData("application/json-patch+json", """[{"op":"remove","path":"/data/a"},{"op":"add","path":"/data/x","value":"y"}]""")]
    public async Task Patch_OfEveryForm_ComesToTheSame(string mediaType, string patch)
    {
        var ns = await api.NamespaceAsync();
        var path = $"/api/v1/namespaces/{ns}/configmaps";
        await api.SendAsync("POST", path, ConfigMap("one"));
        var patched = await api.SendAsync("PATCH", path + "/one", patch, mediaType);

        Assert.Equal(200, patched.Code);
        Assert.Equal("""{"x":"y"}""", patched.Json["data"]!.ToJsonString());
    }

    [Fact]
    public async Task Apply_Creates_ThenConflictsWithAnotherManager_UntilForced()
    {
        var ns = await api.NamespaceAsync();
        var path = $"/api/v1/namespaces/{ns}/configmaps/one";
        const string Type = "application/apply-patch+yaml";
        var created = await api.SendAsync("PATCH", path + "?fieldManager=m1", ConfigMap("one", "1"), Type);
        var refused = await api.SendAsync("PATCH", path + "?fieldManager=m2", ConfigMap("one", "2"), Type);
        var forced = await api.SendAsync("PATCH", path + "?fieldManager=m2&force=true", ConfigMap("one", "2"), Type);
        var nameless = await api.SendAsync("PATCH", path, ConfigMap("one", "2"), Type);

        Assert.Equal(201, created.Code);
        Assert.Equal((409, "Conflict", "FieldManagerConflict"), (refused.Code, refused.Reason, refused.At("details.causes.0.reason")));
        Assert.Equal((200, "2"), (forced.Code, forced.At("data.a")));
        Assert.Equal((422, "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch"), (nameless.Code, nameless.Message));
    }

    [Theory]
    [InlineData("POST", "", 201)]
    [InlineData("PUT", "/kept", 200)]
    [InlineData("DELETE", "/kept", 200)]
    public async Task DryRun_AnswersLikeTheRealThing_AndStoresNothing(string method, string suffix, int code)
    {
        var ns = await api.NamespaceAsync();
        var path = $"/api/v1/namespaces/{ns}/configmaps";
        await api.SendAsync("POST", path, ConfigMap("kept"));
        var before = api.Engine.Revision;
        var answer = await api.SendAsync(method, $"{path}{suffix}?dryRun=All", method == "DELETE" ? null : ConfigMap(suffix.Length == 0 ? "new" : "kept", "changed"));

        Assert.Equal(code, answer.Code);
        Assert.Equal(before, api.Engine.Revision);
    }

    [Fact]
    public async Task Delete_WithAFinalizer_Waits_UntilTheLastOneIsRemoved()
    {
        var ns = await api.NamespaceAsync();
        var path = $"/api/v1/namespaces/{ns}/configmaps";
        await api.SendAsync("POST", path, ConfigMap("one", extra: ""","finalizers":["example.com/hold"]"""));
        var deleted = await api.SendAsync("DELETE", path + "/one");
        var added = await api.SendAsync("PATCH", path + "/one", """{"metadata":{"finalizers":["example.com/hold","example.com/more"]}}""", "application/merge-patch+json");
        await api.SendAsync("PATCH", path + "/one", """{"metadata":{"finalizers":null}}""", "application/merge-patch+json");

        Assert.NotEmpty(deleted.At("metadata.deletionTimestamp"));
        Assert.Equal((422, "Invalid"), (added.Code, added.Reason));
        Assert.Equal(404, (await api.SendAsync("GET", path + "/one")).Code);
    }

    [Theory]
    [InlineData("Foreground", "foregroundDeletion")]
    [InlineData("Orphan", "orphan")]
    public async Task Delete_LeavesThePropagationToTheGarbageCollector(string policy, string finalizer)
    {
        var ns = await api.NamespaceAsync();
        var path = $"/api/v1/namespaces/{ns}/configmaps";
        await api.SendAsync("POST", path, ConfigMap("one"));
        var deleted = await api.SendAsync("DELETE", path + "/one", $$"""{"propagationPolicy":"{{policy}}"}""");

        Assert.Equal(finalizer, deleted.At("metadata.finalizers.0"));
    }

    [Fact]
    public async Task Delete_WithAnotherUid_IsAConflict()
    {
        var ns = await api.NamespaceAsync();
        var path = $"/api/v1/namespaces/{ns}/configmaps";
        await api.SendAsync("POST", path, ConfigMap("one"));
        var refused = await api.SendAsync("DELETE", path + "/one", """{"preconditions":{"uid":"x"}}""");

        Assert.Equal((409, "Conflict"), (refused.Code, refused.Reason));
        Assert.Contains("Precondition failed: UID in precondition: x", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generation_CountsDesiredStates_NotLabels()
    {
        var ns = await api.NamespaceAsync();
        var path = $"/apis/apps/v1/namespaces/{ns}/deployments";
        const string Merge = "application/merge-patch+json";
        var created = await api.SendAsync("POST", path, Deployment);
        var labelled = await api.SendAsync("PATCH", path + "/web", """{"metadata":{"labels":{"x":"y"}}}""", Merge);
        var status = await api.SendAsync("PATCH", path + "/web/status", """{"status":{"observedGeneration":1}}""", Merge);
        var scaled = await api.SendAsync("PATCH", path + "/web/scale", """{"spec":{"replicas":3}}""", Merge);
        var read = await api.SendAsync("GET", path + "/web");

        Assert.Equal(("1", "1", "1"), (created.At("metadata.generation"), labelled.At("metadata.generation"), status.At("metadata.generation")));
        Assert.Equal(("Scale", "3", "app=web"), (scaled.At("kind"), scaled.At("spec.replicas"), scaled.At("status.selector")));
        Assert.Equal(("2", "3", "1"), (read.At("metadata.generation"), read.At("spec.replicas"), read.At("status.observedGeneration")));
    }

    [Fact]
    public async Task Pod_IsBoundOnce_AndThenDeletedWithGrace()
    {
        var ns = await api.NamespaceAsync();
        var path = $"/api/v1/namespaces/{ns}/pods";
        var pod = await api.SendAsync("POST", path, """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        const string Binding = """{"metadata":{"name":"p"},"target":{"kind":"Node","name":"node-1"}}""";
        var bound = await api.SendAsync("POST", path + "/p/binding", Binding);
        var again = await api.SendAsync("POST", path + "/p/binding", Binding);
        var deleted = await api.SendAsync("DELETE", path + "/p");
        var gone = await api.SendAsync("DELETE", path + "/p", """{"gracePeriodSeconds":0}""");

        Assert.StartsWith("kube-api-access-", pod.At("spec.volumes.0.name"), StringComparison.Ordinal);
        Assert.Equal((201, "Success"), (bound.Code, bound.At("status")));
        Assert.Equal((409, "Operation cannot be fulfilled on pods \"p\": pod p is already assigned to node \"node-1\""), (again.Code, again.Message));
        Assert.Equal(("30", "PodScheduled"), (deleted.At("metadata.deletionGracePeriodSeconds"), deleted.At("status.conditions.0.type")));
        Assert.Equal(200, gone.Code);
        Assert.Equal(404, (await api.SendAsync("GET", path + "/p")).Code);
    }

    [Fact]
    public async Task ClusterAddresses_AreUnique_UnderRaces()
    {
        var ns = await api.NamespaceAsync();
        var made = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => api.SendAsync(
            "POST", $"/api/v1/namespaces/{ns}/services", $$$"""{"metadata":{"name":"s{{{i}}}"},"spec":{"type":"NodePort","ports":[{"port":80}]}}""")));
        var taken = await api.SendAsync(
            "POST", $"/api/v1/namespaces/{ns}/services", $$$"""{"metadata":{"name":"late"},"spec":{"clusterIP":"{{{made[0].At("spec.clusterIP")}}}","ports":[{"port":80}]}}""");

        Assert.All(made, answer => Assert.Equal(201, answer.Code));
        Assert.Equal(20, made.Select(answer => answer.At("spec.clusterIP")).Distinct().Count());
        Assert.Equal(20, made.Select(answer => answer.At("spec.ports.0.nodePort")).Distinct().Count());
        Assert.Equal((422, "Invalid"), (taken.Code, taken.Reason));
        Assert.Contains("provided IP is already allocated", taken.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Writers_WhoDoNotInsistOnARevision_AllSucceed()
    {
        var ns = await api.NamespaceAsync();
        var path = $"/api/v1/namespaces/{ns}/configmaps";
        await api.SendAsync("POST", path, ConfigMap("one"));
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => api.SendAsync("PATCH", path + "/one", $$$"""{"data":{"k{{{i}}}":"v"}}""", "application/merge-patch+json")));
        var read = await api.SendAsync("GET", path + "/one");

        Assert.All(answers, answer => Assert.Equal(200, answer.Code));
        Assert.Equal(11, ((JsonObject)read.Json["data"]!).Count);
    }

    private const string Deployment = """
        {"metadata":{"name":"web"},"spec":{"replicas":1,"selector":{"matchLabels":{"app":"web"}},
        "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}
        """;
}
