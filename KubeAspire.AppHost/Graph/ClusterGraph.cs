using System.Globalization;

namespace KubeAspire.AppHost.Graph;

/// <summary>The running system as one readable graph: a silo, or several and their Redis; a gateway; node agents. Described here and nowhere else.</summary>
internal static class ClusterGraph
{
    public static IReadOnlyList<GraphResource> Describe(ClusterOptions options)
    {
        // docs/specs/clustering.md says what these settings promise. The password is in a file: a command line can be read by everyone.
        GraphResource[] redis = !options.StartsRedis ? [] : [new GraphResource("redis", "redis-server")
        {
            Arguments =
            [
                Path.Combine(options.RedisDirectory, "redis.conf"), "--bind", "127.0.0.1", "--port", Text(options.RedisPort), "--dir", options.RedisDirectory,
                "--appendonly", "yes", "--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction",
            ],
            Password = options.RedisPassword,
            Health = new Uri($"redis://127.0.0.1:{options.RedisPort}"),
            Endpoints = new Dictionary<string, Uri> { ["tcp"] = new($"tcp://127.0.0.1:{options.RedisPort}") },
        }];

        GraphResource[] silos = [.. options.SiloNames.Select((name, index) => new GraphResource(name, "src/Silo")
        {
            Environment = new Dictionary<string, string>
            {
                ["DOTNET_gcServer"] = "0",
                ["Silo__DataDirectory"] = Path.Combine(options.StateDirectory, name),
                ["Silo__Port"] = Text(options.ApiPort + index),
                // The first writes the files for all: each names one server, and whoever uses it hears of the others there.
                ["Silo__KubeconfigPath"] = index == 0 ? options.Kubeconfig : "",
                ["Silo__CredentialsDirectory"] = index == 0 ? Path.Combine(options.StateDirectory, "credentials") : "",
                ["Silo__Credentials"] = string.Join(',', options.NodeNames.Select(node => $"node:{node}").Prepend("gateway:gateway-1")),
                ["Silo__ServiceCidr"] = options.ServiceCidr,
                ["Controllers__ClusterCidr"] = options.PodCidr,
                ["Silo__Name"] = options.Silos > 1 ? name : "",
            },
            WaitFor = redis,
            Health = new Uri($"https://127.0.0.1:{options.ApiPort + index}/readyz"),
            Endpoints = new Dictionary<string, Uri> { ["https"] = new($"https://127.0.0.1:{options.ApiPort + index}") },
        })];

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
            NeedsMachine = true,
            Knows = silos,
            Endpoints = new Dictionary<string, Uri> { ["http"] = new($"http://localhost:{options.HttpPort}"), ["https"] = new($"https://localhost:{options.HttpsPort}") },
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
            NeedsMachine = true,
            Knows = silos,
        });

        return [.. redis, .. silos, gateway, .. nodes];
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
