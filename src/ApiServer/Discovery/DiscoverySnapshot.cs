using System.Text;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.CustomResources;
using KubeAspire.ApiServer.Requests;
using KubeAspire.Resources;

namespace KubeAspire.ApiServer.Discovery;

/// <summary>What a set of kinds is, told in the legacy way and in the aggregated one. Each document is made when first asked for.</summary>
internal sealed class DiscoverySnapshot
{
    private const string AggregatedV2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    private const string AggregatedV2Beta1 = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";
    private readonly ILookup<(string Group, string Version), ServedResource> _resources;
    private readonly string[] _groups;
    private readonly Dictionary<string, RawAnswer> _made = [];
    private readonly Lock _lock = new();

    public DiscoverySnapshot(KindSet kinds, IReadOnlyList<BuiltInType> asked)
    {
        Kinds = kinds;
        var stored = kinds.All.Select(kind => new ServedResource(
            kind.Type, kind.Singular, kind.ShortNames, kind.Categories, (kind as CustomResourceKind)?.AnnouncedVerbs ?? kind.Verbs, [.. kind.Subresources.Where(DiscoveryDocuments.IsServed)])
            {
                StorageType = kind.StorageType,
            });
        var reviews = asked.Select(review =>
            new ServedResource(review.Type, review.Type.Kind.ToLowerInvariant(), [], [], review.Verbs, []));
        _resources = stored.Concat(reviews).OrderBy(resource => resource.Type.Plural, StringComparer.Ordinal)
            .ToLookup(resource => (resource.Type.Group, resource.Type.Version));
        var builtIn = kinds.All.Where(kind => !kind.IsCustom).Select(kind => kind.Type.Group).Concat(asked.Select(review => review.Type.Group)).ToHashSet(StringComparer.Ordinal);
        _groups = [.. _resources.Select(group => group.Key.Group).Where(group => group.Length > 0).Distinct().OrderBy(group => builtIn.Contains(group) ? Rank(group) : int.MaxValue).ThenBy(group => group, StringComparer.Ordinal)];
    }

    /// <summary>The kinds that are told of.</summary>
    public KindSet Kinds { get; }

    /// <summary>Answers <c>/api</c>, <c>/apis</c> and what lies directly below.</summary>
    public ApiAnswer Answer(ApiRequest request, string accept)
    {
        var segments = request.Info.Segments;
        if (request.Info.Verb is not ("get" or "head"))
        {
            return ApiErrors.MethodNotAllowed();
        }

        var core = segments[0] == "api";
        switch (segments.Count)
        {
            case 1:
                var version = AggregatedVersion(accept);
                return version is null ? Made(segments[0], () => core ? LegacyCore() : LegacyGroups(), "application/json")
                    : Made($"{segments[0]} {version}", () => Aggregated(core, version), version == "v2" ? AggregatedV2 : AggregatedV2Beta1);
            case 2 when core:
                return Resources("", segments[1]);
            case 2:
                return _groups.Contains(segments[1]) ? Made($"group {segments[1]}", () => Group(segments[1]), "application/json") : ApiErrors.PathNotFound();
            case 3 when !core:
                return Resources(segments[1], segments[2]);
            default:
                return ApiErrors.PathNotFound();
        }
    }

    private ApiAnswer Resources(string group, string version) =>
        _resources.Contains((group, version)) ? Made($"resources {group}/{version}", () => ResourceList(group, version), "application/json") : ApiErrors.PathNotFound();

    private RawAnswer Made(string key, Func<JsonObject> make, string contentType)
    {
        lock (_lock)
        {
            if (!_made.TryGetValue(key, out var answer))
            {
                var body = Encoding.UTF8.GetBytes(make().ToJsonString());
                var tag = $"\"{Convert.ToHexString(System.Security.Cryptography.SHA512.HashData(body))}\"";
                _made[key] = answer = new RawAnswer(body, contentType) { ETag = tag, CacheControl = "public" };
            }

            return answer;
        }
    }

    private static string? AggregatedVersion(string accept)
    {
        foreach (var part in accept.Split(','))
        {
            var words = part.Split(';', StringSplitOptions.TrimEntries);
            if (words.Contains("g=apidiscovery.k8s.io") && words.Contains("as=APIGroupDiscoveryList"))
            {
                if (words.Contains("v=v2"))
                {
                    return "v2";
                }

                if (words.Contains("v=v2beta1"))
                {
                    return "v2beta1";
                }
            }
            else if (words[0] is "application/json" or "*/*")
            {
                return null;
            }
        }

        return null;
    }

    private static JsonObject LegacyCore() => new()
    {
        ["kind"] = "APIVersions", ["versions"] = new JsonArray("v1"), ["serverAddressByClientCIDRs"] = new JsonArray(),
    };

    private JsonObject LegacyGroups() => new()
    {
        ["kind"] = "APIGroupList", ["apiVersion"] = "v1", ["groups"] = new JsonArray([.. _groups.Select(group => GroupBody(group))]),
    };

    private JsonObject Group(string group)
    {
        var body = GroupBody(group);
        body.Insert(0, "kind", "APIGroup");
        body.Insert(1, "apiVersion", "v1");
        return body;
    }

    private JsonObject GroupBody(string group)
    {
        var versions = VersionsOf(group).Select(version => new JsonObject { ["groupVersion"] = $"{group}/{version}", ["version"] = version }).ToArray();
        return new JsonObject { ["name"] = group, ["versions"] = new JsonArray([.. versions]), ["preferredVersion"] = versions[0].DeepClone() };
    }

