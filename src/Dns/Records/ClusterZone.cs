using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using KubeAspire.Dns.Wire;

namespace KubeAspire.Dns.Records;

/// <summary>All names of the cluster. A value: built whole, swapped whole.</summary>
/// <remarks>Kubernetes DNS-Based Service Discovery specification, version 1.1.0.</remarks>
public sealed class ClusterZone
{
    /// <summary>Seconds that a client may keep an answer. 5, as CoreDNS's kubernetes plugin.</summary>
    public const uint TimeToLive = 5;

    private readonly FrozenDictionary<string, ImmutableArray<DnsRecord>> _records;
    private readonly FrozenSet<string> _emptyNames;
    private readonly ClusterZoneOptions _options;
    private readonly ImmutableArray<DnsRecord> _authority;
    private int _rotation;

    internal ClusterZone(IReadOnlyDictionary<string, List<DnsRecord>> records, ClusterZoneOptions options, uint serial)
    {
        _options = options;
        _records = records.ToFrozenDictionary(pair => pair.Key, pair => pair.Value.ToImmutableArray(), StringComparer.Ordinal);
        _emptyNames = Ancestors(records.Keys, options.Domain).ToFrozenSet(StringComparer.Ordinal);
        var server = $"ns.dns.{options.Domain}";
        _authority = [new AuthorityRecord(options.Domain, TimeToLive, server, $"hostmaster.{options.Domain}", serial, TimeToLive)];
    }

    /// <summary>A zone without Services.</summary>
    public static ClusterZone Empty { get; } = ClusterZoneBuilder.Build([], [], new ClusterZoneOptions());

    /// <summary>The answer, or null where the name is not ours and others should be asked.</summary>
    /// <param name="name">Lower case, without the final dot.</param>
    /// <param name="type">The record type asked for.</param>
    public DnsAnswer? Find(string name, DnsRecordType type)
    {
        ArgumentNullException.ThrowIfNull(name);
        var inDomain = name == _options.Domain || name.EndsWith("." + _options.Domain, StringComparison.Ordinal);
        if (!_records.TryGetValue(name, out var records))
        {
            if (!inDomain && !IsClusterReverse(name))
            {
                return null;
            }

            var exists = inDomain && (_emptyNames.Contains(name) || name == _options.Domain);
            if (exists && name == _options.Domain && type == DnsRecordType.Soa)
            {
                return new DnsAnswer { Authoritative = true, Answers = _authority };
            }

            return new DnsAnswer { Code = exists ? DnsResponseCode.NoError : DnsResponseCode.NameError, Authoritative = true, Authority = _authority };
        }

        var answers = records.Where(record => Matches(record, type)).ToList();
        if (answers.Count == 0)
        {
            return new DnsAnswer { Authoritative = true, Authority = _authority };
        }

        Rotate(answers);
        return new DnsAnswer { Authoritative = true, Answers = answers, Additional = AddressesOfTargets(answers) };
    }

    private static bool Matches(DnsRecord record, DnsRecordType type) => record switch
    {
        AddressRecord address => type == DnsRecordType.Any
            || type == (address.Address.AddressFamily == AddressFamily.InterNetworkV6 ? DnsRecordType.Aaaa : DnsRecordType.A),
        CanonicalNameRecord => true, // RFC 1034 §3.6.2: an alias answers every type.
        PointerRecord => type is DnsRecordType.Ptr or DnsRecordType.Any,
        ServiceRecord => type is DnsRecordType.Srv or DnsRecordType.Any,
        TextRecord => type is DnsRecordType.Txt or DnsRecordType.Any,
        _ => false,
    };

    // Many clients take the first address: each answer begins with another one.
    private void Rotate(List<DnsRecord> answers)
    {
        if (answers.Count > 1)
        {
            var by = (int)((uint)Interlocked.Increment(ref _rotation) % (uint)answers.Count);
            var head = answers[..by];
            answers.RemoveRange(0, by);
            answers.AddRange(head);
        }
    }

    private List<DnsRecord> AddressesOfTargets(List<DnsRecord> answers)
    {
        var additional = new List<DnsRecord>();
        foreach (var target in answers.OfType<ServiceRecord>().Select(service => service.Target).Distinct(StringComparer.Ordinal))
        {
            if (_records.TryGetValue(target, out var records))
            {
                additional.AddRange(records.OfType<AddressRecord>());
            }
        }

        return additional;
    }

    // Questions about the cluster's own addresses are never passed on: the answer could only be wrong.
    private bool IsClusterReverse(string name) =>
        ReverseNames.TryParse(name) is { } address && _options.Networks.Any(network => network.BaseAddress.AddressFamily == address.AddressFamily && network.Contains(address));

    // RFC 8020: a name above an existing one exists, though it has no records.
    private static IEnumerable<string> Ancestors(IEnumerable<string> names, string domain)
    {
        foreach (var name in names)
        {
            for (var at = name.IndexOf('.', StringComparison.Ordinal); at >= 0; at = name.IndexOf('.', at + 1))
            {
                var parent = name[(at + 1)..];
                if (!parent.EndsWith(domain, StringComparison.Ordinal))
                {
                    break;
                }

                yield return parent;
            }
        }
    }
}

/// <summary>What the zone is called and which addresses are its own.</summary>
public sealed record ClusterZoneOptions
{
    /// <summary>The cluster's domain, lower case.</summary>
    public string Domain { get; init; } = "cluster.local";

    /// <summary>Networks whose reverse names are answered here only.</summary>
    public IReadOnlyList<IPNetwork> Networks { get; init; } = [IPNetwork.Parse("10.96.0.0/12"), IPNetwork.Parse("10.244.0.0/16")];
}
