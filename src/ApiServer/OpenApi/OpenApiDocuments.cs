using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Discovery;
using KubeAspire.ApiServer.Requests;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.ApiServer.OpenApi;

/// <summary>The API described in OpenAPI 3 (a document a group version, by hash for ever cacheable) and 2 (JSON and gnostic protobuf). Made when first asked for.</summary>
/// <remarks>
/// Custom kinds come and go: a document of version 3 is made anew where the kinds of its group version are others; of version 2, the large part of the built-in
/// kinds is made once and that of the custom ones is joined to it.
/// </remarks>
internal sealed class OpenApiDocuments(KindRegistry kinds)
{
    // Clients ask for the type with an "@", which is no character of a media type: older ones fail to parse it in an answer.
    private const string ProtobufType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
    private readonly Dictionary<string, RawAnswer> _made = [];
    private readonly Dictionary<(string Group, string Version), (IReadOnlyList<ResourceKind> Kinds, RawAnswer Document)> _documents = [];
    private readonly Lock _lock = new();
    private KindSet? _current;
    private JsonObject? _builtIn;
    private byte[]? _builtInProtobuf;

    public ApiAnswer Answer(ApiRequest request, string accept)
    {
        var segments = request.Info.Segments;
        lock (_lock)
        {
            Follow();
            return (segments.Count, segments.Count > 1 ? segments[1] : "") switch
            {
                (2, "v2") => accept.Contains("proto-openapi.spec.v2", StringComparison.Ordinal) ? Made("v2pb", V2Protobuf, ProtobufType) : Made("v2", V2, "application/json"),
                (2, "v3") => Made("v3", Index, "application/json"),
                (> 2, "v3") => Document(request, string.Join('/', segments.Skip(2))),
                _ => ApiErrors.PathNotFound(),
            };
        }
    }

    private void Follow()
    {
        if (_current == kinds.Current)
        {
            return;
        }

        _current = kinds.Current;
        _made.Clear();
        var served = GroupVersions().ToHashSet();
        foreach (var gone in _documents.Keys.Where(groupVersion => !served.Contains(groupVersion)).ToList())
        {
            _documents.Remove(gone);
        }
    }

    private ApiAnswer Document(ApiRequest request, string path)
    {
        if (GroupVersions().FirstOrDefault(found => PathOf(found) == path) is not { Version: not null } groupVersion)
        {
            return ApiErrors.PathNotFound();
        }

        var document = V3(groupVersion);
        return request.Query["hash"].Length > 0 ? document with { CacheControl = "public, immutable, max-age=31536000" } : document;
    }

    private IEnumerable<(string Group, string Version)> GroupVersions() =>
        _current!.All.Select(kind => (kind.Type.Group, kind.Type.Version)).Concat(kinds.Reviews.Select(review => (review.Type.Group, review.Type.Version))).Distinct().Order();

    private static string PathOf((string Group, string Version) groupVersion) =>
        groupVersion.Group.Length == 0 ? $"api/{groupVersion.Version}" : $"apis/{groupVersion.Group}/{groupVersion.Version}";

    private byte[] Index()
    {
        var paths = new JsonObject();
        foreach (var groupVersion in GroupVersions())
        {
            paths[PathOf(groupVersion)] = new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{PathOf(groupVersion)}?hash={V3(groupVersion).ETag!.Trim('"')}" };
        }

        return Encoding.UTF8.GetBytes(new JsonObject { ["paths"] = paths }.ToJsonString());
    }

    private RawAnswer V3((string Group, string Version) groupVersion)
    {
        var described = _current!.All.Where(kind => (kind.Type.Group, kind.Type.Version) == groupVersion).ToList();
        if (_documents.TryGetValue(groupVersion, out var made) && made.Kinds.SequenceEqual(described))
        {
            return made.Document;
        }

        var schemas = new SchemaJson("#/components/schemas/");
        var paths = new OpenApiPaths(schemas, isV2: false);
        paths.Add(described, kinds.Reviews.Where(review => (review.Type.Group, review.Type.Version) == groupVersion));
        var document = new JsonObject
        {
            ["openapi"] = "3.0.0",
            ["info"] = Info(),
            ["paths"] = paths.Paths,
        };
        document["components"] = new JsonObject { ["schemas"] = schemas.Definitions() };
        var answer = Answer(Encoding.UTF8.GetBytes(document.ToJsonString()), "application/json");
        _documents[groupVersion] = (described, answer);
        return answer;
    }

    private byte[] V2()
    {
        var whole = BuiltIn();
        if (Custom() is not { } custom)
        {
            return Encoding.UTF8.GetBytes(whole.ToJsonString());
        }

        var text = new StringBuilder($"{{\"swagger\":\"2.0\",\"info\":{Info().ToJsonString()}");
        foreach (var part in (string[])["paths", "definitions"])
        {
            text.Append(",\"").Append(part).Append("\":{").Append(Inside(whole[part]!)).Append(',').Append(Inside(custom[part]!)).Append('}');
        }

        return Encoding.UTF8.GetBytes(text.Append('}').ToString());

        static string Inside(JsonNode value) => value.ToJsonString()[1..^1];
    }

    // Two protobuf messages, one after the other, are read as one that has the fields of both.
    private byte[] V2Protobuf()
    {
        _builtInProtobuf ??= Gnostic.Encode(BuiltIn());
        return Custom() is { } custom ? [.. _builtInProtobuf, .. Gnostic.Encode(custom)] : _builtInProtobuf;
    }

    private JsonObject BuiltIn() => _builtIn ??= V2(_current!.All.Where(kind => !kind.IsCustom), isWhole: true);

    private JsonObject? Custom()
    {
        var custom = _current!.All.Where(kind => kind.IsCustom).ToList();
        if (custom.Count == 0)
        {
            return null;
        }

        var document = V2(custom, isWhole: false);
        var (definitions, known) = ((JsonObject)document["definitions"]!, (JsonObject)BuiltIn()["definitions"]!);
        foreach (var name in definitions.Select(definition => definition.Key).Where(known.ContainsKey).ToList())
        {
            definitions.Remove(name);
        }

        return document;
    }

    private JsonObject V2(IEnumerable<ResourceKind> described, bool isWhole)
    {
        var schemas = new SchemaJson("#/definitions/");
        var paths = new OpenApiPaths(schemas, isV2: true);
        paths.Add(described, isWhole ? kinds.Reviews : []);
        return new JsonObject { ["swagger"] = "2.0", ["info"] = Info(), ["paths"] = paths.Paths, ["definitions"] = schemas.Definitions() };
    }

    private static JsonObject Info() => new() { ["title"] = "Kubernetes", ["version"] = ServerInfo.GitVersion };

    private RawAnswer Made(string key, Func<byte[]> make, string contentType)
    {
        if (!_made.TryGetValue(key, out var answer))
        {
            _made[key] = answer = Answer(make(), contentType);
        }

        return answer;
    }

    private static RawAnswer Answer(byte[] body, string contentType) =>
        new(body, contentType) { ETag = $"\"{Convert.ToHexString(SHA512.HashData(body))}\"", CacheControl = "no-cache, private" };
}
