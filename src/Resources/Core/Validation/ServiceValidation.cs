using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Core.Validation;

/// <summary>A Service's spec.</summary>
/// <remarks>Upstream's <c>ValidateService</c> and <c>ValidateServiceUpdate</c>.</remarks>
internal static class ServiceValidation
{
    /// <summary>What upstream's <c>--service-node-port-range</c> is by default, and here always.</summary>
    private const int NodePortMinimum = 30000, NodePortMaximum = 32767;

    private const int KubeletPort = 10250;
    private const int MaximumAffinitySeconds = 86400;
    private const string LoadBalancerOnly = "may only be used when `type` is 'LoadBalancer'";

    private static readonly string[] s_protocols = ["SCTP", "TCP", "UDP"];

    public static FieldErrors Validate(Service service)
    {
        var errors = new FieldErrors();
        var spec = service.Spec;
        var ports = spec.Ports ?? [];
        if (ports.Count == 0 && spec.ClusterIP != "None" && spec.Type != "ExternalName")
        {
            errors.Required("spec.ports");
        }

        ByType(errors, spec, ports);
        Ports(errors, spec, ports);
        errors.Labels("spec.selector", spec.Selector);
        Affinity(errors, spec);
        errors.RequireOneOf("spec.type", spec.Type, "ClusterIP", "ExternalName", "LoadBalancer", "NodePort");
        Addresses(errors, spec);
        foreach (var (at, address) in (spec.ExternalIPs ?? []).Index())
        {
            PodSpecValidation.Address(errors, $"spec.externalIPs[{at}]", address);
            AddressValidation.NotSpecial(errors, $"spec.externalIPs[{at}]", address);
        }

        LoadBalancer(errors, spec);
        Traffic(errors, spec);
        return errors;
    }

    public static FieldErrors Update(Service service, Service stored)
    {
        var errors = new FieldErrors();
        var (spec, old) = (service.Spec, stored.Spec);
        if (spec.Type != "ExternalName" && old.Type != "ExternalName" && !string.IsNullOrEmpty(old.ClusterIP) && spec.ClusterIP != old.ClusterIP)
        {
            errors.Invalid("spec.clusterIPs[0]", JsonText(spec.ClusterIPs), "may not change once set");
        }

        if (old.Type == "LoadBalancer" && spec.Type == "LoadBalancer" && spec.LoadBalancerClass != old.LoadBalancerClass)
        {
            errors.Invalid("spec.loadBalancerClass", spec.LoadBalancerClass ?? "null", "may not change once set");
        }

        return errors;
    }

    private static void ByType(FieldErrors errors, ServiceSpec spec, IReadOnlyList<ServicePort> ports)
    {
        switch (spec.Type)
        {
            case "LoadBalancer":
                foreach (var (at, port) in ports.Index())
                {
                    if (port.Port == KubeletPort)
                    {
                        errors.Invalid($"spec.ports[{at}]", FieldErrors.Text(KubeletPort), $"may not expose port {KubeletPort} externally since it is used by kubelet");
                    }
                }

                goto case "NodePort";
            case "NodePort":
                if (spec.ClusterIP == "None")
                {
                    errors.Invalid("spec.clusterIPs[0]", "None", $"may not be set to 'None' for {spec.Type} services");
                }

                break;
            case "ExternalName":
                if (!string.IsNullOrEmpty(spec.ClusterIP) || spec.ClusterIPs is { Count: > 0 })
                {
                    errors.Forbidden("spec.clusterIPs", "may not be set for ExternalName services");
                }

                var name = (spec.ExternalName ?? "").TrimEnd('.');
                errors.RequireName("spec.externalName", name, Names.IsDnsSubdomain);
                break;
        }
    }

