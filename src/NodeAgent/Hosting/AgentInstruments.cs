using System.Diagnostics.Metrics;
using KubeAspire.ContainerRuntime;

namespace KubeAspire.NodeAgent.Hosting;

/// <summary>Figures of the agent, under upstream's names of the kubelet.</summary>
internal static class AgentInstruments
{
    private static readonly Meter s_meter = new("KubeAspire.NodeAgent");
    private static readonly Histogram<double> s_pull = s_meter.CreateHistogram<double>("kubelet_image_pull_duration_seconds", "s");
    private static readonly Histogram<double> s_sync = s_meter.CreateHistogram<double>("kubelet_pod_worker_duration_seconds", "s");
    private static readonly Histogram<double> s_start = s_meter.CreateHistogram<double>("kubelet_pod_start_duration_seconds", "s");
    private static readonly Counter<long> s_operations = s_meter.CreateCounter<long>("kubelet_runtime_operations_total");
    private static readonly Counter<long> s_operationErrors = s_meter.CreateCounter<long>("kubelet_runtime_operations_errors_total");
    private static readonly Counter<long> s_startedPods = s_meter.CreateCounter<long>("kubelet_started_pods_total");
    private static readonly Counter<long> s_startedContainers = s_meter.CreateCounter<long>("kubelet_started_containers_total");
    private static readonly UpDownCounter<int> s_runningPods = s_meter.CreateUpDownCounter<int>("kubelet_running_pods");

    private static readonly UpDownCounter<int> s_streams = s_meter.CreateUpDownCounter<int>("kubeaspire_node_streams", "{stream}", "Streams into pods open now.");

    public static void OnStreams(int change) => s_streams.Add(change);

    public static void OnPull(TimeSpan elapsed, RuntimeError? error)
    {
        s_pull.Record(elapsed.TotalSeconds);
        OnOperation("pull_image", error);
    }

    public static void OnOperation(string operation, RuntimeError? error)
    {
        var tag = KeyValuePair.Create<string, object?>("operation_type", operation);
        s_operations.Add(1, tag);
        if (error is not null)
        {
            s_operationErrors.Add(1, tag);
        }
    }

    public static void OnSync(TimeSpan elapsed, string kind) => s_sync.Record(elapsed.TotalSeconds, KeyValuePair.Create<string, object?>("operation_type", kind));

    public static void OnPodStarted(TimeSpan sinceSeen)
    {
        s_start.Record(sinceSeen.TotalSeconds);
        s_startedPods.Add(1);
    }

    public static void OnContainerStarted() => s_startedContainers.Add(1);

    public static void OnRunningPods(int change) => s_runningPods.Add(change);
}
