using System.Text.Json.Nodes;

namespace KubeAspire.Conformance.Harness;

/// <summary>
/// The assertions that most conformance tests named "should support … API operations" share: the resource is in discovery; three objects are created,
/// read, listed by label, watched, patched and updated, each change being seen by the watch; the status half is written by itself; one is deleted, then the collection.
/// </summary>
public sealed class ApiOperations(ControlPlane api)
{
    /// <summary>API group; empty for the core group.</summary>
    public string Group { get; init; } = "";

    /// <summary>API version.</summary>
    public string Version { get; init; } = "v1";

    /// <summary>Kind.</summary>
    public required string Kind { get; init; }

    /// <summary>Plural name.</summary>
    public required string Plural { get; init; }

    /// <summary>Whether it lives in namespaces.</summary>
    public bool Namespaced { get; init; }

    /// <summary>Makes the object of a number, from 1; without metadata. Where it says <c>@namespace</c>, the test's namespace is put.</summary>
    public required Func<int, JsonObject> Make { get; init; }

    /// <summary>Makes the name of the object of a number, where a kind's names have a form of their own.</summary>
    public Func<int, string>? Name { get; init; }

    /// <summary>A status that a writer of the status half sets, as a merge patch of <c>status</c>; null for a kind without one.</summary>
    public JsonObject? Status { get; init; }

    /// <summary>Whether an update of the main half changes annotations (true for all), and optionally the spec as well.</summary>
    public Action<JsonObject>? Change { get; init; }

    /// <summary>Runs it all.</summary>
    public async Task RunAsync()
    {
        var ns = Namespaced ? await api.NamespaceAsync() : "";
        var label = "special-label%3D" + Guid.NewGuid().ToString("N")[..8];
        var root = Group.Length == 0 ? $"/api/{Version}" : $"/apis/{Group}/{Version}";
        var path = root + (Namespaced ? $"/namespaces/{ns}" : "") + "/" + Plural;
        await DiscoverAsync(root);

        var created = new List<string>();
        for (var number = 1; number <= 3; number++)
        {
            var answer = await CreateAsync(path, ns, number, label);
            created.Add(answer.At("metadata.name"));
            Assert.NotEmpty(answer.At("metadata.uid"));
        }

        (await api.SendAsync("POST", path, await BodyAsync(path, created[0]))).ExpectRefusal(409, "AlreadyExists");
        var got = (await api.SendAsync("GET", $"{path}/{created[0]}")).Expect(200);
        Assert.Equal(Kind, got.At("kind"));
        var list = (await api.SendAsync("GET", $"{path}?labelSelector={label}")).Expect(200);
        Assert.Equal(3, list.Items.Count);
        Assert.Equal(3, (await api.SendAsync("GET", $"{root}/{Plural}?labelSelector={label}")).Expect(200).Items.Count);
        await WriteAsync(path, created[0], label, list.At("metadata.resourceVersion"));
        if (Status is not null)
        {
            await WriteStatusAsync(path, created[0]);
        }

        await DeleteAsync(path, created, label);
    }

    private async Task DiscoverAsync(string root)
    {
        if (Group.Length > 0)
        {
            var groups = (await api.SendAsync("GET", "/apis")).Expect(200);
            var group = (groups.Json["groups"] as JsonArray)!.OfType<JsonObject>().Single(found => found["name"]!.ToString() == Group);
            Assert.Contains((group["versions"] as JsonArray)!.OfType<JsonObject>(), version => version["groupVersion"]!.ToString() == $"{Group}/{Version}");
            Assert.Equal(Group, (await api.SendAsync("GET", $"/apis/{Group}")).Expect(200).At("name"));
        }

        var resources = ((await api.SendAsync("GET", root)).Expect(200).Json["resources"] as JsonArray)!.OfType<JsonObject>().ToList();
        var found = Assert.Single(resources, resource => resource["name"]!.ToString() == Plural);
        Assert.Equal(Kind, found["kind"]!.ToString());
        Assert.Equal(Namespaced, (bool)found["namespaced"]!);
        Assert.True(Status is null || resources.Any(resource => resource["name"]!.ToString() == Plural + "/status"), "no status in discovery");
    }

