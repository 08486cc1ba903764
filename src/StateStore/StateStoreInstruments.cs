using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace KubeAspire.StateStore;

/// <summary>What the state store tells about itself: source and meter <c>KubeAspire.StateStore</c>.</summary>
public sealed class StateStoreInstruments : IDisposable
{
    /// <summary>Name of the activity source and of the meter.</summary>
    public const string Name = "KubeAspire.StateStore";

    /// <summary>The span around a write, from its arrival until it is durable.</summary>
    public const string CommitActivity = "store.commit";

    internal static readonly ActivitySource Source = new(Name);

    private readonly Meter _meter = new(Name);
    private readonly Histogram<double> _commit;
    private readonly Histogram<double> _sync;
    private readonly Histogram<int> _batch;

    internal StateStoreInstruments()
    {
        _commit = _meter.CreateHistogram<double>("kubeaspire.store.commit.duration", "s", "From the beginning of a batch until it is durable and published.");
        _sync = _meter.CreateHistogram<double>("kubeaspire.store.fsync.duration", "s", "One fdatasync of the log.");
        _batch = _meter.CreateHistogram<int>("kubeaspire.store.batch.size", "{write}", "Writes that shared one fdatasync.");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    internal void Observe(Func<long> revision, Func<long> compacted, Func<long> bytes)
    {
        _meter.CreateObservableGauge("kubeaspire.store.revision", revision, "{revision}", "The newest durable revision.");
        _meter.CreateObservableGauge("kubeaspire.store.compacted_revision", compacted, "{revision}", "Watches and lists before this revision answer 410.");
        _meter.CreateObservableGauge("kubeaspire.store.size", bytes, "By", "Bytes of log and snapshot on disk.");
    }

    internal void OnCommit(TimeSpan elapsed, int writes)
    {
        _commit.Record(elapsed.TotalSeconds);
        _batch.Record(writes);
    }

    internal void OnSync(TimeSpan elapsed) => _sync.Record(elapsed.TotalSeconds);
}
