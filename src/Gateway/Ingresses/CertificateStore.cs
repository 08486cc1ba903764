using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Gateway.Routing;
using KubeAspire.ServiceProxy;
using KubeAspire.ServiceProxy.Ingresses;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Gateway.Ingresses;

/// <summary>The certificate for each TLS handshake, by server name; a self-signed one where no Ingress names the host.</summary>
internal sealed class CertificateStore : IRoutesObserver
{
    /// <summary>How long the self-signed certificate is valid. 1 year; made anew at each start.</summary>
    private static readonly TimeSpan FallbackLifetime = TimeSpan.FromDays(365);

    private readonly RoutingState _state;
    private readonly ILogger<CertificateStore> _logger;
    private readonly ConcurrentDictionary<(ObjectKey Secret, string ResourceVersion), SslStreamCertificateContext?> _parsed = new();
    private readonly Lazy<SslStreamCertificateContext> _fallback;

    public CertificateStore(RoutingState state, TimeProvider clock, ILogger<CertificateStore> logger)
    {
        (_state, _logger) = (state, logger);
        _fallback = new(() => SslStreamCertificateContext.Create(SelfSigned(clock.GetUtcNow()), additionalCertificates: null, offline: true));
    }

    /// <summary>The certificate to show to a client that asks for a server name.</summary>
    public SslStreamCertificateContext Select(string? serverName) =>
        _state.Table.Ingress.FindCertificate(serverName) is { } certificate
            ? _parsed.GetOrAdd((certificate.Secret, certificate.ResourceVersion), _ => Parse(certificate)) ?? _fallback.Value
            : _fallback.Value;

    /// <inheritdoc/>
    public Task OnRoutesSwappedAsync(RoutingTable table, CancellationToken cancellationToken)
    {
        // Handshakes that began with an old certificate end with it: contexts are left to the garbage collector.
        var used = table.Ingress.Certificates.Values.Concat(table.Ingress.WildcardCertificates.Values).ToList();
        var keys = used.Select(certificate => (certificate.Secret, certificate.ResourceVersion)).ToHashSet();
        foreach (var old in _parsed.Keys.Where(key => !keys.Contains(key)))
        {
            _parsed.TryRemove(old, out _);
        }

        // Parsed here, not in a handshake: what is wrong with a certificate is said when it appears.
        foreach (var certificate in used.Take(GatewayLimits.Certificates))
        {
            _parsed.GetOrAdd((certificate.Secret, certificate.ResourceVersion), _ => Parse(certificate));
        }

        return Task.CompletedTask;
    }

    private SslStreamCertificateContext? Parse(TlsCertificate source)
    {
        try
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(Encoding.ASCII.GetString(source.Certificate.Span));
            if (chain.Count == 0)
            {
                _logger.CertificateInvalid(source.Secret, "tls.crt holds no certificate");
                return null;
            }

            var leaf = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(source.Certificate.Span), Encoding.ASCII.GetString(source.PrivateKey.Span));
            chain.RemoveAt(0);
            return SslStreamCertificateContext.Create(leaf, chain, offline: true);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            _logger.CertificateInvalid(source.Secret, exception.Message);
            return null;
        }
    }

    private static X509Certificate2 SelfSigned(DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=kubeaspire-gateway-fallback", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(now.AddMinutes(-5), now + FallbackLifetime);
    }
}
