using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Discovery;

/// <summary>Rules of <c>discovery.k8s.io/v1 EndpointSlice</c>: some of the addresses behind a Service.</summary>
public sealed class EndpointSliceKind : ResourceKind<EndpointSlice>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => ["addressType", "endpoints", "ports"];

    /// <summary>How many ports or addresses the table names.</summary>
    private const int MaximumShown = 3;

    private const int MaximumPorts = 100, MaximumEndpoints = 1000, MaximumAddresses = 100, MaximumZoneHints = 8; // pkg/apis/discovery/validation

    private static readonly string[] s_protocols = ["SCTP", "TCP", "UDP"];

    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        foreach (var port in value.Items("ports"))
        {
            port.Default("name", "");
            port.DefaultText("protocol", "TCP");
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(EndpointSlice value)
    {
        var errors = new FieldErrors();
        errors.RequireOneOf("addressType", value.AddressType, "FQDN", "IPv4", "IPv6");
        TooMany(errors, "endpoints", value.Endpoints?.Count, MaximumEndpoints);
        foreach (var (at, endpoint) in (value.Endpoints ?? []).Index())
        {
            Endpoint(errors, endpoint, value.AddressType, $"endpoints[{at}]");
        }

        Ports(errors, value.Ports ?? []);
        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(EndpointSlice value, EndpointSlice stored)
    {
        var errors = new FieldErrors();
        errors.Unchanged("addressType", value.AddressType, stored.AddressType);
        return errors;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("AddressType", Description: "Kind of addresses."),
        new("Ports", Description: "Ports of every address."),
        new("Endpoints", Description: "Addresses."),
        TableColumn.Age,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(EndpointSlice value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        value.AddressType,
        Text(value.Ports?.Select(port => port.Port?.ToString() ?? "*")),
        Text(value.Endpoints?.SelectMany(endpoint => endpoint.Addresses)),
        TableCells.Age(value.Metadata.CreationTimestamp, now),
    ];

    private static void Ports(FieldErrors errors, IReadOnlyList<EndpointPort> ports)
    {
        TooMany(errors, "ports", ports.Count, MaximumPorts);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (at, port) in ports.Index())
        {
            var name = port.Name ?? "";
            if (name.Length > 0)
            {
                errors.Invalid($"ports[{at}].name", name, Names.IsDnsLabel(name));
            }

            if (!names.Add(name))
            {
                errors.Duplicate($"ports[{at}].name", name);
            }

            errors.RequireOneOf($"ports[{at}].protocol", port.Protocol, s_protocols);
            if (!string.IsNullOrEmpty(port.AppProtocol))
            {
                errors.Invalid($"ports[{at}].appProtocol", port.AppProtocol, Names.IsQualifiedName(port.AppProtocol));
            }
        }
    }

    private static void Endpoint(FieldErrors errors, Endpoint endpoint, string type, string path)
    {
        if (endpoint.Addresses.Count == 0)
        {
            errors.Required($"{path}.addresses", "must contain at least 1 address");
        }

        TooMany(errors, $"{path}.addresses", endpoint.Addresses.Count, MaximumAddresses);
        foreach (var (at, address) in endpoint.Addresses.Index())
        {
            var here = $"{path}.addresses[{at}]";
            switch (type)
            {
                case "FQDN":
                    errors.Invalid(here, address, Names.IsDnsSubdomain(address));
                    break;
                case "IPv4" when !PodSpecValidation.IsAddress(address) || address.Contains(':'):
                    errors.Invalid(here, address, "must be an IPv4 address");
                    break;
                case "IPv6" when !PodSpecValidation.IsAddress(address) || !address.Contains(':'):
                    errors.Invalid(here, address, "must be an IPv6 address");
                    break;
                default:
                    AddressValidation.NotSpecial(errors, here, address);
                    break;
            }
        }

        if (endpoint.Hostname is { } hostname)
        {
            errors.Invalid($"{path}.hostname", hostname, Names.IsDnsLabel(hostname));
        }

        if (endpoint.NodeName is { } node)
        {
            errors.Invalid($"{path}.nodeName", node, Names.IsDnsSubdomain(node));
        }

        TooMany(errors, $"{path}.hints.forZones", endpoint.Hints?.ForZones?.Count, MaximumZoneHints);
    }

    private static void TooMany(FieldErrors errors, string path, int? count, int most)
    {
        if (count > most)
        {
            errors.Add(new FieldError(FieldErrorType.FieldValueTooMany, path, FieldErrors.Text(count.Value), $"must have at most {most} items"));
        }
    }

    private static string Text(IEnumerable<string>? parts)
    {
        var all = (parts ?? []).ToList();
        return all.Count == 0 ? "<unset>" : string.Join(',', all.Take(MaximumShown)) + (all.Count > MaximumShown ? $" + {all.Count - MaximumShown} more..." : "");
    }
}
