using System.Collections.Frozen;
using System.Collections.Immutable;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Networking;
using KubeAspire.ServiceProxy.Services;

namespace KubeAspire.ServiceProxy.Ingresses;

/// <summary>Reads Ingresses. Hosts and paths are compared as text, never as patterns and never written into a configuration language.</summary>
internal sealed class IngressTableBuilder
{
    private readonly Dictionary<string, Rules> _hosts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Rules> _wildcards = new(StringComparer.Ordinal);
    private readonly Rules _anyHost = new();
    private readonly Dictionary<string, TlsCertificate> _certificates = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TlsCertificate> _wildcardCertificates = new(StringComparer.Ordinal);
    private readonly IReadOnlyDictionary<ServicePortKey, ServicePortRoute> _ports;
    private readonly ILookup<(string Namespace, string Service), ServicePortRoute> _byService;
    private readonly Dictionary<ObjectKey, Secret> _secrets;
    private readonly ImmutableArray<DroppedRoute>.Builder _dropped;
    private IngressRoute? _default;

    private IngressTableBuilder(RoutingInput input, IReadOnlyDictionary<ServicePortKey, ServicePortRoute> ports, ImmutableArray<DroppedRoute>.Builder dropped)
    {
        _ports = ports;
        _byService = ports.Values.ToLookup(route => (route.Key.Namespace, route.Key.Service));
        _secrets = input.Secrets.Where(secret => secret.Type == "kubernetes.io/tls").ToDictionary(ObjectKey.Of);
        _dropped = dropped;
    }

    public static IngressTable Build(
        RoutingInput input,
        IReadOnlyDictionary<ServicePortKey, ServicePortRoute> ports,
        RoutingOptions options,
        ImmutableArray<DroppedRoute>.Builder dropped)
    {
        var classes = new IngressClasses(input.IngressClasses, options.IngressController);
        var builder = new IngressTableBuilder(input, ports, dropped);

        // The older Ingress keeps a host and path that two claim: a newcomer takes nothing over.
        var served = input.Ingresses.Where(classes.Own)
            .OrderBy(ingress => ingress.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue).ThenBy(ObjectKey.Of).ToList();
        foreach (var ingress in served)
        {
            builder.Add(ingress);
        }

        return new IngressTable
        {
            Hosts = builder._hosts.ToFrozenDictionary(pair => pair.Key, pair => pair.Value.Freeze(), StringComparer.Ordinal),
            Wildcards = builder._wildcards.ToFrozenDictionary(pair => pair.Key, pair => pair.Value.Freeze(), StringComparer.Ordinal),
            AnyHost = builder._anyHost.IsEmpty ? null : builder._anyHost.Freeze(),
            Default = builder._default,
            Certificates = builder._certificates.ToFrozenDictionary(StringComparer.Ordinal),
            WildcardCertificates = builder._wildcardCertificates.ToFrozenDictionary(StringComparer.Ordinal),
            Served = [.. served.Select(ObjectKey.Of)],
        };
    }

    private void Add(Ingress ingress)
    {
        var key = ObjectKey.Of(ingress);
        if (ingress.Spec.DefaultBackend is { } backend)
        {
            _default ??= RouteOf(key, "", backend);
        }

        foreach (var rule in ingress.Spec.Rules ?? [])
        {
            foreach (var path in rule.Http?.Paths ?? [])
            {
                Add(key, rule.Host, path);
            }
        }

        foreach (var tls in ingress.Spec.Tls ?? [])
        {
            AddCertificate(key, tls, ingress.Spec.Rules ?? []);
        }
    }

    private void Add(ObjectKey ingress, string? host, HTTPIngressPath path)
    {
        var text = string.IsNullOrEmpty(path.Path) ? "/" : path.Path;
        if (text[0] != '/')
        {
            _dropped.Add(new("Ingress", ingress, "PathInvalid", $"path \"{text}\" does not begin with a slash"));
            return;
        }

        var rules = RulesOf(host);
        var route = RouteOf(ingress, text, path.Backend);
        var (filed, name) = path.PathType == "Exact" ? (rules.Exact, text) : (rules.Prefixes, HostRoutes.PrefixKey(text).ToString());
        if (!filed.TryAdd(name, route) && filed[name].Ingress != ingress)
        {
            _dropped.Add(new("Ingress", ingress, "PathTaken", $"{host ?? "*"}{text} is already routed by Ingress {filed[name].Ingress}"));
        }
    }

