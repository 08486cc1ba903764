using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 Service</c>: a stable address for a set of pods.</summary>
public sealed class ServiceKind : ResourceKind<Service>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["svc"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["all"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override NameRule NameRule => NameRule.DnsLabel1035;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<IKubernetesObject, string>> SelectableFields { get; } = Selectable(
        ("spec.clusterIP", service => service.Spec.ClusterIP),
        ("spec.type", service => service.Spec.Type));

    /// <inheritdoc/>
    public override void Default(JsonObject value) => ServiceDefaults.Apply(value.Ensure("spec"));

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject value) => value["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };

    /// <inheritdoc/>
    public override void PrepareForUpdate(JsonObject value, JsonObject stored)
    {
        base.PrepareForUpdate(value, stored);
        if (value.Child("spec") is { } spec && stored.Child("spec") is { } before)
        {
            ServiceDefaults.KeepAllocated(spec, before);
            ServiceDefaults.DropDependent(spec, before);
        }

        if (value.Child("spec").Text("type") != "LoadBalancer")
        {
            value.Ensure("status")["loadBalancer"] = new JsonObject();
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(Service value) => ServiceValidation.Validate(value);

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(Service value, Service stored) => ServiceValidation.Update(value, stored);

    /// <inheritdoc/>
    protected override IEnumerable<string> WarningsFor(Service value)
    {
        if (value.Spec.ExternalIPs is { Count: > 0 } && value.Spec.Type == "ExternalName")
        {
            yield return $"spec.externalIPs is ignored when spec.type is \"{value.Spec.Type}\"";
        }

        if (!string.IsNullOrEmpty(value.Spec.ExternalName) && value.Spec.Type != "ExternalName")
        {
            yield return "spec.externalName is ignored when spec.type is not \"ExternalName\"";
        }

        if (value.Spec.ClusterIP == "None" && value.Spec.SessionAffinity is { Length: > 0 } and not "None")
        {
            yield return "spec.SessionAffinity is ignored for headless services";
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Type", Description: "How the Service is reached."),
        new("Cluster-IP", Description: "Address inside the cluster."),
        new("External-IP", Description: "Addresses outside the cluster."),
        new("Port(s)", Description: "Ports, with node port and protocol."),
        TableColumn.Age,
        new("Selector", Priority: 1, Description: "Labels of the pods behind it."),
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(Service value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        value.Spec.Type,
        value.Spec.ClusterIPs is [{ Length: > 0 } first, ..] ? first : value.Spec.ClusterIP is { Length: > 0 } only ? only : "<none>",
        ExternalAddresses(value),
        Ports(value.Spec.Ports),
        TableCells.Age(value.Metadata.CreationTimestamp, now),
        LabelSelectorText.OrNone(value.Spec.Selector),
    ];

    private static string ExternalAddresses(Service service)
    {
        var external = service.Spec.ExternalIPs ?? [];
        switch (service.Spec.Type)
        {
            case "ExternalName":
                return service.Spec.ExternalName ?? "";
            case "LoadBalancer":
                var balancers = (service.Status.LoadBalancer?.Ingress ?? []).Select(one => string.IsNullOrEmpty(one.Ip) ? one.Hostname : one.Ip).Where(one => !string.IsNullOrEmpty(one));
                var all = string.Join(',', balancers.Distinct().Concat(external));
                return all.Length > 0 ? all : "<pending>";
            default:
                return external.Count > 0 ? string.Join(',', external) : "<none>";
        }
    }

    private static string Ports(IReadOnlyList<ServicePort>? ports) => ports is not { Count: > 0 }
        ? "<none>"
        : string.Join(',', ports.Select(port => port.NodePort is > 0 ? $"{port.Port}:{port.NodePort}/{port.Protocol}" : $"{port.Port}/{port.Protocol}"));
}
