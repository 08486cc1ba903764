using System.Text.Json;

namespace KubeAspire.KindGenerator;

/// <summary>The published API as data.</summary>
internal sealed class ApiData
{
    public required Dictionary<string, JsonElement> Definitions { get; init; }

    public required Dictionary<string, JsonElement> Messages { get; init; }

    public required Dictionary<string, JsonElement> Paths { get; init; }

    /// <summary>Fields, as <c>definition.field</c>, whose zero value differs from absence.</summary>
    public required HashSet<string> Pointers { get; init; }

    public static ApiData Load(string folder, string pointers) => new()
    {
        Pointers = [.. File.ReadLines(pointers).Where(line => line.Length > 0 && line[0] != '#')],
        Definitions = Read(Path.Combine(folder, "definitions.json")),
        Messages = Read(Path.Combine(folder, "messages.json")),
        Paths = Read(Path.Combine(folder, "paths.json")),
    };

    private static Dictionary<string, JsonElement> Read(string file) =>
        JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(File.ReadAllBytes(file)) ?? throw new InvalidDataException(file);

    /// <summary>The definition of a kind, by <c>group/version/Kind</c>.</summary>
    public string DefinitionOf(string gvk)
    {
        var parts = gvk.Split('/');
        foreach (var (name, definition) in Definitions)
        {
            if (definition.TryGetProperty("gvk", out var found) && Matches(found, parts))
            {
                return name;
            }
        }

        throw new InvalidDataException($"no definition of {gvk}");
    }

    private static bool Matches(JsonElement gvk, string[] parts) =>
        gvk.ValueKind == JsonValueKind.Array
            ? gvk.EnumerateArray().Any(one => Matches(one, parts))
            : gvk.GetProperty("group").GetString() == parts[0] && gvk.GetProperty("version").GetString() == parts[1] && gvk.GetProperty("kind").GetString() == parts[2];

    /// <summary>The plural name, the scope, the verbs and the subresources of a kind, as its paths show them.</summary>
    public (string Plural, bool Namespaced, List<string> Verbs, SortedDictionary<string, List<string>> Subresources)? ResourceOf(string group, string version, string kind)
    {
        var root = group.Length == 0 ? $"/api/{version}/" : $"/apis/{group}/{version}/";
        string? plural = null;
        var namespaced = false;
        foreach (var (path, operations) in Paths)
        {
            if (!path.StartsWith(root, StringComparison.Ordinal))
            {
                continue;
            }

            var rest = path[root.Length..].Replace("namespaces/{namespace}/", "");
            var isCollection = !rest.Contains('/') && rest.Length > 0;
            if (isCollection && operations.EnumerateObject().Any(op => GvkOf(op.Value) == $"{(group.Length == 0 ? "" : group + "/")}{version}/{kind}"))
            {
                plural = rest;
                namespaced |= path.Contains("{namespace}");
            }
        }

        if (plural is null)
        {
            return null;
        }

        var verbs = new SortedSet<string>(StringComparer.Ordinal);
        var subresources = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var (path, operations) in Paths)
        {
            var scope = namespaced ? "namespaces/{namespace}/" : "";
            if (!path.StartsWith(root + scope + plural, StringComparison.Ordinal))
            {
                continue;
            }

            var rest = path[(root.Length + scope.Length)..].Split('/');
            if (rest[0] != plural)
            {
                continue;
            }

            if (rest.Length <= 2)
            {
                verbs.UnionWith(operations.EnumerateObject().Select(op => Verb(op.Name, rest.Length)));
                if (rest.Length == 1 && operations.TryGetProperty("get", out _))
                {
                    verbs.Add("watch");
                }
            }
            else if (rest.Length == 3 && rest[1] == "{name}")
            {
                subresources[rest[2]] = [.. operations.EnumerateObject().Select(op => Verb(op.Name, 2)).Order(StringComparer.Ordinal)];
            }
        }

        return (plural, namespaced, [.. verbs], subresources);
    }

    private static string Verb(string method, int depth) => (method, depth) switch
    {
        ("get", 1) => "list",
        ("get", _) => "get",
        ("post", _) => "create",
        ("put", _) => "update",
        ("patch", _) => "patch",
        ("delete", 1) => "deletecollection",
        ("delete", _) => "delete",
        _ => method,
    };

    private static string? GvkOf(JsonElement operation) => operation.TryGetProperty("gvk", out var gvk) ? gvk.GetString() : null;
}