    private async Task<Answer> CreateAsync(string path, string ns, int number, string label)
    {
        var value = JsonNode.Parse(Make(number).ToJsonString().Replace("@namespace", ns, StringComparison.Ordinal))!.AsObject();
        var metadata = new JsonObject { ["labels"] = new JsonObject { ["special-label"] = label["special-label%3D".Length..] } };
        if (Name is null)
        {
            metadata["generateName"] = "e2e-example-";
        }
        else
        {
            metadata["name"] = Name(number);
        }

        value["metadata"] = metadata;
        return (await api.SendAsync("POST", path, value.ToJsonString())).Expect(201);
    }

    private async Task<string> BodyAsync(string path, string name)
    {
        var value = (await api.SendAsync("GET", $"{path}/{name}")).Expect(200).Json;
        (value["metadata"] as JsonObject)!.Remove("resourceVersion");
        (value["metadata"] as JsonObject)!.Remove("uid");
        (value["metadata"] as JsonObject)!.Remove("generateName");
        return value.ToJsonString();
    }

    private async Task WriteAsync(string path, string name, string label, string revision)
    {
        await using var watch = await api.WatchAsync($"{path}?watch=1&labelSelector={label}&resourceVersion={revision}");
        var patched = (await api.SendAsync("PATCH", $"{path}/{name}", """{"metadata":{"annotations":{"patched":"true"}}}""")).Expect(200);
        Assert.Equal("true", patched.At("metadata.annotations.patched"));

        var update = patched.Json;
        (update["metadata"]!["annotations"] as JsonObject)!["updated"] = "true";
        Change?.Invoke(update);
        var updated = (await api.SendAsync("PUT", $"{path}/{name}", update.ToJsonString())).Expect(200);
        Assert.Equal("true", updated.At("metadata.annotations.updated"));
        (await api.SendAsync("PUT", $"{path}/{name}", patched.Json.ToJsonString().Replace("\"patched\":\"true\"", "\"patched\":\"late\"", StringComparison.Ordinal))).ExpectRefusal(409, "Conflict");

        Assert.Equal("true", (await watch.NextAsync("MODIFIED")).At("metadata.annotations.patched"));
        await watch.UntilAsync("MODIFIED", seen => seen.At("metadata.annotations.updated") == "true");
    }

    private async Task WriteStatusAsync(string path, string name)
    {
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["patchedstatus"] = "true" } },
            ["status"] = Status!.DeepClone(),
        };
        var patched = (await api.SendAsync("PATCH", $"{path}/{name}/status", patch.ToJsonString())).Expect(200);
        AssertHolds(Status!, patched.Json["status"]);
        Assert.Equal("true", patched.At("metadata.annotations.patchedstatus"));

        var update = patched.Json;
        update["spec"] = null;
        var updated = (await api.SendAsync("PUT", $"{path}/{name}/status", update.ToJsonString()));
        // A kind whose spec is checked with the status refuses one without; what is written keeps its spec either way.
        Assert.True(updated.Code is 200 or 422, updated.Text);
        var read = (await api.SendAsync("GET", $"{path}/{name}/status")).Expect(200);
        AssertHolds(Status!, read.Json["status"]);
        Assert.Equal(patched.Json["spec"]?.ToJsonString(), read.Json["spec"]?.ToJsonString());
    }

    private async Task DeleteAsync(string path, List<string> created, string label)
    {
        (await api.SendAsync("DELETE", $"{path}/{created[0]}")).Expect(200);
        var gone = await api.SendAsync("GET", $"{path}/{created[0]}");
        // What a finalizer holds is on its way out.
        Assert.True(gone.Code == 404 || gone.At("metadata.deletionTimestamp").Length > 0, gone.Text);
        (await api.SendAsync("DELETE", $"{path}?labelSelector={label}")).Expect(200);
        var rest = (await api.SendAsync("GET", $"{path}?labelSelector={label}")).Expect(200).Items;
        Assert.All(rest, item => Assert.NotEmpty(item.At("metadata.deletionTimestamp")));
    }

    // Everything that was asked for is there; more may be.
    private static void AssertHolds(JsonNode wanted, JsonNode? found)
    {
        switch (wanted)
        {
            case JsonObject members:
                foreach (var (name, value) in members)
                {
                    AssertHolds(value!, (found as JsonObject)?[name]);
                }

                break;
            case JsonArray items:
                Assert.True(found is JsonArray list && list.Count >= items.Count, $"{found?.ToJsonString()} has fewer items than {items.ToJsonString()}");
                for (var index = 0; index < items.Count; index++)
                {
                    AssertHolds(items[index]!, ((JsonArray)found!)[index]);
                }

                break;
            default:
                Assert.Equal(wanted.ToString(), found?.ToString());
                break;
        }
    }
}
