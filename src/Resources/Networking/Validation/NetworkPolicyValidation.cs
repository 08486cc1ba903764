using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Networking.Validation;

/// <summary>What a NetworkPolicy's rules may say.</summary>
/// <remarks>Upstream's pkg/apis/networking/validation ValidateNetworkPolicySpec.</remarks>
internal static class NetworkPolicyValidation
{
    private static readonly string[] s_types = ["Egress", "Ingress"];
    private static readonly string[] s_protocols = ["SCTP", "TCP", "UDP"];

    public static FieldErrors Validate(NetworkPolicySpec spec)
    {
        var errors = new FieldErrors();
        errors.Selector("spec.podSelector", spec.PodSelector);
        foreach (var (at, rule) in (spec.Ingress ?? []).Index())
        {
            Rule(errors, $"spec.ingress[{at}]", rule.Ports, "from", rule.From);
        }

        foreach (var (at, rule) in (spec.Egress ?? []).Index())
        {
            Rule(errors, $"spec.egress[{at}]", rule.Ports, "to", rule.To);
        }

        var types = spec.PolicyTypes ?? [];
        if (types.Count > s_types.Length)
        {
            errors.Invalid("spec.policyTypes", FieldErrors.Text(types), "may not specify more than two policyTypes");
            return errors;
        }

        foreach (var (at, type) in types.Index())
        {
            if (!s_types.Contains(type))
            {
                errors.Add(FieldError.NotSupported($"spec.policyTypes[{at}]", type, s_types));
            }
        }

        return errors;
    }

    private static void Rule(FieldErrors errors, string path, IReadOnlyList<NetworkPolicyPort>? ports, string side, IReadOnlyList<NetworkPolicyPeer>? peers)
    {
        foreach (var (at, port) in (ports ?? []).Index())
        {
            Port(errors, port, $"{path}.ports[{at}]");
        }

        foreach (var (at, peer) in (peers ?? []).Index())
        {
            Peer(errors, peer, $"{path}.{side}[{at}]");
        }
    }

    private static void Port(FieldErrors errors, NetworkPolicyPort port, string path)
    {
        if (port.Protocol is not null && !s_protocols.Contains(port.Protocol))
        {
            errors.Add(FieldError.NotSupported($"{path}.protocol", port.Protocol, s_protocols));
        }

        if (port.Port is { } given)
        {
            errors.Port($"{path}.port", given);
        }

        if (port.EndPort is not { } end)
        {
            return;
        }

        if (port.Port is not { } first)
        {
            errors.Invalid($"{path}.endPort", FieldErrors.Text(end), "may not be specified when `port` is not specified");
        }
        else if (!first.IsInt)
        {
            errors.Invalid($"{path}.endPort", FieldErrors.Text(end), "may not be specified when `port` is non-numeric");
        }
        else
        {
            if (end < first.Number)
            {
                errors.Invalid($"{path}.endPort", FieldErrors.Text(first.Number), "must be greater than or equal to `port`");
            }

            errors.Invalid($"{path}.endPort", FieldErrors.Text(end), Names.IsPortNumber(end));
        }
    }

    private static void Peer(FieldErrors errors, NetworkPolicyPeer peer, string path)
    {
        errors.Selector($"{path}.podSelector", peer.PodSelector);
        errors.Selector($"{path}.namespaceSelector", peer.NamespaceSelector);
        if (peer.IpBlock is { } block)
        {
            Block(errors, block, $"{path}.ipBlock");
        }

        var selects = peer.PodSelector is not null || peer.NamespaceSelector is not null;
        if (!selects && peer.IpBlock is null)
        {
            errors.Required(path, "must specify a peer");
        }
        else if (selects && peer.IpBlock is not null)
        {
            errors.Forbidden(path, "may not specify both ipBlock and another peer");
        }
    }

    private static void Block(FieldErrors errors, IPBlock block, string path)
    {
        if (block.Cidr.Length == 0)
        {
            errors.Required($"{path}.cidr");
            return;
        }

        var range = CidrText.Parse(block.Cidr);
        if (range is null)
        {
            errors.Invalid($"{path}.cidr", block.Cidr, CidrText.Problem);
            return;
        }

        foreach (var (at, text) in (block.Except ?? []).Index())
        {
            if (CidrText.Parse(text) is not { } hole)
            {
                errors.Invalid($"{path}.except[{at}]", text, CidrText.Problem);
            }
            else if (!range.HoldsStrictly(hole))
            {
                errors.Invalid($"{path}.except[{at}]", text, "must be a strict subset of `cidr`");
            }
        }
    }
}
