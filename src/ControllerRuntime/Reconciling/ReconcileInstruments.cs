using System.Diagnostics;
using System.Diagnostics.Metrics;
using KubeAspire.ControllerRuntime.Queue;

namespace KubeAspire.ControllerRuntime.Reconciling;

/// <summary>Spans and metrics of the passes; metric names as controller-runtime's.</summary>
internal static class ReconcileInstruments
{
    /// <summary>The source of "reconcile …" spans.</summary>
    public static readonly ActivitySource Source = new("KubeAspire.Controllers");

    private static readonly Counter<long> s_total = QueueInstruments.Meter.CreateCounter<long>("controller_runtime_reconcile_total", "{pass}", "Passes by how they ended.");
    private static readonly Counter<long> s_errors = QueueInstruments.Meter.CreateCounter<long>("controller_runtime_reconcile_errors_total", "{pass}", "Passes that failed.");
    private static readonly Histogram<double> s_time = QueueInstruments.Meter.CreateHistogram<double>("controller_runtime_reconcile_time_seconds", "s", "How long passes take.");
    private static readonly Gauge<int> s_workers = QueueInstruments.Meter.CreateGauge<int>("controller_runtime_max_concurrent_reconciles", "{worker}", "Passes that may run at once.");
    private static readonly UpDownCounter<long> s_active = QueueInstruments.Meter.CreateUpDownCounter<long>("controller_runtime_active_workers", "{worker}", "Passes that run.");

    public static void Workers(string controller, int workers) => s_workers.Record(workers, Tag(controller));

    public static void Active(string controller, int change) => s_active.Add(change, Tag(controller));

    public static void Reconciled(string controller, string result, TimeSpan elapsed)
    {
        s_total.Add(1, Tag(controller), new("result", result));
        s_time.Record(elapsed.TotalSeconds, Tag(controller));
        if (result == "error")
        {
            s_errors.Add(1, Tag(controller));
        }
    }

    private static KeyValuePair<string, object?> Tag(string controller) => new("controller", controller);
}
