using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Client;
using KubeAspire.Resources.Core;

namespace KubeAspire.ApiServer.Tests.Verbs;

public sealed class ReadTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string TableV1 = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

    [Fact]
    public async Task List_InPages_IsOneMoment_WhateverIsWrittenBetween()
    {
        var ns = await FillAsync(10);
        var path = $"/api/v1/namespaces/{ns}/configmaps";
        var first = await api.SendAsync("GET", path + "?limit=4");
        await api.SendAsync("DELETE", path + "/cm-07");
        await api.SendAsync("POST", path, """{"metadata":{"name":"cm-99"}}""");
        var names = Names(first);
        var token = first.At("metadata.continue");
        Assert.Equal("6", first.At("metadata.remainingItemCount"));
        while (token.Length > 0)
        {
            var next = await api.SendAsync("GET", $"{path}?limit=4&continue={token}");
            Assert.Equal(first.At("metadata.resourceVersion"), next.At("metadata.resourceVersion"));
            names.AddRange(Names(next));
            token = next.At("metadata.continue");
        }

        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"cm-{i:00}"), names);
    }

    [Fact]
    public async Task List_WhoseRevisionIsCompacted_OffersATokenToGoOn()
    {
        var ns = await FillAsync(6);
        var path = $"/api/v1/namespaces/{ns}/configmaps";
        var first = await api.SendAsync("GET", path + "?limit=2");
        await api.SendAsync("DELETE", path + "/cm-05");
        await api.Engine.CompactAsync(api.Engine.Revision, CancellationToken.None);
        var expired = await api.SendAsync("GET", $"{path}?limit=2&continue={first.At("metadata.continue")}");
        var rest = await api.SendAsync("GET", $"{path}?continue={expired.At("metadata.continue")}");

        Assert.Equal((410, "Expired"), (expired.Code, expired.Reason));
        Assert.Equal(["cm-02", "cm-03", "cm-04"], Names(rest));
    }

    [Theory]
    [InlineData("labelSelector=even%3Dtrue", 5)]
    [InlineData("labelSelector=even!%3Dtrue", 5)]
    [InlineData("labelSelector=even%20in%20(true%2Cfalse)", 10)]
    [InlineData("labelSelector=!even", 0)]
    [InlineData("fieldSelector=metadata.name%3Dcm-03", 1)]
    [InlineData("fieldSelector=metadata.name!%3Dcm-03", 9)]
    [InlineData("labelSelector=even%3Dtrue&limit=3", 3)]
    public async Task List_Selects(string query, int count)
    {
        var ns = await FillAsync(10);
        var list = await api.SendAsync("GET", $"/api/v1/namespaces/{ns}/configmaps?{query}");

        Assert.Equal(count, Names(list).Count);
        Assert.Equal("", list.At("metadata.remainingItemCount"));
    }

    [Fact]
    public async Task Table_HasTheColumns_AndMetadataOfEachRow()
    {
        var ns = await FillAsync(2);
        var table = await api.SendAsync("GET", $"/api/v1/namespaces/{ns}/configmaps", accept: TableV1);
        var bare = await api.SendAsync("GET", $"/api/v1/namespaces/{ns}/configmaps?includeObject=None", accept: TableV1);

        Assert.Equal(("Table", "Name", "cm-00"), (table.At("kind"), table.At("columnDefinitions.0.name"), table.At("rows.0.cells.0")));
        Assert.Equal(("PartialObjectMetadata", "cm-01"), (table.At("rows.1.object.kind"), table.At("rows.1.object.metadata.name")));
        Assert.Equal("", bare.At("rows.0.object"));
    }

    [Fact]
    public async Task Formats_AreNegotiated()
    {
        var ns = await FillAsync(1);
        var path = $"/api/v1/namespaces/{ns}/configmaps";
        var yaml = await api.SendAsync("GET", path + "/cm-00", accept: "application/yaml");
        var metadata = await api.SendAsync("GET", path, accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io");
        var protobuf = await api.SendAsync("GET", path + "/cm-00", accept: "application/vnd.kubernetes.protobuf,application/json");

        Assert.Contains("kind: ConfigMap\n", yaml.Text, StringComparison.Ordinal);
        Assert.Equal(("PartialObjectMetadataList", "PartialObjectMetadata", ""), (metadata.At("kind"), metadata.At("items.0.kind"), metadata.At("items.0.data")));
        Assert.Equal("application/vnd.kubernetes.protobuf", protobuf.Headers.ContentType.ToString());
    }

    [Fact]
    public async Task Watch_FromARevision_TellsEachChangeOnce_InOrder()
    {
        var ns = await FillAsync(1);
        var path = $"/api/v1/namespaces/{ns}/configmaps";
        var list = await api.SendAsync("GET", path);
        await api.SendAsync("PATCH", path + "/cm-00", """{"data":{"x":"y"}}""", "application/merge-patch+json");
        await api.SendAsync("POST", path, """{"metadata":{"name":"new"}}""");
        await api.SendAsync("DELETE", path + "/cm-00");
        var events = await TakeAsync(ns, new ListQuery { ResourceVersion = list.At("metadata.resourceVersion") }, 3);

        Assert.Equal([(WatchEventType.Modified, "cm-00"), (WatchEventType.Added, "new"), (WatchEventType.Deleted, "cm-00")], events.Select(e => (e.Type, e.Object!.Metadata.Name!)));
        Assert.Equal(events.Select(e => long.Parse(e.Object!.Metadata.ResourceVersion!)).Order(), events.Select(e => long.Parse(e.Object!.Metadata.ResourceVersion!)));
    }

    [Fact]
    public async Task Watch_WithASelector_ShowsEnteringAndLeaving()
    {
        var ns = await FillAsync(1);
        var path = $"/api/v1/namespaces/{ns}/configmaps";
        const string Merge = "application/merge-patch+json";
        var list = await api.SendAsync("GET", path);
        await api.SendAsync("PATCH", path + "/cm-00", """{"metadata":{"labels":{"sel":"yes"}}}""", Merge);
        var left = await api.SendAsync("PATCH", path + "/cm-00", """{"metadata":{"labels":{"sel":"no"}}}""", Merge);
        var events = await TakeAsync(ns, new ListQuery { ResourceVersion = list.At("metadata.resourceVersion"), LabelSelector = "sel=yes" }, 2);

        Assert.Equal([WatchEventType.Added, WatchEventType.Deleted], events.Select(e => e.Type));
        Assert.Equal(left.At("metadata.resourceVersion"), events[1].Object!.Metadata.ResourceVersion);
        Assert.Equal("yes", events[1].Object!.Metadata.Labels!["sel"]);
    }

    [Fact]
    public async Task Watch_ThatAsksForInitialEvents_IsToldWhereTheyEnd()
    {
        var ns = await FillAsync(3);
        var events = await TakeAsync(ns, new ListQuery { SendInitialEvents = true }, 4);

        Assert.Equal([WatchEventType.Added, WatchEventType.Added, WatchEventType.Added, WatchEventType.Bookmark], events.Select(e => e.Type));
        Assert.Equal("true", events[3].Object!.Metadata.Annotations!["k8s.io/initial-events-end"]);
    }

    [Fact]
    public async Task Watch_OfARevisionThatIsForgotten_EndsWith410()
    {
        var ns = await FillAsync(3);
        await api.Engine.CompactAsync(api.Engine.Revision, CancellationToken.None);
        await FillAsync(1);
        var events = await TakeAsync(ns, new ListQuery { ResourceVersion = "2" }, 1);

        Assert.Equal((WatchEventType.Error, ApiErrorReason.Expired, 410), (events[0].Type, events[0].Error!.Reason, events[0].Error!.Code));
    }

    [Fact]
    public async Task Watch_Ends_WhenItsTimeIsOver()
    {
        var ns = await FillAsync(1);
        var answer = await api.SendAsync("GET", $"/api/v1/namespaces/{ns}/configmaps?watch=true&timeoutSeconds=1&allowWatchBookmarks=true");

        var line = Assert.Single(answer.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries), text => text.Contains("ADDED", StringComparison.Ordinal));
        Assert.StartsWith("""{"type":"ADDED","object":{"apiVersion":"v1","kind":"ConfigMap",""", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Revision_ThatLiesAhead_IsWaitedFor_ThenRefused()
    {
        var ahead = api.Engine.Revision + 1000;
        var answer = await api.SendAsync("GET", $"/api/v1/pods?resourceVersion={ahead}");

        Assert.Equal((504, "Timeout", "ResourceVersionTooLarge", "1"), (answer.Code, answer.Reason, answer.At("details.causes.0.reason"), answer.Headers.RetryAfter.ToString()));
        Assert.Contains($"Too large resource version: {ahead}, current: ", answer.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api", "", "APIVersions")]
    [InlineData("/apis", "", "APIGroupList")]
    [InlineData("/api/v1", "", "APIResourceList")]
    [InlineData("/apis/apps/v1", "", "APIResourceList")]
    [InlineData("/apis/apps", "", "APIGroup")]
    [InlineData("/apis", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json", "APIGroupDiscoveryList")]
    [InlineData("/api", "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json", "APIGroupDiscoveryList")]
    public async Task Discovery_IsServed(string path, string accept, string kind)
    {
        var answer = await api.SendAsync("GET", path, accept: accept);

        Assert.Equal((200, kind), (answer.Code, answer.At("kind")));
        Assert.Equal(accept.Length == 0 ? "application/json" : accept.Split(',')[0], answer.Headers.ContentType.ToString());
    }

    [Fact]
    public async Task OpenApi_IndexLeadsToDocuments_WhosePatchTakesFieldValidation()
    {
        var index = await api.SendAsync("GET", "/openapi/v3");
        var url = index.Json["paths"]!["apis/apps/v1"]!["serverRelativeURL"]!.ToString();
        var document = await api.SendAsync("GET", url);
        var patch = document.Json["paths"]!["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]!["patch"]!;

        Assert.Contains("immutable", document.Headers.CacheControl.ToString(), StringComparison.Ordinal);
        Assert.Contains(((JsonArray)patch["parameters"]!).Select(parameter => parameter!["name"]!.ToString()), name => name == "fieldValidation");
        Assert.Equal("Deployment", patch["x-kubernetes-group-version-kind"]!["kind"]!.ToString());
        Assert.Equal("merge", document.Json["components"]!["schemas"]!["io.k8s.api.core.v1.PodSpec"]!["properties"]!["containers"]!["x-kubernetes-patch-strategy"]!.ToString());
    }

    private async Task<string> FillAsync(int count)
    {
        var ns = await api.NamespaceAsync();
        for (var i = 0; i < count; i++)
        {
            var made = await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/configmaps", $$$$"""{"metadata":{"name":"cm-{{{{i:00}}}}","labels":{"even":"{{{{(i % 2 == 0 ? "true" : "false")}}}}"}}}""");
            Assert.Equal(201, made.Code);
        }

        return ns;
    }

    private async Task<List<WatchEvent<ConfigMap>>> TakeAsync(string ns, ListQuery query, int count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var events = new List<WatchEvent<ConfigMap>>();
        await foreach (var change in api.Admin.WatchAsync<ConfigMap>(ns, query, limit.Token))
        {
            events.Add(change);
            if (events.Count == count)
            {
                break;
            }
        }

        return events;
    }

    private static List<string> Names(ApiResponse list) => [.. ((JsonArray)list.Json["items"]!).Select(item => item!["metadata"]!["name"]!.ToString())];
}
