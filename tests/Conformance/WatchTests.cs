using System.Text.Json.Nodes;
using KubeAspire.Conformance.Harness;

namespace KubeAspire.Conformance;

/// <summary>Watches, lists in chunks, tables, discovery, version.</summary>
public sealed class WatchTests(ControlPlane api)
{
    private const string Label = "watch-this-configmap";

    [Conformance("[sig-api-machinery] Watchers should observe add, update, and delete watch notifications on configmaps")]
    public async Task Notifications()
    {
        var path = await PathAsync();
        await using var a = await OpenAsync(path, "multiple-watchers-A");
        await using var b = await OpenAsync(path, "multiple-watchers-B");
        await using var either = await api.WatchAsync($"{path}?watch=1&labelSelector={Label}%20in%20(multiple-watchers-A,multiple-watchers-B)");
        await CreateAsync(path, "a", "multiple-watchers-A");
        await ExpectAsync("ADDED", "a", a, either);
        await MutateAsync(path, "a", 1);
        await ExpectAsync("MODIFIED", "a", a, either);
        await MutateAsync(path, "a", 2);
        await ExpectAsync("MODIFIED", "a", a, either);
        (await api.SendAsync("DELETE", path + "/a")).Expect(200);
        await ExpectAsync("DELETED", "a", a, either);
        await CreateAsync(path, "b", "multiple-watchers-B");
        await ExpectAsync("ADDED", "b", b, either);
        (await api.SendAsync("DELETE", path + "/b")).Expect(200);
        await ExpectAsync("DELETED", "b", b, either);
    }

    [Conformance("[sig-api-machinery] Watchers should be able to start watching from a specific resource version")]
    public async Task FromRevision()
    {
        var path = await PathAsync();
        await CreateAsync(path, "c", "from-resource-version");
        var first = await MutateAsync(path, "c", 1);
        await MutateAsync(path, "c", 2);
        (await api.SendAsync("DELETE", path + "/c")).Expect(200);
        await using var watch = await api.WatchAsync($"{path}?watch=1&labelSelector={Label}%3Dfrom-resource-version&resourceVersion={first.At("metadata.resourceVersion")}");
        Assert.Equal("2", (await watch.NextAsync("MODIFIED")).At("data.mutation"));
        Assert.Equal("2", (await watch.NextAsync("DELETED")).At("data.mutation"));
    }

    [Conformance("[sig-api-machinery] Watchers should be able to restart watching from the last resource version observed by the previous watch")]
    public async Task Restart()
    {
        var path = await PathAsync();
        string last;
        await using (var first = await OpenAsync(path, "watch-closed-and-restarted"))
        {
            await CreateAsync(path, "c", "watch-closed-and-restarted");
            await MutateAsync(path, "c", 1);
            await first.NextAsync("ADDED");
            last = (await first.NextAsync("MODIFIED")).At("metadata.resourceVersion");
        }

        await MutateAsync(path, "c", 2);
        (await api.SendAsync("DELETE", path + "/c")).Expect(200);
        await using var second = await api.WatchAsync($"{path}?watch=1&labelSelector={Label}%3Dwatch-closed-and-restarted&resourceVersion={last}");
        Assert.Equal("2", (await second.NextAsync("MODIFIED")).At("data.mutation"));
        await second.NextAsync("DELETED");
    }

    [Conformance("[sig-api-machinery] Watchers should observe an object deletion if it stops meeting the requirements of the selector")]
    public async Task LeavesSelector()
    {
        var path = await PathAsync();
        await using var watch = await OpenAsync(path, "label-changed-and-restored");
        await CreateAsync(path, "c", "label-changed-and-restored");
        await watch.NextAsync("ADDED");
        await MutateAsync(path, "c", 1);
        await watch.NextAsync("MODIFIED");
        await RelabelAsync(path, "wrong-value");
        Assert.Equal("1", (await watch.NextAsync("DELETED")).At("data.mutation"));
        await MutateAsync(path, "c", 2);
        await RelabelAsync(path, "label-changed-and-restored");
        Assert.Equal("2", (await watch.NextAsync("ADDED")).At("data.mutation"));
        await MutateAsync(path, "c", 3);
        Assert.Equal("3", (await watch.NextAsync("MODIFIED")).At("data.mutation"));
        (await api.SendAsync("DELETE", path + "/c")).Expect(200);
        Assert.Equal("3", (await watch.NextAsync("DELETED")).At("data.mutation"));
    }