    private IEnumerable<string> VersionsOf(string group) => _resources.Where(found => found.Key.Group == group).Select(found => found.Key.Version).OrderDescending(VersionPriority.Order);

    private JsonObject ResourceList(string group, string version)
    {
        var list = new JsonArray();
        foreach (var resource in _resources[(group, version)])
        {
            list.Add(Resource(resource, resource.Type.Plural, resource.Type, resource.Verbs, main: true));
            foreach (var subresource in resource.Subresources)
            {
                list.Add(Resource(resource, $"{resource.Type.Plural}/{subresource.Name}", BodyOf(resource.Type, subresource.Name), subresource.Verbs, main: false));
            }
        }

        return new JsonObject
        {
            ["kind"] = "APIResourceList", ["apiVersion"] = "v1", ["groupVersion"] = group.Length == 0 ? version : $"{group}/{version}", ["resources"] = list,
        };
    }

    private static JsonObject Resource(ServedResource resource, string name, ResourceType body, IReadOnlyList<string> verbs, bool main)
    {
        var result = new JsonObject { ["name"] = name, ["singularName"] = main ? resource.Singular : "", ["namespaced"] = resource.Type.Namespaced };
        if (body != resource.Type)
        {
            result["group"] = body.Group;
            result["version"] = body.Version;
        }

        result["kind"] = body.Kind;
        result["verbs"] = Texts(verbs);
        if (main && resource.ShortNames.Count > 0)
        {
            result["shortNames"] = Texts(resource.ShortNames);
        }

        if (main && resource.Categories.Count > 0)
        {
            result["categories"] = Texts(resource.Categories);
        }

        if (main && verbs.Contains("list"))
        {
            result["storageVersionHash"] = StorageHash(resource.StorageType);
        }

        return result;
    }

    private JsonObject Aggregated(bool core, string version)
    {
        var items = new JsonArray();
        foreach (var group in core ? [""] : _groups)
        {
            var versions = new JsonArray();
            foreach (var groupVersion in VersionsOf(group))
            {
                var resources = new JsonArray([.. _resources[(group, groupVersion)].Select(AggregatedResource)]);
                versions.Add(new JsonObject { ["version"] = groupVersion, ["resources"] = resources, ["freshness"] = "Current" });
            }

            items.Add(new JsonObject
            {
                ["metadata"] = group.Length == 0 ? new JsonObject { ["creationTimestamp"] = null } : new JsonObject { ["name"] = group, ["creationTimestamp"] = null },
                ["versions"] = versions,
            });
        }

        return new JsonObject { ["kind"] = "APIGroupDiscoveryList", ["apiVersion"] = $"apidiscovery.k8s.io/{version}", ["metadata"] = new JsonObject(), ["items"] = items };
    }

    private static JsonNode AggregatedResource(ServedResource resource)
    {
        var result = new JsonObject
        {
            ["resource"] = resource.Type.Plural,
            ["responseKind"] = KindOf(resource.Type),
            ["scope"] = resource.Type.Namespaced ? "Namespaced" : "Cluster",
            ["singularResource"] = resource.Singular,
            ["verbs"] = Texts(resource.Verbs),
        };
        if (resource.ShortNames.Count > 0)
        {
            result["shortNames"] = Texts(resource.ShortNames);
        }

        if (resource.Categories.Count > 0)
        {
            result["categories"] = Texts(resource.Categories);
        }

        if (resource.Subresources.Count > 0)
        {
            result["subresources"] = new JsonArray([.. resource.Subresources.Select(subresource => new JsonObject
            {
                ["subresource"] = subresource.Name,
                ["responseKind"] = KindOf(BodyOf(resource.Type, subresource.Name)),
                ["verbs"] = Texts(subresource.Verbs),
            })]);
        }

        return result;
    }

    private static ResourceType BodyOf(ResourceType type, string subresource) => subresource switch
    {
        "scale" => KubeAspire.Resources.Autoscaling.Scale.ResourceType,
        "binding" => KubeAspire.Resources.Core.Binding.ResourceType,
        "eviction" => KubeAspire.Resources.Policy.Eviction.ResourceType,
        "exec" or "attach" or "portforward" when type is { Group: "", Plural: "pods" } => type with { Kind = subresource switch { "exec" => "PodExecOptions", "attach" => "PodAttachOptions", _ => "PodPortForwardOptions" } },
        "proxy" when type.Group.Length == 0 => type with { Kind = type.Kind + "ProxyOptions" },
        "token" => KubeAspire.Resources.Authentication.TokenRequest.ResourceType,
        _ => type,
    };

    private static JsonObject KindOf(ResourceType type) => new() { ["group"] = type.Group, ["version"] = type.Version, ["kind"] = type.Kind };

    private static JsonArray Texts(IReadOnlyList<string> texts) => new([.. texts.Select(text => JsonValue.Create(text))]);

    private static string StorageHash(ResourceType type) =>
        Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes($"{type.Group}/{type.Version}/{type.Kind}")).AsSpan(0, 8));

    // apps before the others, as upstream's priorities: kubectl finds the group of a short name by this order.
    private static int Rank(string group) => group switch { "apps" => 0, "authentication.k8s.io" => 1, "authorization.k8s.io" => 2, "autoscaling" => 3, "batch" => 4, _ => 5 };

    private sealed record ServedResource(
        ResourceType Type, string Singular, IReadOnlyList<string> ShortNames, IReadOnlyList<string> Categories, IReadOnlyList<string> Verbs, IReadOnlyList<BuiltInSubresource> Subresources)
    {
        public ResourceType StorageType { get; init; } = Type;
    }
}
