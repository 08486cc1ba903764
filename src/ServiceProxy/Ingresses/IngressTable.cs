using System.Collections.Frozen;
using System.Collections.Immutable;
using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.ServiceProxy.Ingresses;

/// <summary>Hosts to paths to backends, and server names to certificates.</summary>
public sealed record IngressTable
{
    /// <summary>Nothing is routed.</summary>
    public static IngressTable Empty { get; } = new();

    /// <summary>Rules by host, lower case.</summary>
    public FrozenDictionary<string, HostRoutes> Hosts { get; init; } = FrozenDictionary<string, HostRoutes>.Empty;

    /// <summary>Rules of <c>*.example.com</c>, filed under <c>example.com</c>.</summary>
    public FrozenDictionary<string, HostRoutes> Wildcards { get; init; } = FrozenDictionary<string, HostRoutes>.Empty;

    /// <summary>Rules without a host: they apply to all.</summary>
    public HostRoutes? AnyHost { get; init; }

    /// <summary>Where a request goes that no rule matches: the default backend of the oldest Ingress that has one.</summary>
    public IngressRoute? Default { get; init; }

    /// <summary>Certificates by server name, lower case.</summary>
    public FrozenDictionary<string, TlsCertificate> Certificates { get; init; } = FrozenDictionary<string, TlsCertificate>.Empty;

    /// <summary>Certificates of <c>*.example.com</c>, filed under <c>example.com</c>.</summary>
    public FrozenDictionary<string, TlsCertificate> WildcardCertificates { get; init; } = FrozenDictionary<string, TlsCertificate>.Empty;

    /// <summary>The Ingresses that are served here.</summary>
    public ImmutableArray<ObjectKey> Served { get; init; } = [];

    /// <summary>The route of a request, or null. An exact host before a wildcard before none, each only where one of its paths matches.</summary>
    /// <param name="host">Without a port.</param>
    /// <param name="path">Decoded, beginning with a slash.</param>
    public IngressRoute? Find(string host, string path)
    {
        ArgumentNullException.ThrowIfNull(host);
        host = Canonical(host);
        if (Hosts.TryGetValue(host, out var exact) && exact.Find(path) is { } byHost)
        {
            return byHost;
        }

        if (ParentOf(host) is { } parent && Wildcards.TryGetValue(parent, out var wildcard) && wildcard.Find(path) is { } byWildcard)
        {
            return byWildcard;
        }

        return AnyHost?.Find(path) ?? Default;
    }

    /// <summary>The certificate for a server name, or null: then the fallback is shown, never another host's.</summary>
    public TlsCertificate? FindCertificate(string? serverName)
    {
        if (string.IsNullOrEmpty(serverName))
        {
            return null;
        }

        serverName = Canonical(serverName);
        return Certificates.GetValueOrDefault(serverName)
            ?? (ParentOf(serverName) is { } parent ? WildcardCertificates.GetValueOrDefault(parent) : null);
    }

    /// <summary>Lower case, without the dot that an absolute name may end with.</summary>
    internal static string Canonical(string host) => (host is [.., '.'] ? host[..^1] : host).ToLowerInvariant();

    // A wildcard covers exactly one label: *.foo.com is bar.foo.com, neither foo.com nor baz.bar.foo.com.
    private static string? ParentOf(string host)
    {
        var dot = host.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && dot < host.Length - 1 ? host[(dot + 1)..] : null;
    }
}
