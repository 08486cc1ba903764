using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Networking.Validation;

/// <summary>An Ingress: rules, paths, backends, certificates.</summary>
/// <remarks>Upstream's <c>ValidateIngressSpec</c> in pkg/apis/networking/validation.</remarks>
internal static class IngressValidation
{
    private static readonly string[] s_pathTypes = ["Exact", "ImplementationSpecific", "Prefix"];
    private static readonly string[] s_brokenSequences = ["//", "/./", "/../", "%2f", "%2F"];
    private static readonly string[] s_brokenEndings = ["/..", "/."];

    public static FieldErrors Validate(IngressSpec spec)
    {
        var errors = new FieldErrors();
        if (spec.Rules is not { Count: > 0 } && spec.DefaultBackend is null)
        {
            errors.Invalid("spec", "null", "either `defaultBackend` or `rules` must be specified");
        }

        if (spec.DefaultBackend is { } backend)
        {
            Backend(errors, backend, "spec.defaultBackend");
        }

        foreach (var (at, rule) in (spec.Rules ?? []).Index())
        {
            Rule(errors, rule, $"spec.rules[{at}]");
        }

        foreach (var (at, tls) in (spec.Tls ?? []).Index())
        {
            foreach (var (index, host) in (tls.Hosts ?? []).Index())
            {
                Host(errors, host, $"spec.tls[{at}].hosts[{index}]");
            }

            if (!string.IsNullOrEmpty(tls.SecretName))
            {
                errors.Invalid($"spec.tls[{at}].secretName", tls.SecretName, Names.IsDnsSubdomain(tls.SecretName));
            }
        }

        if (spec.IngressClassName is { } name)
        {
            errors.Invalid("spec.ingressClassName", name, Names.IsDnsSubdomain(name));
        }

        return errors;
    }

    private static void Rule(FieldErrors errors, IngressRule rule, string path)
    {
        if (!string.IsNullOrEmpty(rule.Host))
        {
            if (PodSpecValidation.IsAddress(rule.Host))
            {
                errors.Invalid($"{path}.host", rule.Host, "must be a DNS name, not an IP address");
            }

            Host(errors, rule.Host, $"{path}.host");
        }

        if (rule.Http is not { } http)
        {
            return;
        }

        if (http.Paths.Count == 0)
        {
            errors.Required($"{path}.http.paths");
        }

        foreach (var (at, one) in http.Paths.Index())
        {
            Path(errors, one, $"{path}.http.paths[{at}]");
        }
    }

    private static void Host(FieldErrors errors, string host, string path) =>
        errors.Invalid(path, host, host.Contains('*') ? NameChecks.WildcardDnsSubdomain(host) : Names.IsDnsSubdomain(host));

    private static void Path(FieldErrors errors, HTTPIngressPath rule, string path)
    {
        var text = rule.Path ?? "";
        switch (rule.PathType)
        {
            case "":
                errors.Required($"{path}.pathType", "pathType must be specified");
                break;
            case "Exact" or "Prefix":
                if (!text.StartsWith('/'))
                {
                    errors.Invalid($"{path}.path", text, "must be an absolute path");
                }

                foreach (var broken in s_brokenSequences.Where(broken => text.Contains(broken, StringComparison.Ordinal)))
                {
                    errors.Invalid($"{path}.path", text, $"must not contain '{broken}'");
                }

                foreach (var broken in s_brokenEndings.Where(broken => text.EndsWith(broken, StringComparison.Ordinal)))
                {
                    errors.Invalid($"{path}.path", text, $"cannot end with '{broken}'");
                }

                break;
            case "ImplementationSpecific":
                if (text.Length > 0 && text[0] != '/')
                {
                    errors.Invalid($"{path}.path", text, "must be an absolute path");
                }

                break;
            default:
                errors.Add(FieldError.NotSupported($"{path}.pathType", rule.PathType, s_pathTypes));
                break;
        }

        Backend(errors, rule.Backend, $"{path}.backend");
    }

    private static void Backend(FieldErrors errors, IngressBackend backend, string path)
    {
        switch (backend)
        {
            case { Service: not null, Resource: not null }:
                errors.Invalid(path, "", "cannot set both resource and service backends");
                break;
            case { Resource: { } resource }:
                errors.RequireName($"{path}.resource.kind", resource.Kind, _ => []);
                errors.RequireName($"{path}.resource.name", resource.Name, _ => []);
                break;
            case { Service: { } service }:
                errors.RequireName($"{path}.service.name", service.Name, Names.IsDns1035Label);
                Port(errors, service.Port, path);
                break;
            default:
                errors.Invalid(path, "", "resource or service backend is required");
                break;
        }
    }

    private static void Port(FieldErrors errors, ServiceBackendPort? port, string path)
    {
        var (name, number) = (port?.Name ?? "", port?.Number ?? 0);
        if (name.Length > 0 && number != 0)
        {
            errors.Invalid(path, "", "cannot set both port name & port number");
        }
        else if (name.Length > 0)
        {
            errors.Invalid($"{path}.service.port.name", name, Names.IsPortName(name));
        }
        else if (number != 0)
        {
            errors.Invalid($"{path}.service.port.number", FieldErrors.Text(number), Names.IsPortNumber(number));
        }
        else
        {
            errors.Required(path, "port name or number is required");
        }
    }
}
