using System.Globalization;
using System.Reflection;

namespace KubeAspire.AppHost.Graph;

/// <summary>What may differ from one cluster to the next. Read from environment variables; every one has a default.</summary>
internal sealed record ClusterOptions
{
    /// <summary>The checkout: KUBEASPIRE_ROOT, or the folder that the AppHost was built in.</summary>
    public required string RepositoryRoot { get; init; }

    /// <summary>Everything the cluster keeps: KUBEASPIRE_STATE, or <c>.kubeaspire</c> in the repository.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>How many nodes: KUBEASPIRE_NODES, or Aspire's parameter Parameters__nodes; 1 to 16. Default 2.</summary>
    public int Nodes { get; init; } = 2;

    /// <summary>How many silos: KUBEASPIRE_SILOS, or Aspire's parameter Parameters__silos; 1 to 7. Default 1: it keeps its state itself. Several keep it in Redis.</summary>
    public int Silos { get; init; } = 1;

    /// <summary>A Redis that is there already: ConnectionStrings__redis, as by Aspire's contract. Null where there is none; then several silos are given one of their own.</summary>
    public string? Redis { get; init; }

    /// <summary>Loopback port of the Redis that is started for several silos: KUBEASPIRE_REDIS_PORT. Default 10379.</summary>
    public int RedisPort { get; init; } = 10379;

    /// <summary>Port of the API server: KUBEASPIRE_API_PORT; further silos have the ports after it. Default 6443.</summary>
    public int ApiPort { get; init; } = 6443;

    /// <summary>Port for Ingress over HTTP: KUBEASPIRE_HTTP_PORT. Default 8080.</summary>
    public int HttpPort { get; init; } = 8080;

    /// <summary>Port for Ingress over HTTPS: KUBEASPIRE_HTTPS_PORT. Default 8443.</summary>
    public int HttpsPort { get; init; } = 8443;

    /// <summary>First of the loopback health ports, one for the gateway and one a node: KUBEASPIRE_HEALTH_PORT. Default 10260.</summary>
    public int HealthPort { get; init; } = 10260;

    /// <summary>Docker network of the pods: KUBEASPIRE_NETWORK. Default <c>kubeaspire</c>.</summary>
    public string Network { get; init; } = "kubeaspire";

    /// <summary>Addresses of pods: KUBEASPIRE_POD_CIDR, a /16. Default 10.244.0.0/16.</summary>
    public string PodCidr { get; init; } = "10.244.0.0/16";

    /// <summary>Addresses of services: KUBEASPIRE_SERVICE_CIDR. Default 10.96.0.0/12.</summary>
    public string ServiceCidr { get; init; } = "10.96.0.0/12";

    /// <summary>Address of the cluster's DNS, the tenth of <see cref="ServiceCidr"/>.</summary>
    public string ClusterDns => $"{string.Join('.', ServiceCidr.Split('/')[0].Split('.')[..3])}.10";

    /// <summary>Name of the bridge behind <see cref="Network"/>; the kernel allows 15 characters.</summary>
    public string Bridge => $"{Network[..Math.Min(Network.Length, 14)]}0";

    /// <summary>Address of the bridge, the first of <see cref="PodCidr"/>.</summary>
    public string PodGateway => $"{string.Join('.', PodCidr.Split('/')[0].Split('.')[..3])}.1";

    /// <summary>The administrator's kubeconfig.</summary>
    public string Kubeconfig => Path.Combine(StateDirectory, "kubeconfig");

    /// <summary>Where a component's kubeconfig is.</summary>
    public string CredentialOf(string name) => Path.Combine(StateDirectory, "credentials", $"{name}.kubeconfig");

    /// <summary>Process ids, locks and logs of the running cluster.</summary>
    public string RunDirectory => Path.Combine(StateDirectory, "run");

    /// <summary>Names of the silos.</summary>
    public IEnumerable<string> SiloNames => Silos == 1 ? ["silo"] : Enumerable.Range(1, Silos).Select(number => $"silo-{number}");

    /// <summary>Whether a Redis is part of the cluster.</summary>
    public bool StartsRedis => Silos > 1 && Redis is null;

    /// <summary>Where that Redis keeps the state.</summary>
    public string RedisDirectory => Path.Combine(StateDirectory, "redis");

    /// <summary>What that Redis asks of who connects; empty before the first start.</summary>
    public string RedisPassword => RedisSetup.PasswordOf(RedisDirectory);

    /// <summary>Names of the nodes.</summary>
    public IEnumerable<string> NodeNames => Enumerable.Range(1, Nodes).Select(number => $"node-{number}");

    /// <summary>Reads the environment.</summary>
    /// <exception cref="FormatException">A variable does not hold what it should; the message names it.</exception>
    public static ClusterOptions FromEnvironment()
    {
        var root = Text("KUBEASPIRE_ROOT", typeof(ClusterOptions).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(metadata => metadata.Key == "RepositoryRoot").Value!);
        root = Path.GetFullPath(root).TrimEnd(Path.DirectorySeparatorChar);
        return new ClusterOptions
        {
            RepositoryRoot = root,
            StateDirectory = Path.GetFullPath(Text("KUBEASPIRE_STATE", Path.Combine(root, ".kubeaspire"))),
            Nodes = Parse("KUBEASPIRE_NODES", Text("KUBEASPIRE_NODES", Text("Parameters__nodes", "2")), 1, 16),
            Silos = Parse("KUBEASPIRE_SILOS", Text("KUBEASPIRE_SILOS", Text("Parameters__silos", "1")), 1, 7),
            Redis = Text("ConnectionStrings__redis", "") is { Length: > 0 } redis ? redis : null,
            RedisPort = Number("KUBEASPIRE_REDIS_PORT", 10379, 1, 65535),
            ApiPort = Number("KUBEASPIRE_API_PORT", 6443, 1, 65529),
            HttpPort = Number("KUBEASPIRE_HTTP_PORT", 8080, 1, 65535),
            HttpsPort = Number("KUBEASPIRE_HTTPS_PORT", 8443, 1, 65535),
            HealthPort = Number("KUBEASPIRE_HEALTH_PORT", 10260, 1, 65500),
            Network = Text("KUBEASPIRE_NETWORK", "kubeaspire"),
            PodCidr = Text("KUBEASPIRE_POD_CIDR", "10.244.0.0/16"),
            ServiceCidr = Text("KUBEASPIRE_SERVICE_CIDR", "10.96.0.0/12"),
        };
    }

    private static string Text(string name, string otherwise) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : otherwise;

    private static int Number(string name, int otherwise, int minimum, int maximum) =>
        Parse(name, Text(name, otherwise.ToString(CultureInfo.InvariantCulture)), minimum, maximum);

    private static int Parse(string name, string text, int minimum, int maximum) =>
        int.TryParse(text, out var value) && value >= minimum && value <= maximum
            ? value
            : throw new FormatException($"{name} must be a number from {minimum} to {maximum}, not \"{text}\"");
}
