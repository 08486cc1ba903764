using System.Diagnostics.Metrics;
using KubeAspire.Dns.Wire;

namespace KubeAspire.Dns.Server;

/// <summary>Metrics of the DNS server. Labels have a fixed set of values: no name that a client chose is one.</summary>
internal static class DnsInstruments
{
    private static readonly Meter Meter = new("KubeAspire.Dns");
    private static readonly Counter<long> Requests = Meter.CreateCounter<long>("kubeaspire.dns.requests", "{request}", "Queries answered, by type, response code and transport.");
    private static readonly Counter<long> Forwards = Meter.CreateCounter<long>("kubeaspire.dns.forwards", "{request}", "Queries passed on to other servers, by outcome.");
    private static readonly Counter<long> CacheHits = Meter.CreateCounter<long>("kubeaspire.dns.cache.hits", "{request}", "Queries answered from what is kept of other servers' answers.");

    public static void OnAnswered(string type, string code, bool tcp) =>
        Requests.Add(1, new("dns.question.type", type), new("dns.response_code", code), new("network.transport", tcp ? "tcp" : "udp"));

    public static void OnForwarded(bool succeeded) => Forwards.Add(1, new KeyValuePair<string, object?>("outcome", succeeded ? "answered" : "failed"));

    public static void OnCacheHit() => CacheHits.Add(1);

    public static string NameOf(DnsRecordType type) => type switch
    {
        DnsRecordType.A => "A",
        DnsRecordType.Aaaa => "AAAA",
        DnsRecordType.Srv => "SRV",
        DnsRecordType.Ptr => "PTR",
        DnsRecordType.Cname => "CNAME",
        DnsRecordType.Txt => "TXT",
        DnsRecordType.Soa => "SOA",
        DnsRecordType.Ns => "NS",
        _ => "other",
    };

    public static string NameOf(DnsResponseCode code) => code switch
    {
        DnsResponseCode.NoError => "NOERROR",
        DnsResponseCode.FormatError => "FORMERR",
        DnsResponseCode.ServerFailure => "SERVFAIL",
        DnsResponseCode.NameError => "NXDOMAIN",
        DnsResponseCode.NotImplemented => "NOTIMP",
        DnsResponseCode.Refused => "REFUSED",
        _ => "other",
    };
}
