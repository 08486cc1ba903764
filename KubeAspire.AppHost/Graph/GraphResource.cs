namespace KubeAspire.AppHost.Graph;

/// <summary>
/// One process of the running system. Inert: the launcher, or Aspire, acts on it. Telemetry is not described here: OTEL_* come from
/// Aspire where it runs the graph, and otherwise from whoever starts the launcher.
/// </summary>
/// <param name="Name">The resource's name, such as <c>node-1</c>; prefixes its log lines and is its OTEL_SERVICE_NAME.</param>
/// <param name="Project">The project that is run, by folder, such as <c>src/NodeAgent</c>.</param>
internal sealed record GraphResource(string Name, string Project)
{
    /// <summary>Environment variables beyond the inherited ones.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>A URL that answers 2xx once the process can do its work.</summary>
    public required Uri Health { get; init; }

    /// <summary>Resources that must be healthy before this one starts, and whose endpoints it is told.</summary>
    public IReadOnlyList<GraphResource> WaitFor { get; init; } = [];

    /// <summary>Endpoints that people and other resources use, by name: what is printed and what Aspire's dashboard shows.</summary>
    public IReadOnlyDictionary<string, Uri> Endpoints { get; init; } = new Dictionary<string, Uri>();
}