    private static void Ports(FieldErrors errors, ServiceSpec spec, IReadOnlyList<ServicePort> ports)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var places = new HashSet<(string?, int)>();
        var nodePorts = new HashSet<(string?, int)>();
        foreach (var (at, port) in ports.Index())
        {
            var here = $"spec.ports[{at}]";
            if (ports.Count > 1 && string.IsNullOrEmpty(port.Name))
            {
                errors.Required($"{here}.name");
            }
            else if (!string.IsNullOrEmpty(port.Name))
            {
                errors.Invalid($"{here}.name", port.Name, Names.IsDnsLabel(port.Name));
                if (!names.Add(port.Name))
                {
                    errors.Duplicate($"{here}.name", port.Name);
                }
            }

            errors.Invalid($"{here}.port", FieldErrors.Text(port.Port), Names.IsPortNumber(port.Port));
            errors.RequireOneOf($"{here}.protocol", port.Protocol, s_protocols);
            if (port.TargetPort is { } target)
            {
                errors.Port($"{here}.targetPort", target);
            }

            if (!string.IsNullOrEmpty(port.AppProtocol))
            {
                errors.Invalid($"{here}.appProtocol", port.AppProtocol, Names.IsQualifiedName(port.AppProtocol));
            }

            if (!places.Add((port.Protocol, port.Port)))
            {
                errors.Duplicate(here, $$"""{"Name":"","Protocol":"{{port.Protocol}}","AppProtocol":null,"Port":{{port.Port}},"TargetPort":0,"NodePort":0}""");
            }

            NodePort(errors, spec, port, nodePorts, here);
        }
    }

    private static void NodePort(FieldErrors errors, ServiceSpec spec, ServicePort port, HashSet<(string?, int)> seen, string path)
    {
        if (port.NodePort is not { } number || number == 0)
        {
            return;
        }

        if (spec.Type is "ClusterIP" or "ExternalName")
        {
            errors.Forbidden($"{path}.nodePort", $"may not be used when `type` is '{spec.Type}'");
        }
        else if (number is < NodePortMinimum or > NodePortMaximum)
        {
            errors.Invalid($"{path}.nodePort", FieldErrors.Text(number), $"provided port is not in the valid range. The range of valid ports is {NodePortMinimum}-{NodePortMaximum}");
        }
        else if (!seen.Add((port.Protocol, number)))
        {
            errors.Duplicate($"{path}.nodePort", FieldErrors.Text(number));
        }
    }

    private static void Affinity(FieldErrors errors, ServiceSpec spec)
    {
        errors.RequireOneOf("spec.sessionAffinity", spec.SessionAffinity, "ClientIP", "None");
        if (spec is { SessionAffinity: "None", SessionAffinityConfig: not null })
        {
            errors.Forbidden("spec.sessionAffinityConfig", "must not be set when session affinity is None");
        }

        if (spec.SessionAffinity == "ClientIP" && spec.SessionAffinityConfig?.ClientIP?.TimeoutSeconds is { } seconds and (<= 0 or > MaximumAffinitySeconds))
        {
            errors.Invalid("spec.sessionAffinityConfig.clientIP.timeoutSeconds", FieldErrors.Text(seconds), $"must be greater than 0 and less than {MaximumAffinitySeconds}");
        }
    }

    private static void Addresses(FieldErrors errors, ServiceSpec spec)
    {
        if (spec.Type == "ExternalName")
        {
            return;
        }

        if (!string.IsNullOrEmpty(spec.ClusterIP) && spec.ClusterIPs is { Count: > 0 } && spec.ClusterIPs[0] != spec.ClusterIP)
        {
            errors.Invalid("spec.clusterIPs", JsonText(spec.ClusterIPs), "first value must match `clusterIP`");
        }

        foreach (var (at, address) in (spec.ClusterIPs ?? []).Index())
        {
            if (address == "None")
            {
                if (at > 0 || spec.ClusterIPs!.Count > 1)
                {
                    errors.Invalid($"spec.clusterIPs[{at}]", address, "'None' must be the first and only value");
                }
            }
            else
            {
                PodSpecValidation.Address(errors, $"spec.clusterIPs[{at}]", address);
            }
        }

        foreach (var (at, family) in (spec.IpFamilies ?? []).Index())
        {
            errors.OneOf($"spec.ipFamilies[{at}]", family, "IPv4", "IPv6");
            if (family == "IPv6")
            {
                errors.Invalid($"spec.ipFamilies[{at}]", family, "not configured on this cluster");
            }
        }

        errors.OneOf("spec.ipFamilyPolicy", spec.IpFamilyPolicy, "SingleStack", "PreferDualStack", "RequireDualStack");
        if (spec.IpFamilyPolicy == "RequireDualStack")
        {
            errors.Invalid("spec.ipFamilyPolicy", spec.IpFamilyPolicy, "this cluster is not configured for dual-stack services");
        }
    }

    private static void LoadBalancer(FieldErrors errors, ServiceSpec spec)
    {
        if (spec.Type != "LoadBalancer")
        {
            foreach (var (name, isSet) in new[]
            {
                ("loadBalancerSourceRanges", spec.LoadBalancerSourceRanges is { Count: > 0 }), ("allocateLoadBalancerNodePorts", spec.AllocateLoadBalancerNodePorts is not null),
                ("loadBalancerClass", spec.LoadBalancerClass is not null),
            })
            {
                if (isSet)
                {
                    errors.Forbidden($"spec.{name}", LoadBalancerOnly);
                }
            }

            return;
        }

        foreach (var (at, range) in (spec.LoadBalancerSourceRanges ?? []).Index())
        {
            if (!System.Net.IPNetwork.TryParse(range.Trim(), out _))
            {
                errors.Invalid($"spec.loadBalancerSourceRanges[{at}]", range, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
            }
        }

        if (spec.LoadBalancerClass is { } loadBalancerClass)
        {
            errors.Invalid("spec.loadBalancerClass", loadBalancerClass, Names.IsQualifiedName(loadBalancerClass));
        }
    }

    private static void Traffic(FieldErrors errors, ServiceSpec spec)
    {
        var isExternal = spec.Type is "NodePort" or "LoadBalancer" || (spec.Type == "ClusterIP" && spec.ExternalIPs is { Count: > 0 });
        if (isExternal)
        {
            errors.RequireOneOf("spec.externalTrafficPolicy", spec.ExternalTrafficPolicy, "Cluster", "Local");
        }
        else if (!string.IsNullOrEmpty(spec.ExternalTrafficPolicy))
        {
            errors.Invalid("spec.externalTrafficPolicy", spec.ExternalTrafficPolicy, "may only be set for externally-accessible services");
        }

        if (spec.HealthCheckNodePort is { } port and not 0 && spec is not { Type: "LoadBalancer", ExternalTrafficPolicy: "Local" })
        {
            errors.Invalid("spec.healthCheckNodePort", FieldErrors.Text(port), "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
        }

        if (spec.Type is "ClusterIP" or "NodePort" or "LoadBalancer")
        {
            errors.RequireOneOf("spec.internalTrafficPolicy", spec.InternalTrafficPolicy, "Cluster", "Local");
        }

        errors.OneOf("spec.trafficDistribution", spec.TrafficDistribution, "PreferClose", "PreferSameZone", "PreferSameNode");
    }

    private static string JsonText(IReadOnlyList<string>? values) => values is null ? "null" : "[" + string.Join(',', values.Select(value => $"\"{value}\"")) + "]";
}
