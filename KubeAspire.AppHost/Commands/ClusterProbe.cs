using KubeAspire.AppHost.Graph;
using KubeAspire.Client;
using KubeAspire.Client.Rest;
using KubeAspire.Resources.Core;

namespace KubeAspire.AppHost.Commands;

/// <summary>Asks the running cluster, as its administrator, whether it is ready.</summary>
internal static class ClusterProbe
{
    /// <summary>How often is asked. 50 ms.</summary>
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits until the API answers at every silo and every node is Ready.</summary>
    /// <param name="options">The cluster.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task WaitUntilReadyAsync(ClusterOptions options, TimeProvider clock, CancellationToken cancellationToken)
    {
        var silos = ClusterGraph.Describe(options).Where(resource => resource.Program == "src/Silo").ToList();
        RestApiClient? client = null;
        try
        {
            while (true)
            {
                client ??= TryOpen(options, clock);
                if (await NodesAsync(client, cancellationToken) is { } nodes)
                {
                    if (options.NodeNames.All(name => nodes.Any(node => node.Metadata.Name == name && Ready(node) is { Status: "True" }))
                        && await AllAnswerAsync(silos, cancellationToken))
                    {
                        return;
                    }
                }
                else
                {
                    // The kubeconfig may be an earlier start's: read it anew.
                    client?.Dispose();
                    client = null;
                }

                await Task.Delay(s_interval, clock, cancellationToken);
            }
        }
        finally
        {
            client?.Dispose();
        }
    }

    /// <summary>Why the cluster is not ready, a line for each silo and gateway that is silent and for each node.</summary>
    public static async Task<IReadOnlyList<string>> ExplainAsync(ClusterOptions options, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var client = TryOpen(options, clock);
        if (await NodesAsync(client, cancellationToken) is not { } nodes)
        {
            return [$"The API server on port {options.ApiPort} does not answer."];
        }

        var silent = new List<string>();
        foreach (var resource in ClusterGraph.Describe(options).Where(resource => resource.Program is "src/Silo" or "src/Gateway"))
        {
            if (!await Launching.ResourceHealth.AnswersAsync(resource, cancellationToken))
            {
                silent.Add($"{resource.Name} does not answer at {resource.Health}.");
            }
        }

        return [.. silent, .. options.NodeNames.Select(name => nodes.FirstOrDefault(node => node.Metadata.Name == name) is not { } node
            ? $"{name} never registered."
            : Ready(node) is not { } ready ? $"{name} has no Ready condition."
            : ready.Status == "True" ? $"{name} is Ready."
            : $"{name} is not Ready: {ready.Reason}: {ready.Message}")];
    }

    private static async Task<bool> AllAnswerAsync(IReadOnlyList<GraphResource> silos, CancellationToken cancellationToken)
    {
        var answers = await Task.WhenAll(silos.Select(silo => Launching.ResourceHealth.AnswersAsync(silo, cancellationToken)));
        return answers.All(answer => answer);
    }

    private static NodeCondition? Ready(Node node) => node.Status.Conditions?.FirstOrDefault(condition => condition.Type == "Ready");

    // Null until the control plane has written the kubeconfig.
    private static RestApiClient? TryOpen(ClusterOptions options, TimeProvider clock)
    {
        try
        {
            return File.Exists(options.Kubeconfig) ? new RestApiClient(KubeconfigLoader.Load(options.Kubeconfig), "apphost", clock) : null;
        }
        catch (Exception error) when (error is IOException or KubeconfigException)
        {
            return null;
        }
    }

    // Null while the API does not answer.
    private static async Task<IReadOnlyList<Node>?> NodesAsync(RestApiClient? client, CancellationToken cancellationToken)
    {
        if (client is null)
        {
            return null;
        }

        try
        {
            var nodes = await client.ListAsync<Node>(null, ListQuery.All, cancellationToken);
            return nodes.Succeeded ? nodes.Value.Items : null;
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return null;
        }
    }
}
