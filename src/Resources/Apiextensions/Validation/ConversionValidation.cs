using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Apiextensions.Validation;

/// <summary>How objects of one version become those of another. Paths are upstream's internal ones, which its messages show.</summary>
/// <remarks>
/// Conversion by webhook is not built: its configuration is checked and kept where there is one version, whose objects nothing converts,
/// and refused where there are several.
/// </remarks>
internal static class ConversionValidation
{
    private const string Path = "spec.conversion", ConfigPath = $"{Path}.webhookClientConfig", VersionsPath = $"{Path}.conversionReviewVersions";
    private const string NotWebhook = "should not be set when strategy is not set to Webhook";

    private static readonly string[] s_reviewVersions = ["v1", "v1beta1"];

    public static void Validate(FieldErrors errors, CustomResourceConversion conversion, int versions)
    {
        errors.RequireOneOf($"{Path}.strategy", conversion.Strategy, "None", "Webhook");
        if (conversion.Strategy != "Webhook")
        {
            if (conversion.Webhook?.ClientConfig is not null)
            {
                errors.Forbidden(ConfigPath, NotWebhook);
            }

            if (conversion.Webhook?.ConversionReviewVersions is { Count: > 0 })
            {
                errors.Forbidden(VersionsPath, NotWebhook);
            }

            return;
        }

        if (versions > 1)
        {
            errors.Forbidden($"{Path}.strategy", "conversion by Webhook is not supported yet for a definition of several versions: only None is");
        }

        Client(errors, conversion.Webhook?.ClientConfig);
        Reviews(errors, conversion.Webhook?.ConversionReviewVersions ?? []);
    }

    private static void Client(FieldErrors errors, WebhookClientConfig? config)
    {
        if (config is null)
        {
            errors.Required(ConfigPath, "required when strategy is set to Webhook");
            return;
        }

        if ((config.Url is null) == (config.Service is null))
        {
            errors.Required(ConfigPath, "exactly one of url or service is required");
        }
        else if (config.Url is { } url)
        {
            Url(errors, url);
        }
        else if (config.Service is { } service)
        {
            const string At = $"{ConfigPath}.service";
            if (service.Name.Length == 0)
            {
                errors.Required($"{At}.name", "service name is required");
            }

            if (service.Namespace.Length == 0)
            {
                errors.Required($"{At}.namespace", "service namespace is required");
            }

            if (service.Port is { } port && ApiMachinery.Meta.Names.IsPortNumber(port) is { Count: > 0 } problems)
            {
                errors.Invalid($"{At}.port", FieldErrors.Text(port), "port is not valid: " + string.Join(',', problems));
            }

            if (service.Path is { } path && !path.StartsWith('/'))
            {
                errors.Invalid($"{At}.path", path, "must start with a '/'");
            }
        }
    }

    private static void Url(FieldErrors errors, string text)
    {
        const string At = $"{ConfigPath}.url", Form = "; desired format: https://host[/path]";
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url))
        {
            errors.Required(At, $"url must be a valid URL{Form}");
            return;
        }

        if (url.Scheme != "https")
        {
            errors.Invalid(At, url.Scheme, $"'https' is the only allowed URL scheme{Form}");
        }

        if (url.Host.Length == 0)
        {
            errors.Invalid(At, url.Host, $"host must be specified{Form}");
        }

        if (url.UserInfo.Length > 0)
        {
            errors.Invalid(At, url.UserInfo, "user information is not permitted in the URL");
        }

        if (url.Fragment.Length > 0)
        {
            errors.Invalid(At, url.Fragment[1..], "fragments are not permitted in the URL");
        }

        if (url.Query.Length > 0)
        {
            errors.Invalid(At, url.Query[1..], "query parameters are not permitted in the URL");
        }
    }

    private static void Reviews(FieldErrors errors, IReadOnlyList<string> versions)
    {
        if (versions.Count == 0)
        {
            errors.Required(VersionsPath);
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (at, version) in versions.Index())
        {
            if (!seen.Add(version))
            {
                errors.Invalid($"{VersionsPath}[{at}]", version, "duplicate version");
            }
            else
            {
                errors.Invalid($"{VersionsPath}[{at}]", version, ApiMachinery.Meta.Names.IsDns1035Label(version));
            }
        }

        if (!versions.Any(s_reviewVersions.Contains))
        {
            errors.Invalid(VersionsPath, FieldErrors.Text(versions), $"must include at least one of {string.Join(", ", s_reviewVersions)}");
        }
    }
}