    private Rules RulesOf(string? host)
    {
        if (string.IsNullOrEmpty(host))
        {
            return _anyHost;
        }

        var canonical = IngressTable.Canonical(host);
        var (table, name) = canonical.StartsWith("*.", StringComparison.Ordinal) ? (_wildcards, canonical[2..]) : (_hosts, canonical);
        if (!table.TryGetValue(name, out var rules))
        {
            table.Add(name, rules = new Rules());
        }

        return rules;
    }

    private IngressRoute RouteOf(ObjectKey ingress, string path, IngressBackend backend)
    {
        IngressRoute Broken(string problem)
        {
            _dropped.Add(new("Ingress", ingress, "BackendNotFound", problem));
            return new(ingress, path, null, problem);
        }

        if (backend.Service is not { } service)
        {
            return Broken("the backend is a resource, not a Service; only Services are routed to");
        }

        var name = $"{ingress.Namespace}/{service.Name}";
        if (!_byService.Contains((ingress.Namespace, service.Name)))
        {
            return Broken($"service \"{name}\" does not exist or has no ports");
        }

        // The backend is always looked up in the Ingress's own namespace.
        if (service.Port?.Name is { Length: > 0 } portName)
        {
            var named = _byService[(ingress.Namespace, service.Name)].FirstOrDefault(route => route.Name == portName && route.Key.Protocol == ServiceProtocol.Tcp);
            return named is null ? Broken($"service \"{name}\" has no port named \"{portName}\"") : new(ingress, path, named.Key);
        }

        var key = new ServicePortKey(ingress.Namespace, service.Name, service.Port?.Number ?? 0, ServiceProtocol.Tcp);
        return _ports.ContainsKey(key) ? new(ingress, path, key) : Broken($"service \"{name}\" has no port {key.Port}");
    }

    private void AddCertificate(ObjectKey ingress, IngressTLS tls, IReadOnlyList<IngressRule> rules)
    {
        if (string.IsNullOrEmpty(tls.SecretName))
        {
            return; // TLS with the fallback certificate.
        }

        var secretKey = new ObjectKey(ingress.Namespace, tls.SecretName);
        if (!_secrets.TryGetValue(secretKey, out var secret)
            || secret.Data?.GetValueOrDefault("tls.crt") is not { Length: > 0 } certificate
            || secret.Data?.GetValueOrDefault("tls.key") is not { Length: > 0 } privateKey)
        {
            _dropped.Add(new("Ingress", ingress, "CertificateNotFound", $"secret \"{secretKey}\" does not exist, is not of type kubernetes.io/tls or lacks tls.crt or tls.key"));
            return;
        }

        var value = new TlsCertificate(secretKey, secret.Metadata.ResourceVersion ?? "", certificate, privateKey);
        var hosts = tls.Hosts is { Count: > 0 } named ? named : rules.Select(rule => rule.Host).OfType<string>();
        foreach (var host in hosts.Where(host => host.Length > 0).Select(IngressTable.Canonical))
        {
            var (table, name) = host.StartsWith("*.", StringComparison.Ordinal) ? (_wildcardCertificates, host[2..]) : (_certificates, host);
            if (!table.TryAdd(name, value) && table[name].Secret != secretKey)
            {
                _dropped.Add(new("Ingress", ingress, "HostTaken", $"{host} already has the certificate of secret {table[name].Secret}"));
            }
        }
    }

    private sealed class Rules
    {
        public Dictionary<string, IngressRoute> Exact { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, IngressRoute> Prefixes { get; } = new(StringComparer.Ordinal);

        public bool IsEmpty => Exact.Count == 0 && Prefixes.Count == 0;

        public HostRoutes Freeze() => new(Exact, Prefixes);
    }
}
