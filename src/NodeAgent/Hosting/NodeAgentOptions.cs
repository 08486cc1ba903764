using System.Net;
using Microsoft.Extensions.Options;

namespace KubeAspire.NodeAgent.Hosting;

/// <summary>What a node agent is told. Section <c>NodeAgent</c>.</summary>
internal sealed class NodeAgentOptions
{
    /// <summary>Name of the section.</summary>
    public const string SectionName = "NodeAgent";

    /// <summary>Name of the Node; by default the machine's, in lower case. <c>--node-name</c> says it too.</summary>
    public string NodeName { get; set; } = Environment.MachineName.ToLowerInvariant();

    /// <summary>Path of the kubeconfig by which the API server is reached.</summary>
    public string Kubeconfig { get; set; } = "";

    /// <summary>Directory of the agent's own: volumes, hosts files, tokens. Absolute.</summary>
    public string StateDirectory { get; set; } = "";

    /// <summary>Where the Docker Engine listens.</summary>
    public string DockerEndpoint { get; set; } = "unix:///var/run/docker.sock";

    /// <summary>Docker network of the pods.</summary>
    public string NetworkName { get; set; } = "kubeaspire";

    /// <summary>Bridge of the network; at most 15 characters.</summary>
    public string NetworkBridge { get; set; } = "kubeaspire0";

    /// <summary>Subnet of the network; every node's podCIDR lies in it.</summary>
    public string NetworkSubnet { get; set; } = "10.244.0.0/16";

    /// <summary>The machine's address in the network.</summary>
    public string NetworkGateway { get; set; } = "10.244.0.1";

    /// <summary>Name server of pods with dnsPolicy ClusterFirst.</summary>
    public string ClusterDns { get; set; } = "10.96.0.10";

    /// <summary>Cluster domain.</summary>
    public string ClusterDomain { get; set; } = "cluster.local";

    /// <summary>The Node's InternalIP; by default the first IPv4 address of the machine that is not loopback.</summary>
    public string? NodeIP { get; set; }

    /// <summary>Most pods. 110, upstream's default.</summary>
    public int MaxPods { get; set; } = 110;

    /// <summary>CPU capacity, such as <c>2</c> or <c>500m</c>; null for the machine's.</summary>
    public string? Cpu { get; set; }

    /// <summary>Memory capacity, such as <c>4Gi</c>; null for the machine's.</summary>
    public string? Memory { get; set; }

    /// <summary>How long the Lease is good. 40 s, upstream's default.</summary>
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(40);

    /// <summary>How often the Lease is renewed. 10 s: a quarter of the duration.</summary>
    public TimeSpan LeaseRenewInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the Node's status is computed. 10 s, upstream's default.</summary>
    public TimeSpan StatusInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the Node's status is written though nothing changed. 5 min, upstream's default.</summary>
    public TimeSpan StatusReportInterval { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How often volumes made of objects are looked at again. 20 s.</summary>
    public TimeSpan VolumeRefreshInterval { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Longest wait for the gateways to route around a pod before it is told to stop. 5 s.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Loopback port of /healthz and /metrics; 0 for none.</summary>
    public int HealthPort { get; set; }

    /// <summary>Whether stopping the agent removes its pods' containers; otherwise the next start adopts them.</summary>
    public bool RemovePodsOnExit { get; set; }

    /// <summary>Labels of the Node beside the standard ones: <c>disk=ssd,zone=a</c>.</summary>
    public string NodeLabels { get; set; } = "";

    /// <summary>Whether the API server may reach this agent through a tunnel. Logs need it.</summary>
    public bool Tunnel { get; set; } = true;
}

/// <summary>Says everything that is wrong with the options at once.</summary>
internal sealed class NodeAgentOptionsValidator : IValidateOptions<NodeAgentOptions>
{
    /// <summary>Longest name of a network interface, IFNAMSIZ less its end.</summary>
    private const int BridgeNameCharsMax = 15;

    public ValidateOptionsResult Validate(string? name, NodeAgentOptions options)
    {
        var problems = new List<string>();
        void Require(bool holds, string problem)
        {
            if (!holds)
            {
                problems.Add(problem);
            }
        }

        Require(options.NodeName.Length is > 0 and <= 253 && options.NodeName.All(c => c is '-' or '.' or (>= 'a' and <= 'z') or (>= '0' and <= '9')),
            $"NodeAgent:NodeName \"{options.NodeName}\" is no DNS subdomain");
        Require(options.Kubeconfig.Length > 0, "NodeAgent:Kubeconfig is required");
        Require(Path.IsPathFullyQualified(options.StateDirectory), "NodeAgent:StateDirectory must be an absolute path");
        Require(options.NetworkBridge.Length is > 0 and <= BridgeNameCharsMax, "NodeAgent:NetworkBridge must have 1 to 15 characters");
        Require(IPNetwork.TryParse(options.NetworkSubnet, out _), $"NodeAgent:NetworkSubnet \"{options.NetworkSubnet}\" is no CIDR");
        Require(IPAddress.TryParse(options.NetworkGateway, out _), $"NodeAgent:NetworkGateway \"{options.NetworkGateway}\" is no address");
        Require(options.NodeIP is null || IPAddress.TryParse(options.NodeIP, out _), $"NodeAgent:NodeIP \"{options.NodeIP}\" is no address");
        Require(options.LeaseDuration > options.LeaseRenewInterval, "NodeAgent:LeaseDuration must be longer than NodeAgent:LeaseRenewInterval, or the node flaps");
        Require(options.LeaseRenewInterval > TimeSpan.Zero && options.StatusInterval > TimeSpan.Zero && options.VolumeRefreshInterval > TimeSpan.Zero,
            "NodeAgent's intervals must be positive");
        Require(options.MaxPods is > 0 and <= 1024, "NodeAgent:MaxPods must be 1 to 1024");
        Require(options.HealthPort is >= 0 and <= 65535, "NodeAgent:HealthPort must be 0 to 65535");
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
