using System.Globalization;
using System.Text.Json;

namespace KubeAspire.EndToEnd.Harness;

/// <summary>What one container of a pod says of itself.</summary>
/// <param name="State">running, waiting, terminated or nothing.</param>
/// <param name="Reason">The state's reason.</param>
/// <param name="ExitCode">Of the terminated state.</param>
/// <param name="LastReason">The reason of the state before.</param>
public sealed record ContainerReading(string Id, int Restarts, bool Ready, string State, string Reason, int? ExitCode, string LastReason);

/// <summary>What a test wants to know of a pod.</summary>
public sealed record PodReading(string Name, string Node, string Phase, bool Ready, IReadOnlyDictionary<string, ContainerReading> Containers)
{
    /// <summary>The only or first container.</summary>
    public ContainerReading? First => Containers.Values.FirstOrDefault();

    public override string ToString() =>
        $"{Name}@{Node} {Phase}{(Ready ? " ready" : "")} [{string.Join("; ", Containers.Select(one => $"{one.Key} {one.Value.State} {one.Value.Reason} exit {one.Value.ExitCode} restarts {one.Value.Restarts} last {one.Value.LastReason}"))}]";

    public static PodReading From(JsonElement pod)
    {
        var status = pod.GetProperty("status");
        var containers = status.TryGetProperty("containerStatuses", out var statuses)
            ? statuses.EnumerateArray().ToDictionary(one => one.GetProperty("name").GetString()!, Container)
            : [];
        var ready = status.TryGetProperty("conditions", out var conditions)
            && conditions.EnumerateArray().Any(condition => Text(condition, "type") == "Ready" && Text(condition, "status") == "True");
        return new PodReading(Text(pod.GetProperty("metadata"), "name"), Text(pod.GetProperty("spec"), "nodeName"), Text(status, "phase"), ready, containers);
    }

    /// <summary>The pods of a namespace by name.</summary>
    public static async Task<PodTable> AllAsync(Cluster cluster, string ns) =>
        new((await cluster.GetAsync($"pods -n {ns}")).GetProperty("items").EnumerateArray().Select(From).ToDictionary(pod => pod.Name));

    /// <summary>Waits for a pod of a namespace to be as the test wants it.</summary>
    public static async Task<PodReading> WaitAsync(Cluster cluster, string ns, string name, Func<PodReading, bool> isRight, double seconds = 40) =>
        await Eventually.IsAsync($"{ns}/{name}", TimeSpan.FromSeconds(seconds), async () => From(await cluster.GetAsync($"pod {name} -n {ns}")), isRight);

    private static ContainerReading Container(JsonElement status)
    {
        var (state, detail) = StateOf(status, "state");
        var (_, last) = StateOf(status, "lastState");
        return new ContainerReading(
            Text(status, "containerID").Replace("docker://", "", StringComparison.Ordinal),
            status.GetProperty("restartCount").GetInt32(),
            status.GetProperty("ready").GetBoolean(),
            state,
            Text(detail, "reason"),
            detail.ValueKind == JsonValueKind.Object && detail.TryGetProperty("exitCode", out var code) ? code.GetInt32() : null,
            Text(last, "reason"));
    }

    private static (string State, JsonElement Detail) StateOf(JsonElement status, string member)
    {
        var state = status.TryGetProperty(member, out var found) ? found.EnumerateObject().FirstOrDefault() : default;
        return state.Value.ValueKind == JsonValueKind.Undefined ? ("", default) : (state.Name, state.Value);
    }

    private static string Text(JsonElement element, string member) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(member, out var text) ? Convert.ToString(text.GetString(), CultureInfo.InvariantCulture)! : "";
}

/// <summary>Pods by name; prints itself whole in a failure.</summary>
public sealed record PodTable(IReadOnlyDictionary<string, PodReading> Pods)
{
    /// <summary>Whether a container was started again and its pod still runs.</summary>
    public bool Restarted(string pod, string lastReason, string container = "main") =>
        Of(pod, container) is { Restarts: >= 1 } found && found.LastReason == lastReason && Pods[pod].Phase == "Running";

    /// <summary>Whether a container ended once and for all, and its pod's phase.</summary>
    public bool Ended(string pod, string phase, string reason, int code, string container = "main") =>
        Of(pod, container) is { State: "terminated", Restarts: 0 } found && found.Reason == reason && found.ExitCode == code && Pods[pod].Phase == phase;

    /// <summary>Whether a container waits, and why.</summary>
    public bool Waits(string pod, string reason, string container = "main") =>
        Of(pod, container) is { State: "waiting" } found && found.Reason == reason && Pods[pod].Phase == "Pending";

    /// <summary>Whether a container runs as it was first started.</summary>
    public bool RunsOn(string pod, string container = "main") => Of(pod, container) is { State: "running", Restarts: 0 };

    public override string ToString() => string.Join('\n', Pods.Values);

    private ContainerReading? Of(string pod, string container) => Pods.GetValueOrDefault(pod)?.Containers.GetValueOrDefault(container);
}
