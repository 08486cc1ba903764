using System.Text.Json.Nodes;
using KubeAspire.ApiServer.Storage;

namespace KubeAspire.ApiServer.Admission.PodSecurity;

/// <summary>A container of any sort: what is allowed to none of them must be looked for in all of them.</summary>
internal sealed record ContainerView(string Name, JsonObject Value, JsonObject Context);

/// <summary>A pod as the checks look at it. Members of another shape than expected count as absent; the schema has refused them before.</summary>
internal sealed class PodView(JsonObject metadata, JsonObject spec)
{
    /// <summary>The lists of a pod's spec that hold containers.</summary>
    public static IReadOnlyList<string> ContainerLists { get; } = ["initContainers", "containers", "ephemeralContainers"];

    public JsonObject Metadata => metadata;

    public JsonObject Spec => spec;

    public JsonObject Context { get; } = spec.Child("securityContext");

    public IReadOnlyList<ContainerView> Containers { get; } =
        [.. ContainerLists.SelectMany(list => spec.Items(list)).Select(container => new ContainerView(container.Text("name"), container, container.Child("securityContext")))];

    public IReadOnlyList<JsonObject> Volumes { get; } = [.. spec.Items("volumes")];

    /// <summary>The security context of the pod (named by an empty text) and of each container.</summary>
    public IEnumerable<(string Holder, JsonObject Context)> Contexts => Containers.Select(container => (container.Name, container.Context)).Prepend(("", Context));
}

/// <summary>Reads that never fail.</summary>
internal static class PodViewReads
{
    public static JsonObject Child(this JsonObject value, string name) => value[name] as JsonObject ?? [];

    public static IEnumerable<JsonObject> Items(this JsonObject value, string name) => (value[name] as JsonArray ?? []).OfType<JsonObject>();

    public static bool True(this JsonObject value, string name) => value[name] is JsonValue found && found.TryGetValue(out bool flag) && flag;

    public static bool False(this JsonObject value, string name) => value[name] is JsonValue found && found.TryGetValue(out bool flag) && !flag;
}
