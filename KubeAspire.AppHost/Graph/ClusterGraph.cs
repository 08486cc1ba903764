using System.Globalization;

namespace KubeAspire.AppHost.Graph;

/// <summary>The running system as one readable graph: a silo, a gateway, node agents. Described here and nowhere else.</summary>
internal static class ClusterGraph
{
    public static IReadOnlyList<GraphResource> Describe(ClusterOptions options)
    {
        var silo = new GraphResource("silo", "src/Silo")
        {
            Environment = new Dictionary<string, string>
            {
                ["DOTNET_gcServer"] = "0",
                ["Silo__DataDirectory"] = Path.Combine(options.StateDirectory, "silo"),
                ["Silo__Port"] = Text(options.ApiPort),
                ["Silo__KubeconfigPath"] = options.Kubeconfig,
                ["Silo__CredentialsDirectory"] = Path.Combine(options.StateDirectory, "credentials"),
                ["Silo__Credentials"] = string.Join(',', options.NodeNames.Select(name => $"node:{name}").Prepend("gateway:gateway-1")),
                ["Silo__ServiceCidr"] = options.ServiceCidr,
                ["Controllers__ClusterCidr"] = options.PodCidr,
            },
            Health = new Uri($"https://127.0.0.1:{options.ApiPort}/readyz"),
            Endpoints = new Dictionary<string, Uri> { ["https"] = new($"https://127.0.0.1:{options.ApiPort}") },
        };

        var gateway = new GraphResource("gateway-1", "src/Gateway")
        {
            Environment = new Dictionary<string, string>
            {
                ["DOTNET_gcServer"] = "0",
                ["Gateway__Name"] = "gateway-1",
                ["Gateway__Kubeconfig"] = options.CredentialOf("gateway-1"),
                ["Gateway__HttpPort"] = Text(options.HttpPort),
                ["Gateway__HttpsPort"] = Text(options.HttpsPort),
                ["Gateway__HealthPort"] = Text(options.HealthPort),
                ["Gateway__ServiceCidr"] = options.ServiceCidr,
                ["Gateway__PodCidr"] = options.PodCidr,
            },
            Health = new Uri($"http://127.0.0.1:{options.HealthPort}/healthz"),
            WaitFor = [silo],
            Endpoints = new Dictionary<string, Uri>
            {
                ["http"] = new($"http://localhost:{options.HttpPort}"),
                ["https"] = new($"https://localhost:{options.HttpsPort}"),
            },
        };

        var nodes = options.NodeNames.Select((name, index) => new GraphResource(name, "src/NodeAgent")
        {
            Environment = new Dictionary<string, string>
            {
                ["DOTNET_gcServer"] = "0",
                ["NodeAgent__NodeName"] = name,
                ["NodeAgent__Kubeconfig"] = options.CredentialOf(name),
                ["NodeAgent__StateDirectory"] = Path.Combine(options.StateDirectory, "nodes", name),
                ["NodeAgent__NetworkName"] = options.Network,
                ["NodeAgent__NetworkBridge"] = options.Bridge,
                ["NodeAgent__NetworkGateway"] = options.PodGateway,
                ["NodeAgent__NetworkSubnet"] = options.PodCidr,
                ["NodeAgent__ClusterDns"] = options.ClusterDns,
                ["NodeAgent__HealthPort"] = Text(options.HealthPort + 1 + index),
            },
            Health = new Uri($"http://127.0.0.1:{options.HealthPort + 1 + index}/healthz"),
            WaitFor = [silo],
        });

        return [silo, gateway, .. nodes];
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
