using System.Text.Json.Nodes;
using Xunit;

namespace KubeAspire.Testing.StorageContract;

/// <summary>
/// The half of upstream's storage behaviours that lives above the engine: preconditions, selection, pages, what a resourceVersion means, frames of
/// a watch. Every engine's tests inherit these suites too, with an API server over that engine. The table in docs/specs/state-store.md says which is which.
/// </summary>
/// <typeparam name="TApi">Makes the server; shared by the tests of a class, each of which has a namespace of its own.</typeparam>
public abstract class StorageSuite<TApi>(TApi api) : IClassFixture<TApi>
    where TApi : class, IApiOverEngine
{
    /// <summary>The server under test.</summary>
    protected TApi Api { get; } = api;

    /// <summary>Makes a namespace and answers the path of its ConfigMaps.</summary>
    protected async Task<string> NewCollection()
    {
        var ns = "t-" + Guid.NewGuid().ToString("N")[..12];
        Assert.Equal(201, (await Api.CallAsync("POST", "/api/v1/namespaces", $$$"""{"metadata":{"name":"{{{ns}}}"}}""")).Code);
        return $"/api/v1/namespaces/{ns}/configmaps";
    }

    /// <summary>Creates a ConfigMap with a label <c>sel</c>.</summary>
    protected async Task<JsonObject> Create(string path, string name, string sel = "no", string data = "1")
    {
        var (code, body) = await Api.CallAsync("POST", path, $$$"""{"metadata":{"name":"{{{name}}}","labels":{"sel":"{{{sel}}}"}},"data":{"value":"{{{data}}}"}}""");
        Assert.True(code == 201, body.ToJsonString());
        return body;
    }

    /// <summary>Changes the data of a ConfigMap, whatever its revision.</summary>
    protected Task<JsonObject> SetData(string path, string name, string data) => Merge(path, name, $$$"""{"data":{"value":"{{{data}}}"}}""");

    /// <summary>Changes the label of a ConfigMap, whatever its revision.</summary>
    protected Task<JsonObject> SetLabel(string path, string name, string sel) => Merge(path, name, $$$$"""{"metadata":{"labels":{"sel":"{{{{sel}}}}"}}}""");

    /// <summary>Deletes a ConfigMap, whatever its revision.</summary>
    protected async Task Delete(string path, string name) => Assert.Equal(200, (await Api.CallAsync("DELETE", $"{path}/{name}")).Code);

    /// <summary>Lists, and expects to be answered.</summary>
    protected async Task<JsonObject> List(string path, string query = "")
    {
        var (code, body) = await Api.CallAsync("GET", query.Length == 0 ? path : $"{path}?{query}");
        Assert.True(code == 200, body.ToJsonString());
        return body;
    }

    /// <summary>The resourceVersion of an object or a list.</summary>
    protected static long RevisionOf(JsonObject body) => long.Parse(At(body, "metadata.resourceVersion"), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The names in a list.</summary>
    protected static List<string> Names(JsonObject list) => [.. list["items"]!.AsArray().Select(item => item!["metadata"]!["name"]!.ToString())];

    /// <summary>A value by its path; empty where there is none.</summary>
    protected static string At(JsonObject body, string path) =>
        path.Split('.').Aggregate((JsonNode?)body, (node, part) => (node as JsonObject)?[part])?.ToString() ?? "";

    /// <summary>The first frames of a watch; fails where they do not come within ten seconds.</summary>
    protected async Task<List<JsonObject>> Take(string target, int count, Func<Task>? onceOpen = null)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var frames = new List<JsonObject>();
        await foreach (var frame in Api.WatchAsync(target, limit.Token))
        {
            frames.Add(frame);
            if (frames.Count == 1 && onceOpen is not null)
            {
                await onceOpen();
            }

            if (frames.Count == count)
            {
                break;
            }
        }

        return frames;
    }

    /// <summary>All frames of a watch that ends by itself.</summary>
    protected Task<List<JsonObject>> TakeAll(string target) => Take(target, int.MaxValue);

    /// <summary>A frame in short: type, name and the label <c>sel</c>.</summary>
    protected static string Sign(JsonObject frame) =>
        $"{At(frame, "type")} {At(frame, "object.metadata.name")} {At(frame, "object.metadata.labels.sel")}".Trim();

    /// <summary>The resourceVersion of a frame's object.</summary>
    protected static long RevisionOfFrame(JsonObject frame) => RevisionOf((JsonObject)frame["object"]!);

    private async Task<JsonObject> Merge(string path, string name, string patch)
    {
        var (code, body) = await Api.CallAsync("PATCH", $"{path}/{name}", patch);
        Assert.True(code == 200, body.ToJsonString());
        return body;
    }
}
