using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 Endpoints</c>: the addresses behind a Service, in the form before EndpointSlice.</summary>
public sealed class EndpointsKind : ResourceKind<Endpoints>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["ep"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <summary>How many addresses the table names.</summary>
    private const int MaximumShown = 3;

    private static readonly string[] s_protocols = ["SCTP", "TCP", "UDP"];

    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        foreach (var port in value.Items("subsets").SelectMany(subset => subset.Items("ports")))
        {
            port.DefaultText("protocol", "TCP");
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(Endpoints value)
    {
        var errors = new FieldErrors();
        foreach (var (at, subset) in (value.Subsets ?? []).Index())
        {
            var here = $"subsets[{at}]";
            if (subset is { Addresses: not { Count: > 0 }, NotReadyAddresses: not { Count: > 0 } })
            {
                errors.Required(here, "must specify `addresses` or `notReadyAddresses`");
            }

            Addresses(errors, subset.Addresses, $"{here}.addresses");
            Addresses(errors, subset.NotReadyAddresses, $"{here}.notReadyAddresses");
            foreach (var (index, port) in (subset.Ports ?? []).Index())
            {
                var place = $"{here}.ports[{index}]";
                if (subset.Ports!.Count > 1 && string.IsNullOrEmpty(port.Name))
                {
                    errors.Required($"{place}.name");
                }
                else if (!string.IsNullOrEmpty(port.Name))
                {
                    errors.Invalid($"{place}.name", port.Name, Names.IsDnsLabel(port.Name));
                }

                errors.Invalid($"{place}.port", FieldErrors.Text(port.Port), Names.IsPortNumber(port.Port));
                errors.RequireOneOf($"{place}.protocol", port.Protocol, s_protocols);
            }
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<string> WarningsFor(Endpoints value) => ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"];

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Endpoints", Description: "Addresses and ports that are ready."),
        TableColumn.Age,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(Endpoints value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        Text(value.Subsets ?? []),
        TableCells.Age(value.Metadata.CreationTimestamp, now),
    ];

    private static void Addresses(FieldErrors errors, IReadOnlyList<EndpointAddress>? addresses, string path)
    {
        foreach (var (at, address) in (addresses ?? []).Index())
        {
            PodSpecValidation.Address(errors, $"{path}[{at}].ip", address.Ip);
            AddressValidation.NotSpecial(errors, $"{path}[{at}].ip", address.Ip);
            if (!string.IsNullOrEmpty(address.Hostname))
            {
                errors.Invalid($"{path}[{at}].hostname", address.Hostname, Names.IsDnsLabel(address.Hostname));
            }

            if (address.NodeName is { } node)
            {
                errors.Invalid($"{path}[{at}].nodeName", node, Names.IsDnsSubdomain(node));
            }
        }
    }

    private static string Text(IReadOnlyList<EndpointSubset> subsets)
    {
        var all = subsets.SelectMany(subset => subset.Ports is { Count: > 0 } ports
            ? ports.SelectMany(port => (subset.Addresses ?? []).Select(address => address.Ip.Contains(':') ? $"[{address.Ip}]:{port.Port}" : $"{address.Ip}:{port.Port}"))
            : (subset.Addresses ?? []).Select(address => address.Ip)).ToList();
        return all.Count == 0 ? "<none>" : string.Join(',', all.Take(MaximumShown)) + (all.Count > MaximumShown ? $" + {all.Count - MaximumShown} more..." : "");
    }
}