    [Conformance("[sig-api-machinery] Watchers should receive events on concurrent watches in same order")]
    public async Task SameOrder()
    {
        const int Changes = 100;
        var path = await PathAsync();
        var start = (await api.SendAsync("GET", path)).At("metadata.resourceVersion");
        var production = Task.Run(async () =>
        {
            var random = new Random(11);
            var live = new HashSet<int>();
            for (var change = 0; change < Changes; change++)
            {
                var number = random.Next(10);
                if (live.Add(number))
                {
                    await CreateAsync(path, $"cm-{number}", "order");
                }
                else if (random.Next(2) == 0)
                {
                    await MutateAsync(path, $"cm-{number}", change);
                }
                else
                {
                    live.Remove(number);
                    (await api.SendAsync("DELETE", $"{path}/cm-{number}")).Expect(200);
                }
            }
        });
        await using var first = await api.WatchAsync($"{path}?watch=1&labelSelector={Label}%3Dorder&resourceVersion={start}");
        var seen = new List<string>();
        for (var index = 0; index < Changes; index++)
        {
            var (type, value) = (await first.ReadAsync())!.Value;
            seen.Add($"{type} {value.At("metadata.resourceVersion")}");
            if (index % 10 == 0)
            {
                // Begun anywhere in the sequence, a watch shows the rest of it in the same order.
                await using var other = await api.WatchAsync($"{path}?watch=1&labelSelector={Label}%3Dorder&resourceVersion={value.At("metadata.resourceVersion")}");
                var (followingType, following) = (await first.ReadAsync())!.Value;
                seen.Add($"{followingType} {following.At("metadata.resourceVersion")}");
                index++;
                var (otherType, otherValue) = (await other.ReadAsync())!.Value;
                Assert.Equal(seen[^1], $"{otherType} {otherValue.At("metadata.resourceVersion")}");
            }
        }

        await production;
        Assert.Equal(seen.Order(Comparer<string>.Create((x, y) => long.Parse(x.Split(' ')[1], null).CompareTo(long.Parse(y.Split(' ')[1], null)))), seen);
    }

    [Conformance("[sig-api-machinery] Servers with support for API chunking should return chunks of results for list calls")]
    public async Task Chunks()
    {
        const int Count = 400;
        var path = (await PathAsync()).Replace("configmaps", "podtemplates", StringComparison.Ordinal);
        await FillAsync(api, path, Count);
        var (seen, revision, next) = (0, "", "");
        do
        {
            var page = (await api.SendAsync("GET", $"{path}?limit=17&continue={Uri.EscapeDataString(next)}")).Expect(200);
            seen += page.Items.Count;
            Assert.True(revision.Length == 0 || revision == page.At("metadata.resourceVersion"), "the pages are of different revisions");
            (revision, next) = (page.At("metadata.resourceVersion"), page.At("metadata.continue"));
            Assert.Equal(next.Length == 0 ? "" : $"{Count - seen}", page.At("metadata.remainingItemCount"));
            Assert.True(next.Length == 0 || page.Items.Count == 17);
        }
        while (next.Length > 0);
        Assert.Equal(Count, seen);
        Assert.Equal(Count, (await api.SendAsync("GET", path)).Items.Count);
    }

