using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.Discovery;
using KubeAspire.ApiServer.Requests;
using KubeAspire.Resources;

namespace KubeAspire.ApiServer.OpenApi;

/// <summary>The API described in OpenAPI 3 (a document a group version, by hash for ever cacheable) and 2 (JSON and gnostic protobuf). Made when first asked for.</summary>
internal sealed class OpenApiDocuments(KindRegistry kinds)
{
    // Clients ask for the type with an "@", which is no character of a media type: older ones fail to parse it in an answer.
    private const string ProtobufType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
    private readonly Dictionary<string, RawAnswer> _made = [];
    private readonly Lock _lock = new();

    public ApiAnswer Answer(ApiRequest request, string accept)
    {
        var segments = request.Info.Segments;
        if (segments.Count == 2 && segments[1] == "v2")
        {
            return accept.Contains("proto-openapi.spec.v2", StringComparison.Ordinal)
                ? Made("v2pb", () => Gnostic.Encode(V2()), ProtobufType)
                : Made("v2", () => Encoding.UTF8.GetBytes(V2().ToJsonString()), "application/json");
        }

        if (segments.Count < 2 || segments[1] != "v3")
        {
            return ApiErrors.PathNotFound();
        }

        if (segments.Count == 2)
        {
            return Made("v3", Index, "application/json");
        }

        var path = string.Join('/', segments.Skip(2));
        if (GroupVersions().FirstOrDefault(found => PathOf(found) == path) is not { Version: not null } groupVersion)
        {
            return ApiErrors.PathNotFound();
        }

        var document = V3(groupVersion);
        return request.Query["hash"].Length > 0 ? document with { CacheControl = "public, immutable, max-age=31536000" } : document;
    }

    private IEnumerable<(string Group, string Version)> GroupVersions() =>
        kinds.All.Select(kind => (kind.Type.Group, kind.Type.Version)).Concat(kinds.Reviews.Select(review => (review.Type.Group, review.Type.Version))).Distinct().Order();

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

    private RawAnswer V3((string Group, string Version) groupVersion) => Made("v3 " + PathOf(groupVersion), () =>
    {
        var schemas = new SchemaJson("#/components/schemas/");
        var paths = new OpenApiPaths(schemas, isV2: false);
        paths.Add(kinds, groupVersion);
        var document = new JsonObject
        {
            ["openapi"] = "3.0.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = ServerInfo.GitVersion },
            ["paths"] = paths.Paths,
        };
        document["components"] = new JsonObject { ["schemas"] = schemas.Definitions() };
        return Encoding.UTF8.GetBytes(document.ToJsonString());
    }, "application/json");

    private JsonObject V2()
    {
        var schemas = new SchemaJson("#/definitions/");
        var paths = new OpenApiPaths(schemas, isV2: true);
        foreach (var groupVersion in GroupVersions())
        {
            paths.Add(kinds, groupVersion);
        }

        return new JsonObject
        {
            ["swagger"] = "2.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = ServerInfo.GitVersion },
            ["paths"] = paths.Paths,
            ["definitions"] = schemas.Definitions(),
        };
    }

    private RawAnswer Made(string key, Func<byte[]> make, string contentType)
    {
        lock (_lock)
        {
            if (!_made.TryGetValue(key, out var answer))
            {
                var body = make();
                _made[key] = answer = new RawAnswer(body, contentType) { ETag = $"\"{Convert.ToHexString(SHA512.HashData(body))}\"", CacheControl = "no-cache, private" };
            }

            return answer;
        }
    }
}
