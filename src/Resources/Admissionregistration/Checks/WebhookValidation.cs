using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Admissionregistration.Checks;

/// <summary>One webhook, validating or mutating.</summary>
internal static class WebhookValidation
{
    private const int MaximumSeconds = 30;
    private const string UrlForm = "; desired format: https://host[/path]";

    private static readonly string[] s_reviews = ["v1", "v1beta1"];
    private static readonly string[] s_sideEffects = ["None", "NoneOnDryRun"];

    public static FieldErrors Validate(IEnumerable<ValidatingWebhook>? webhooks)
    {
        var errors = new FieldErrors();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (at, hook) in (webhooks ?? []).Index())
        {
            Webhook(errors, hook, $"webhooks[{at}]", names);
        }

        return errors;
    }

    /// <summary>A mutating webhook has everything that a validating one has.</summary>
    public static ValidatingWebhook Common(MutatingWebhook hook) => new()
    {
        AdmissionReviewVersions = hook.AdmissionReviewVersions, ClientConfig = hook.ClientConfig, FailurePolicy = hook.FailurePolicy, MatchConditions = hook.MatchConditions,
        MatchPolicy = hook.MatchPolicy, Name = hook.Name, NamespaceSelector = hook.NamespaceSelector, ObjectSelector = hook.ObjectSelector, Rules = hook.Rules,
        SideEffects = hook.SideEffects, TimeoutSeconds = hook.TimeoutSeconds,
    };

    private static void Webhook(FieldErrors errors, ValidatingWebhook hook, string path, HashSet<string> names)
    {
        errors.RequireName($"{path}.name", hook.Name, Names.IsDnsSubdomain);
        if (hook.Name.Length > 0 && hook.Name.Split('.').Length < 3)
        {
            errors.Invalid($"{path}.name", hook.Name, "should be a domain with at least three segments separated by dots");
        }

        foreach (var (at, rule) in (hook.Rules ?? []).Index())
        {
            RuleValidation.Rule(errors, $"{path}.rules[{at}]", rule.Operations, rule.ApiGroups, rule.ApiVersions, rule.Resources, rule.Scope);
        }

        errors.OneOf($"{path}.failurePolicy", hook.FailurePolicy, "Fail", "Ignore");
        errors.OneOf($"{path}.matchPolicy", hook.MatchPolicy, "Equivalent", "Exact");
        if (hook.SideEffects.Length == 0)
        {
            errors.Required($"{path}.sideEffects", "must specify one of None, NoneOnDryRun");
        }
        else
        {
            errors.OneOf($"{path}.sideEffects", hook.SideEffects, s_sideEffects);
        }

        if (hook.TimeoutSeconds is < 1 or > MaximumSeconds)
        {
            errors.Invalid($"{path}.timeoutSeconds", FieldErrors.Text(hook.TimeoutSeconds.Value), "the timeout value must be between 1 and 30 seconds");
        }

        errors.Selector($"{path}.namespaceSelector", hook.NamespaceSelector);
        errors.Selector($"{path}.objectSelector", hook.ObjectSelector);
        Client(errors, hook.ClientConfig, $"{path}.clientConfig");
        RuleValidation.Conditions(errors, $"{path}.matchConditions", hook.MatchConditions);
        Reviews(errors, hook.AdmissionReviewVersions, $"{path}.admissionReviewVersions");
        if (hook.Name.Length > 0 && !names.Add(hook.Name))
        {
            errors.Duplicate($"{path}.name", hook.Name);
        }
    }

    private static void Reviews(FieldErrors errors, IReadOnlyList<string> versions, string path)
    {
        if (versions.Count == 0)
        {
            errors.Required(path, "must specify one of v1, v1beta1");
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (at, version) in versions.Index())
        {
            if (!seen.Add(version))
            {
                errors.Invalid($"{path}[{at}]", version, "duplicate version");
                continue;
            }

            errors.Invalid($"{path}[{at}]", version, Names.IsDns1035Label(version));
        }

        if (!s_reviews.Any(seen.Contains))
        {
            errors.Invalid(path, FieldErrors.Text(versions), "must include at least one of v1, v1beta1");
        }
    }

    private static void Client(FieldErrors errors, WebhookClientConfig client, string path)
    {
        if ((client.Url is null) == (client.Service is null))
        {
            errors.Required(path, "exactly one of url or service is required");
        }
        else if (client.Url is { } url)
        {
            Url(errors, url, $"{path}.url");
        }
        else
        {
            Service(errors, client.Service!, $"{path}.service");
        }
    }

    private static void Url(FieldErrors errors, string text, string path)
    {
        if (!Uri.TryCreate(text, UriKind.RelativeOrAbsolute, out var url))
        {
            errors.Required(path, $"url must be a valid URL: parse \"{text}\": invalid URL{UrlForm}");
            return;
        }

        var scheme = url.IsAbsoluteUri ? url.Scheme : "";
        if (scheme != "https")
        {
            errors.Invalid(path, scheme, "'https' is the only allowed URL scheme" + UrlForm);
        }

        if (!url.IsAbsoluteUri || url.Host.Length == 0)
        {
            errors.Invalid(path, "", "host must be specified" + UrlForm);
            return;
        }

        if (url.UserInfo.Length > 0)
        {
            errors.Invalid(path, url.UserInfo, "user information is not permitted in the URL");
        }

        if (url.Fragment.Length > 1)
        {
            errors.Invalid(path, url.Fragment[1..], "fragments are not permitted in the URL");
        }

        if (url.Query.Length > 1)
        {
            errors.Invalid(path, url.Query[1..], "query parameters are not permitted in the URL");
        }
    }

    private static void Service(FieldErrors errors, ServiceReference service, string path)
    {
        if (service.Name.Length == 0)
        {
            errors.Required($"{path}.name", "service name is required");
        }

        if (service.Namespace.Length == 0)
        {
            errors.Required($"{path}.namespace", "service namespace is required");
        }

        if (service.Port is { } port)
        {
            errors.Invalid($"{path}.port", FieldErrors.Text(port), Names.IsPortNumber(port).Select(problem => "port is not valid: " + problem));
        }

        if (service.Path is not { Length: > 0 } urlPath || urlPath == "/")
        {
            return;
        }

        if (urlPath == "//")
        {
            errors.Invalid($"{path}.path", urlPath, "segment[0] may not be empty");
            return;
        }

        if (urlPath[0] != '/')
        {
            errors.Invalid($"{path}.path", urlPath, "must start with a '/'");
        }

        var trimmed = urlPath[1..];
        foreach (var (at, step) in (trimmed.EndsWith('/') ? trimmed[..^1] : trimmed).Split('/').Index())
        {
            errors.Invalid($"{path}.path", urlPath, step.Length == 0 ? [$"segment[{at}] may not be empty"] : Names.IsDnsSubdomain(step).Select(problem => $"segment[{at}]: {problem}"));
        }
    }
}