    [Conformance("[sig-api-machinery] Servers with support for API chunking should support continue listing from the last key if the original version has been compacted away, though the list is inconsistent")]
    public async Task ChunksPastCompaction()
    {
        const int Count = 400;
        const int Tenth = 40;
        // A store that forgets soon, where upstream's test waits for minutes.
        await using var small = await ControlPlane.StartAsync("--Silo:HistoryEvents=1000");
        var path = $"/api/v1/namespaces/{await small.NamespaceAsync()}/podtemplates";
        await FillAsync(small, path, Count);
        var first = (await small.GetAsync($"{path}?limit={Tenth}")).Json;
        Assert.Equal((Tenth, $"{Count - Tenth}"), (first["items"]!.AsArray().Count, first.At("metadata.remainingItemCount")));

        var (token, inconsistent) = (Uri.EscapeDataString(first.At("metadata.continue")), "");
        for (var writes = 0; inconsistent.Length == 0; writes++)
        {
            Assert.True(writes < 50, "never compacted");
            for (var number = 0; number < 50; number++)
            {
                await small.PatchAsync(path + "/template-0000", $$$"""{"metadata":{"annotations":{"write":"{{{writes}}}-{{{number}}}"} } }""");
            }

            var answer = await small.SendAsync("GET", $"{path}?limit={Tenth}&continue={token}");
            if (answer.Code != 200)
            {
                answer.ExpectRefusal(410, "Expired");
                inconsistent = answer.At("metadata.continue");
                Assert.NotEmpty(inconsistent);
            }
        }

        var second = (await small.GetAsync($"{path}?limit={Tenth}&continue={Uri.EscapeDataString(inconsistent)}")).Json;
        Assert.NotEqual(first.At("metadata.resourceVersion"), second.At("metadata.resourceVersion"));
        Assert.Equal(Enumerable.Range(Tenth, Tenth).Select(number => $"template-{number:D4}"), second["items"]!.AsArray().OfType<JsonObject>().Select(item => item.At("metadata.name")));
        var rest = (await small.GetAsync($"{path}?continue={Uri.EscapeDataString(second.At("metadata.continue"))}")).Json;
        Assert.Equal((Count - (2 * Tenth), "", second.At("metadata.resourceVersion")), (rest["items"]!.AsArray().Count, rest.At("metadata.continue"), rest.At("metadata.resourceVersion")));
    }

    [Conformance("[sig-api-machinery] Servers with support for Table transformation should return a 406 for a backend which does not implement metadata")]
    public async Task TableOfAReview() => (await api.SendAsync(
        "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", """{"spec":{"nonResourceAttributes":{"verb":"GET","path":"/"}}}""",
        accept: "application/json;as=Table;v=v1;g=meta.k8s.io")).ExpectRefusal(406, "NotAcceptable");

    [Conformance("[sig-api-machinery] server version should find the server version")]
    public async Task Version()
    {
        var version = (await api.SendAsync("GET", "/version")).Expect(200);
        Assert.Matches("^[1-9]$", version.At("major"));
        Assert.Matches("^[0-9]+[+]?$", version.At("minor"));
    }

    [Conformance("[sig-api-machinery] Discovery should validate PreferredVersion for each APIGroup")]
    public async Task PreferredVersion()
    {
        foreach (var group in (await GroupsAsync()).Where(group => group["name"]!.ToString().Length > 0))
        {
            var one = (await api.SendAsync("GET", $"/apis/{group["name"]}")).Expect(200).Json;
            var preferred = one.At("preferredVersion.groupVersion");
            Assert.Contains((one["versions"] as JsonArray)!.OfType<JsonObject>(), version => version.At("groupVersion") == preferred);
            Assert.Equal(group.At("preferredVersion.groupVersion"), preferred);
        }
    }

    [Conformance("[sig-api-machinery] Discovery should locate the groupVersion and a resource within each APIGroup")]
    public async Task LocateResources()
    {
        (string Path, string Version, string Resource)[] wanted =
        [
            ("/apis/admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations"),
            ("/apis/apiregistration.k8s.io", "v1", "apiservices"), ("/apis/apps", "v1", "deployments"), ("/apis/authentication.k8s.io", "v1", "tokenreviews"),
            ("/apis/authorization.k8s.io", "v1", "selfsubjectaccessreviews"), ("/apis/autoscaling", "v1", "horizontalpodautoscalers"), ("/apis/autoscaling", "v2", "horizontalpodautoscalers"),
            ("/apis/batch", "v1", "jobs"), ("/apis/certificates.k8s.io", "v1", "certificatesigningrequests"), ("/apis/coordination.k8s.io", "v1", "leases"),
            ("/apis/discovery.k8s.io", "v1", "endpointslices"), ("/apis/events.k8s.io", "v1", "events"), ("/apis/networking.k8s.io", "v1", "ingresses"),
            ("/apis/node.k8s.io", "v1", "runtimeclasses"), ("/apis/policy", "v1", "poddisruptionbudgets"), ("/apis/scheduling.k8s.io", "v1", "priorityclasses"),
            ("/apis/storage.k8s.io", "v1", "csinodes"), ("/apis/apiextensions.k8s.io", "v1", "customresourcedefinitions"),
        ];
        foreach (var (path, version, resource) in wanted)
        {
            var group = (await api.SendAsync("GET", path)).Expect(200).Json;
            Assert.Contains((group["versions"] as JsonArray)!.OfType<JsonObject>(), found => found.At("version") == version);
            var resources = (await api.SendAsync("GET", $"{path}/{version}")).Expect(200).Json;
            Assert.Contains((resources["resources"] as JsonArray)!.OfType<JsonObject>(), found => found.At("name") == resource);
        }
    }

