namespace KubeAspire.AppHost.Graph;

/// <summary>
/// One process of the running system. Inert: the launcher, or Aspire, acts on it. Telemetry is not described here: OTEL_* come from
/// Aspire where it runs the graph, and otherwise from whoever starts the launcher.
/// </summary>
/// <param name="Name">The resource's name, such as <c>node-1</c>; prefixes its log lines and is its OTEL_SERVICE_NAME.</param>
/// <param name="Program">The project that is run, by folder, such as <c>src/NodeAgent</c>; or a program of the machine, such as <c>redis-server</c>.</param>
internal sealed record GraphResource(string Name, string Program)
{
    /// <summary>Whether the program is a project of the repository.</summary>
    public bool IsProject => Program.StartsWith("src/", StringComparison.Ordinal);

    /// <summary>The program's command line.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Environment variables beyond the inherited ones.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>A URL that answers 2xx once the process can do its work; of the scheme <c>redis</c>, a server that answers PING.</summary>
    public required Uri Health { get; init; }

    /// <summary>Whether it works on this machine beyond its own files: containers, the pods' network, routes. It starts once what an earlier start left there is gone.</summary>
    public bool NeedsMachine { get; init; }

    /// <summary>Resources that must be healthy before this one starts, and whose endpoints it is told.</summary>
    public IReadOnlyList<GraphResource> WaitFor { get; init; } = [];

    /// <summary>Resources whose endpoints it is told besides, and that it can do without at its start: it waits for them itself.</summary>
    public IReadOnlyList<GraphResource> Knows { get; init; } = [];

    /// <summary>Endpoints that people and other resources use, by name: what is printed and what Aspire's dashboard shows.</summary>
    public IReadOnlyDictionary<string, Uri> Endpoints { get; init; } = new Dictionary<string, Uri>();

    /// <summary>What its endpoint asks of who connects. Where there is one, others are told a connection string, <c>ConnectionStrings__&lt;name&gt;</c>, instead of a URL.</summary>
    public string? Password { get; init; }
}
