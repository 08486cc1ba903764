namespace KubeAspire.EndToEnd.Harness;

/// <summary>Tests on the shared cluster, each of which makes namespaces of its own.</summary>
public abstract class NamespacedTests(ClusterFixture fixture, string prefix) : IAsyncLifetime
{
    private readonly List<string> _namespaces = [];

    protected Cluster Cluster => fixture.Cluster;

    public virtual ValueTask InitializeAsync()
    {
        Cluster.RequireMachine();
        return ValueTask.CompletedTask;
    }

    /// <summary>Deletes the namespaces. Not waited for: the next test has others.</summary>
    public virtual async ValueTask DisposeAsync()
    {
        foreach (var ns in _namespaces)
        {
            await Cluster.KubectlAsync($"delete namespace {ns} --wait=false");
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Makes a namespace in which pods may be created at once.</summary>
    protected async Task<string> NamespaceAsync(string name)
    {
        var ns = $"{prefix}-{name}";
        _namespaces.Add(ns);
        await Cluster.KubectlAsync($"create namespace {ns}");

        // Until the service account is there, admission refuses pods, as upstream does.
        await Cluster.KubectlAsync($"wait -n {ns} --for=create serviceaccount/default --timeout=20s");
        return ns;
    }

    /// <summary>Leaves the deletion of a namespace to the test.</summary>
    protected void Keep(string ns) => _namespaces.Remove(ns);
}