    [Conformance("[sig-api-machinery] AggregatedDiscovery should support aggregated discovery interface")]
    public async Task AggregatedDiscovery()
    {
        var groups = await AggregatedAsync("/apis", "v2");
        foreach (var (group, version, resource) in ((string, string, string)[])[("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations"), ("apps", "v1", "deployments"), ("batch", "v1", "cronjobs"), ("rbac.authorization.k8s.io", "v1", "roles")])
        {
            var found = groups.Single(one => one.At("metadata.name") == group);
            var served = (found["versions"] as JsonArray)!.OfType<JsonObject>().Single(one => one.At("version") == version);
            Assert.Contains((served["resources"] as JsonArray)!.OfType<JsonObject>(), one => one.At("resource") == resource);
        }

        var core = Assert.Single(await AggregatedAsync("/api", "v2"));
        Assert.Contains((core["versions"]![0]!["resources"] as JsonArray)!.OfType<JsonObject>(), one => one.At("resource") == "pods");
    }

    [Conformance("[sig-api-machinery] AggregatedDiscovery should support raw aggregated discovery endpoint Accept headers")]
    public async Task AggregatedAccept()
    {
        foreach (var version in (string[])["v2", "v2beta1"])
        {
            var accept = $"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList";
            var answer = (await api.SendAsync("GET", "/apis", accept: accept)).Expect(200);
            if (version == "v2")
            {
                Assert.Equal("APIGroupDiscoveryList", answer.At("kind"));
                Assert.Equal(accept.Replace(" ", "", StringComparison.Ordinal), answer.ContentType.Replace(" ", "", StringComparison.Ordinal));
            }
        }

        Assert.Equal("APIGroupList", (await api.SendAsync("GET", "/apis")).Expect(200).At("kind"));
    }

    private async Task<IReadOnlyList<JsonObject>> AggregatedAsync(string path, string version) =>
        (await api.SendAsync("GET", path, accept: $"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList")).Expect(200).Items;

    private async Task<IEnumerable<JsonObject>> GroupsAsync() => ((await api.SendAsync("GET", "/apis")).Expect(200).Json["groups"] as JsonArray)!.OfType<JsonObject>();

    private async Task<string> PathAsync() => $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps";

    private Task<WatchReader> OpenAsync(string path, string value) => api.WatchAsync($"{path}?watch=1&labelSelector={Label}%3D{value}");

    private async Task CreateAsync(string path, string name, string value) =>
        (await api.SendAsync("POST", path, $$$$"""{"metadata":{"name":"{{{{name}}}}","labels":{"{{{{Label}}}}":"{{{{value}}}}"}}}""")).Expect(201);

    private async Task<Answer> MutateAsync(string path, string name, int mutation) =>
        (await api.SendAsync("PATCH", $"{path}/{name}", $$$$"""{"data":{"mutation":"{{{{mutation}}}}"}}""")).Expect(200);

    private async Task RelabelAsync(string path, string value) =>
        (await api.SendAsync("PATCH", $"{path}/c", $$$$"""{"metadata":{"labels":{"{{{{Label}}}}":"{{{{value}}}}"}}}""")).Expect(200);

    private static async Task ExpectAsync(string type, string name, params WatchReader[] watches)
    {
        foreach (var watch in watches)
        {
            Assert.Equal(name, (await watch.NextAsync(type)).At("metadata.name"));
        }
    }

    private static async Task FillAsync(ControlPlane api, string path, int count) => await Parallel.ForEachAsync(
        Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 8 },
        async (number, _) => (await api.SendAsync("POST", path, $$$$"""{"metadata":{"name":"template-{{{{number:D4}}}}"},"template":{"spec":{"containers":[{"name":"test","image":"test2"}]}}}""")).Expect(201));
}
