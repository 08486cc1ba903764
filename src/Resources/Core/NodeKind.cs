using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 Node</c>: a machine that runs pods.</summary>
public sealed class NodeKind : ResourceKind<Node>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["no"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<IKubernetesObject, string>> SelectableFields { get; } = Selectable(
        ("spec.unschedulable", node => node.Spec.Unschedulable == true ? "true" : "false"));

    private const string MayChange = "node updates may only change labels, taints, or capacity (or configSource, if the DynamicKubeletConfig feature gate is enabled)";

    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        var spec = value.Ensure("spec");
        var ranges = spec["podCIDRs"] as JsonArray;
        if (spec.Text("podCIDR") is { Length: > 0 } range && ranges is not { Count: > 0 })
        {
            spec["podCIDRs"] = new JsonArray(range);
        }
        else if (string.IsNullOrEmpty(spec.Text("podCIDR")) && ranges is { Count: > 0 } && ranges[0] is JsonValue first)
        {
            spec["podCIDR"] = first.DeepClone();
        }

        if (value.Child("status") is { } status && status["allocatable"] is null && status["capacity"] is JsonObject capacity)
        {
            status["allocatable"] = capacity.DeepClone();
        }
    }

    /// <summary>Keeps the status: a node registers itself whole.</summary>
    public override void PrepareForCreate(JsonObject value) => value.Ensure("status");

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(Node value)
    {
        var errors = new FieldErrors();
        var taints = new HashSet<(string, string)>();
        foreach (var (at, taint) in (value.Spec.Taints ?? []).Index())
        {
            var here = $"spec.taints[{at}]";
            errors.Invalid($"{here}.key", taint.Key, Names.IsQualifiedName(taint.Key));
            errors.Invalid($"{here}.value", taint.Value, Names.IsLabelValue(taint.Value ?? ""));
            errors.RequireOneOf($"{here}.effect", taint.Effect, "NoSchedule", "PreferNoSchedule", "NoExecute");
            if (!taints.Add((taint.Key, taint.Effect)))
            {
                errors.Duplicate(here, JsonComparison.Text(taint));
            }
        }

        foreach (var (at, range) in (value.Spec.PodCIDRs ?? []).Index())
        {
            if (!System.Net.IPNetwork.TryParse(range, out _))
            {
                errors.Invalid($"spec.podCIDRs[{at}]", range, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
            }
        }

        if (value.Spec.PodCIDRs?.Count > 1)
        {
            errors.Invalid("spec.podCIDRs", FieldErrors.Text(value.Spec.PodCIDRs.Count), "must specify no more than one CIDR: pods have IPv4 addresses only");
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(Node value, Node stored)
    {
        var errors = new FieldErrors();
        var (spec, old) = (value.Spec, stored.Spec);
        if (old.PodCIDRs is { Count: > 0 } before && !before.SequenceEqual(spec.PodCIDRs ?? []))
        {
            errors.Forbidden("spec.podCIDRs", "node updates may not change podCIDR except from \"\" to valid");
        }

        if (!string.IsNullOrEmpty(old.ProviderID) && spec.ProviderID != old.ProviderID)
        {
            errors.Forbidden("spec.providerID", "node updates may not change providerID except from \"\" to valid");
        }

        var allowed = spec with
        {
            Taints = old.Taints, Unschedulable = old.Unschedulable, PodCIDR = old.PodCIDR, PodCIDRs = old.PodCIDRs, ProviderID = old.ProviderID,
        };
        if (!JsonComparison.Same(allowed, old))
        {
            errors.Forbidden("[]", MayChange);
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateStatusUpdate(Node value, Node stored)
    {
        var errors = new FieldErrors();
        var addresses = new HashSet<(string, string)>();
        foreach (var (at, address) in (value.Status.Addresses ?? []).Index())
        {
            if (!addresses.Add((address.Type, address.Address)))
            {
                errors.Duplicate($"status.addresses[{at}]", JsonComparison.Text(address));
            }
        }

        ResourceValidation.NotNegative(errors, value.Status.Capacity, "status.capacity");
        ResourceValidation.NotNegative(errors, value.Status.Allocatable, "status.allocatable");
        return errors;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Status", Description: "Ready or not, and whether new pods may come."),
        new("Roles", Description: "Roles that labels give the node."),
        TableColumn.Age,
        new("Version", Description: "Version of the node agent."),
        new("Internal-IP", Priority: 1, Description: "Address inside the cluster."),
        new("External-IP", Priority: 1, Description: "Address outside the cluster."),
        new("OS-Image", Priority: 1, Description: "Operating system."),
        new("Kernel-Version", Priority: 1, Description: "Kernel."),
        new("Container-Runtime", Priority: 1, Description: "What runs the containers."),
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(Node value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        Status(value),
        Roles(value),
        TableCells.Age(value.Metadata.CreationTimestamp, now),
        value.Status.NodeInfo?.KubeletVersion,
        Address(value, "InternalIP"),
        Address(value, "ExternalIP"),
        OrUnknown(value.Status.NodeInfo?.OsImage),
        OrUnknown(value.Status.NodeInfo?.KernelVersion),
        OrUnknown(value.Status.NodeInfo?.ContainerRuntimeVersion),
    ];

    private static string Status(Node node)
    {
        var ready = node.FindCondition("Ready") switch
        {
            null => "Unknown",
            { Status: "True" } => "Ready",
            _ => "NotReady",
        };
        return node.Spec.Unschedulable == true ? ready + ",SchedulingDisabled" : ready;
    }

    private static string Roles(Node node)
    {
        const string Prefix = "node-role.kubernetes.io/";
        var roles = (node.Metadata.Labels ?? new Dictionary<string, string>())
            .Select(label => label.Key.StartsWith(Prefix, StringComparison.Ordinal) ? label.Key[Prefix.Length..] : label.Key == "kubernetes.io/role" ? label.Value : "")
            .Where(role => role.Length > 0).Distinct().Order(StringComparer.Ordinal);
        return string.Join(',', roles) is { Length: > 0 } text ? text : "<none>";
    }

    private static string Address(Node node, string type) => node.Status.Addresses?.FirstOrDefault(address => address.Type == type)?.Address ?? "<none>";

    private static string OrUnknown(string? text) => string.IsNullOrEmpty(text) ? "<unknown>" : text;
}
