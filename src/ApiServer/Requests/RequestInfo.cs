namespace KubeAspire.ApiServer.Requests;

/// <summary>What a request is about, read once from its path and shared by every stage.</summary>
/// <remarks>Upstream's RequestInfo in k8s.io/apiserver pkg/endpoints/request: authorization must see what the handler acts on.</remarks>
public sealed record RequestInfo
{
    /// <summary>Whether the path is of a resource; otherwise <see cref="Path"/> is what is authorized.</summary>
    public bool IsResource { get; init; }

    /// <summary><c>get</c>, <c>list</c>, <c>watch</c>, <c>create</c>, <c>update</c>, <c>patch</c>, <c>delete</c>, <c>deletecollection</c>, of a stream into a pod always <c>create</c>; of a non-resource path the method in lower case.</summary>
    public required string Verb { get; init; }

    /// <summary>The decoded path.</summary>
    public required string Path { get; init; }

    /// <summary>The decoded segments of the path.</summary>
    public IReadOnlyList<string> Segments { get; init; } = [];

    /// <summary>API group; empty for the core group.</summary>
    public string Group { get; init; } = "";

    /// <summary>API version.</summary>
    public string Version { get; init; } = "";

    /// <summary>Plural resource name.</summary>
    public string Resource { get; init; } = "";

    /// <summary>Subresource, or empty.</summary>
    public string Subresource { get; init; } = "";

    /// <summary>Namespace, or empty.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Name of the object, or empty.</summary>
    public string Name { get; init; } = "";

    /// <summary>Whether the path leads through a namespace: <c>/namespaces/a/pods</c>, but not <c>/namespaces/a</c>, which is the namespace itself.</summary>
    public bool IsWithinNamespace { get; init; }

    /// <summary>Whether the path itself names an object; a <see cref="Name"/> may also come from a field selector.</summary>
    public bool IsNamed { get; init; }

    /// <summary>Of a proxied request what follows <c>/proxy</c>, as it stood on the wire: empty or beginning with a slash. Null for others.</summary>
    public string? ProxyPath { get; init; }

    /// <summary>The resource as upstream's messages name it: <c>pods</c>, <c>deployments.apps</c>.</summary>
    public string GroupResource => Group.Length == 0 ? Resource : $"{Resource}.{Group}";

    /// <summary>The resource as authorization names it: <c>pods</c>, <c>pods/log</c>.</summary>
    public string ResourcePath => Subresource.Length == 0 ? Resource : $"{Resource}/{Subresource}";

    /// <summary>Reads a path. Null where a segment is empty, <c>.</c>, <c>..</c>, or hides a slash: nothing has such a name.</summary>
    /// <param name="method">HTTP method.</param>
    /// <param name="rawPath">The path as it stood on the wire, still percent-encoded, without query.</param>
    /// <param name="watch">Whether the query asks for a watch.</param>
    /// <param name="nameSelected">The name that a field selector <c>metadata.name=x</c> names, or null.</param>
    /// <param name="upgrade">Whether the request asks to be upgraded to another protocol.</param>
    public static RequestInfo? Parse(string method, string rawPath, bool watch, string? nameSelected = null, bool upgrade = false)
    {
        var proxyPath = CutProxied(ref rawPath);
        var segments = Decode(rawPath);
        if (segments is null)
        {
            return null;
        }

        var path = "/" + string.Join('/', segments);
        var isCore = segments.Count > 2 && segments[0] == "api";
        var isGroup = segments.Count > 3 && segments[0] == "apis";
        if (!isCore && !isGroup)
        {
            return new RequestInfo { Verb = MethodVerb(method), Path = path, Segments = segments };
        }

        var (group, version, rest) = isCore ? ("", segments[1], 2) : (segments[1], segments[2], 3);
        // The older way to ask for a watch: /api/v1/watch/pods.
        if (segments[rest] == "watch" && segments.Count > rest + 1 && method == "GET")
        {
            (rest, watch) = (rest + 1, true);
        }

        var (ns, within) = ("", false);
        if (segments[rest] == "namespaces" && segments.Count > rest + 1)
        {
            ns = segments[rest + 1];
            // /namespaces/x, /namespaces/x/status and /namespaces/x/finalize are about the namespace itself.
            within = segments.Count > rest + 2 && segments[rest + 2] is not ("status" or "finalize");
            rest += within ? 2 : 0;
        }

        var name = segments.Count > rest + 1 ? segments[rest + 1] : "";
        var subresource = segments.Count > rest + 2 ? string.Join('/', segments.Skip(rest + 2)) : "";
        return new RequestInfo
        {
            Path = path,
            Segments = segments,
            IsResource = true,
            Group = group,
            Version = version,
            Resource = segments[rest],
            Namespace = ns,
            IsWithinNamespace = within,
            IsNamed = name.Length > 0,
            Name = name.Length == 0 ? nameSelected ?? "" : name,
            Subresource = subresource,
            ProxyPath = subresource == "proxy" ? proxyPath ?? "" : null,
            Verb = IsConnect(isCore, segments[rest], subresource, upgrade) ? "create" : ResourceVerb(method, name.Length > 0, watch),
        };
    }

    // A stream that a GET opens does as much as one that a POST opens: reading rights must not be enough.
    // A WebSocket is always a GET; with "get" for it, who may read pods/exec could run commands (kubernetes#133515).
    private static bool IsConnect(bool isCore, string resource, string subresource, bool upgrade) =>
        isCore && (resource == "pods" && subresource is "exec" or "attach" or "portforward" || (subresource == "proxy" && upgrade));

    // What follows /proxy is the backend's: it may hold empty segments, dots and encoded slashes.
    private static string? CutProxied(ref string rawPath)
    {
        var parts = rawPath.Split('/', 10);
        var at = parts switch
        {
            ["", "api", _, "nodes", _, "proxy", ..] => 5,
            ["", "api", _, "namespaces", _, "pods" or "services", _, "proxy", ..] => 7,
            _ => -1,
        };
        if (at < 0)
        {
            return null;
        }

        var length = parts.Take(at + 1).Sum(part => part.Length + 1) - 1;
        var rest = rawPath[length..];
        rawPath = rawPath[..length];
        return rest;
    }

    private static List<string>? Decode(string rawPath)
    {
        var segments = new List<string>();
        var parts = rawPath.Split('/');
        for (var i = 1; i < parts.Length; i++)
        {
            var segment = Uri.UnescapeDataString(parts[i]);
            if (segment.Length == 0 && i == parts.Length - 1)
            {
                break; // A trailing slash, or the root.
            }

            if (segment is "" or "." or ".." || segment.Contains('/') || segment.Contains('\0') || segment.Contains("%2f", StringComparison.OrdinalIgnoreCase))
            {
                return null;
            }

            segments.Add(segment);
        }

        return segments;
    }

    private static string ResourceVerb(string method, bool named, bool watch) => method switch
    {
        "GET" or "HEAD" => watch ? "watch" : named ? "get" : "list",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => named ? "delete" : "deletecollection",
        _ => MethodVerb(method),
    };

    private static string MethodVerb(string method) => method switch
    {
        "GET" => "get",
        "POST" => "post",
        "PUT" => "put",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ => method.ToLowerInvariant(),
    };
}
