using System.Net;
using KubeAspire.Resources.Kinds;
using KubeAspire.StateStore.Backups;

namespace KubeAspire.ApiServer;

/// <summary>What an API server is made of besides its store.</summary>
public sealed class ApiServerOptions
{
    /// <summary>The kinds that are served.</summary>
    public required IReadOnlyList<ResourceKind> Kinds { get; init; }

    /// <summary>The range of cluster addresses.</summary>
    public IPNetwork ServiceRange { get; init; } = IPNetwork.Parse("10.96.0.0/12");

    /// <summary>Cluster address of the Service <c>kubernetes</c>.</summary>
    public string KubernetesAddress { get; init; } = "10.96.0.1";

    /// <summary>Cluster address of the Service <c>kube-dns</c>.</summary>
    public string DnsAddress { get; init; } = "10.96.0.10";

    /// <summary>Where pods and nodes reach the server: the address of the endpoints of the Service <c>kubernetes</c>.</summary>
    public required string AdvertiseAddress { get; init; }

    /// <summary>What this server is called among the others; it keeps the name over restarts.</summary>
    public string Name { get; init; } = "";

    /// <summary>Port of the server.</summary>
    public required int Port { get; set; }

    /// <summary>The files that a backup of the cluster holds besides the store; read at each backup.</summary>
    public Func<IReadOnlyList<BackupFile>> BackupFiles { get; init; } = () => [];

    /// <summary>Seed of drawn names, addresses and ports; null for one of the system's.</summary>
    public int? Seed { get; init; }
}
