using System.Globalization;

namespace KubeAspire.EndToEnd.Harness;

/// <summary>One cluster for the tests of a collection, with short timers and a trace receiver.</summary>
public sealed class ClusterFixture : IAsyncLifetime
{
    /// <summary>Grace of the node life cycle in these tests. 4 s instead of 40: the lease is renewed every second here.</summary>
    public static readonly TimeSpan NodeGrace = TimeSpan.FromSeconds(4);

    private Cluster? _cluster;

    public Cluster Cluster => _cluster ?? throw new InvalidOperationException("no cluster on this machine");

    public TraceReceiver Traces { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        if (Cluster.Obstacle is not null)
        {
            return;
        }

        Traces = await TraceReceiver.StartAsync();
        var images = await Shell.RunAsync("/bin/bash", [Path.Combine(Repository.Root, "examples/guestbook/images.sh")], patience: TimeSpan.FromMinutes(5));
        Assert.True(images.Code == 0, $"images.sh: {images}");
        _cluster = new Cluster("shared", new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = Traces.Endpoint,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
            ["NodeAgent__LeaseRenewInterval"] = "00:00:01",
            ["NodeAgent__LeaseDuration"] = "00:00:04",
            ["Controllers__NodeLifecycle__OrphanQuarantine"] = "00:00:02",
            ["Controllers__NodeLifecycle__MonitorPeriod"] = "00:00:00.5",
            ["Controllers__NodeLifecycle__GracePeriod"] = NodeGrace.ToString("c", CultureInfo.InvariantCulture),
        });
        await _cluster.UpAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
            await Traces.DisposeAsync();
        }
    }
}

/// <summary>The tests that share a cluster. They run one after the other, each in a namespace of its own.</summary>
[CollectionDefinition(Name)]
public sealed class SharedCluster : ICollectionFixture<ClusterFixture>
{
    public const string Name = "one cluster";
}
