using System.Diagnostics.Metrics;

namespace KubeAspire.ControllerRuntime.Queue;

/// <summary>Metrics of the work queues, with upstream's names.</summary>
internal static class QueueInstruments
{
    /// <summary>The meter of this project.</summary>
    public static readonly Meter Meter = new("KubeAspire.ControllerRuntime");

    private static readonly UpDownCounter<long> s_depth = Meter.CreateUpDownCounter<long>("workqueue_depth", "{key}", "Keys that wait for a worker.");
    private static readonly Counter<long> s_adds = Meter.CreateCounter<long>("workqueue_adds_total", "{key}", "Keys added.");
    private static readonly Counter<long> s_retries = Meter.CreateCounter<long>("workqueue_retries_total", "{retry}", "Keys added with back-off.");
    private static readonly Histogram<double> s_waited = Meter.CreateHistogram<double>("workqueue_queue_duration_seconds", "s", "How long a key waits for a worker.");
    private static readonly Histogram<double> s_worked = Meter.CreateHistogram<double>("workqueue_work_duration_seconds", "s", "How long a worker has a key.");

    public static void Added(string name) => s_adds.Add(1, Tag(name));

    public static void Entered(string name) => s_depth.Add(1, Tag(name));

    public static void Retried(string name) => s_retries.Add(1, Tag(name));

    public static void Taken(string name, TimeSpan waited)
    {
        s_depth.Add(-1, Tag(name));
        s_waited.Record(waited.TotalSeconds, Tag(name));
    }

    public static void Worked(string name, TimeSpan elapsed) => s_worked.Record(elapsed.TotalSeconds, Tag(name));

    private static KeyValuePair<string, object?> Tag(string name) => new("name", name);
}
