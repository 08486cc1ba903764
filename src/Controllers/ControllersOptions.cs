using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace KubeAspire.Controllers;

/// <summary>The controllers' settings. Bound from the <c>Controllers</c> section; a bad value stops start-up.</summary>
public sealed class ControllersOptions
{
    /// <summary>The configuration section these are bound from.</summary>
    public const string SectionName = "Controllers";

    /// <summary>The network that nodes' pod networks are cut from, a /24 each. Default 10.244.0.0/16, as flannel's.</summary>
    [Required]
    public string ClusterCidr { get; set; } = "10.244.0.0/16";

    /// <summary>The cluster's CA certificate in PEM, published as <c>kube-root-ca.crt</c>. Empty: not published.</summary>
    public string RootCertificatePem { get; set; } = "";

    /// <summary>How long Events are kept. Default 1 h, as upstream's --event-ttl.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "30.00:00:00")]
    public TimeSpan EventTtl { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Namespaces that are made anew when they are missing.</summary>
    public IReadOnlyList<string> SystemNamespaces { get; set; } = ["default", "kube-system", "kube-public", "kube-node-lease"];

    /// <summary>Ended pods that may be kept before the oldest are deleted. Default 12500, as upstream's --terminated-pod-gc-threshold; 0 for no limit.</summary>
    [Range(0, 1_000_000)]
    public int TerminatedPodThreshold { get; set; } = 12_500;

    /// <summary>How nodes are watched and given up.</summary>
    [ValidateObjectMembers]
    public NodeLifecycleOptions NodeLifecycle { get; set; } = new();
}

/// <summary>How nodes are watched and given up: section <c>Controllers:NodeLifecycle</c>.</summary>
public sealed class NodeLifecycleOptions
{
    /// <summary>Silence after which a node's conditions become Unknown. Default 40 s: four lost heartbeats.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan GracePeriod { get; set; } = TimeSpan.FromSeconds(40);

    /// <summary>Silence after which a node that never was ready is given up. Default 60 s, as upstream's --node-startup-grace-period.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan StartupGracePeriod { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How often nodes are looked at. Default 5 s, as upstream's --node-monitor-period.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan MonitorPeriod { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Nodes a second that may get the NoExecute taint. Default 0.1, as upstream's --node-eviction-rate.</summary>
    [Range(0.001, 1000)]
    public double EvictionRate { get; set; } = 0.1;

    /// <summary>The same while a large part of a large cluster is unhealthy. Default 0.01, as upstream.</summary>
    [Range(0.0, 1000)]
    public double SecondaryEvictionRate { get; set; } = 0.01;

    /// <summary>Part of the nodes that must be unhealthy for the secondary rate. Default 0.55, as upstream's --unhealthy-zone-threshold.</summary>
    [Range(0.1, 1.0)]
    public double UnhealthyThreshold { get; set; } = 0.55;

    /// <summary>Up to this many nodes the cluster is small, and evicts nothing while a large part of it is unhealthy. Default 50, as upstream.</summary>
    [Range(0, 100_000)]
    public int LargeClusterSize { get; set; } = 50;

    /// <summary>How long a pod's node must be gone before the pod is. Default 40 s, upstream's quarantine.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan OrphanQuarantine { get; set; } = TimeSpan.FromSeconds(40);
}

/// <summary>Checks each attribute above; generated, so start-up pays no reflection.</summary>
[OptionsValidator]
internal sealed partial class ControllersOptionsValidator : IValidateOptions<ControllersOptions>;
