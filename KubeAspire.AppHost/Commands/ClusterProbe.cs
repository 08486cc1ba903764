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

    /// <summary>Waits until the API answers and every node is Ready.</summary>
    public static async Task WaitUntilReadyAsync(ClusterOptions options, Action<string> say, TimeProvider clock, CancellationToken cancellationToken)
    {
        var told = false;
        while (true)
        {
            if (await ReadyNodesAsync(options, clock, cancellationToken) is { } ready)
            {
                if (!told)
                {
                    say($"waiting for {options.Nodes} nodes to be Ready");
                    told = true;
                }

                if (options.NodeNames.All(ready.Contains))
                {
                    return;
                }
            }

            await Task.Delay(s_interval, clock, cancellationToken);
        }
    }

    // Null while the API does not answer.
    private static async Task<IReadOnlySet<string>?> ReadyNodesAsync(ClusterOptions options, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (!File.Exists(options.Kubeconfig))
        {
            return null;
        }

        try
        {
            using var client = new RestApiClient(KubeconfigLoader.Load(options.Kubeconfig), "apphost", clock);
            var nodes = await client.ListAsync<Node>(null, ListQuery.All, cancellationToken);
            return !nodes.Succeeded ? null : nodes.Value.Items
                .Where(node => node.Status.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true)
                .Select(node => node.Metadata.Name!)
                .ToHashSet(StringComparer.Ordinal);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or KubeconfigException)
        {
            return null;
        }
    }
}
