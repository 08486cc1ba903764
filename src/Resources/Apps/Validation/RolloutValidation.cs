using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Apps.Validation;

/// <summary>How a Deployment or a DaemonSet goes from one template to the next.</summary>
internal static class RolloutValidation
{
    private const string NotAPercentage =
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

    public static void Validate(FieldErrors errors, DeploymentStrategy? strategy, string path)
    {
        switch (strategy?.Type)
        {
            case "Recreate":
                if (strategy.RollingUpdate is not null)
                {
                    errors.Forbidden($"{path}.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'");
                }

                break;
            case "RollingUpdate":
                if (strategy.RollingUpdate is not { } rolling)
                {
                    errors.Required($"{path}.rollingUpdate", "this should be defaulted and never be nil");
                    break;
                }

                Share(errors, rolling.MaxUnavailable ?? 0, $"{path}.rollingUpdate.maxUnavailable");
                Share(errors, rolling.MaxSurge ?? 0, $"{path}.rollingUpdate.maxSurge");
                if (IsZero(rolling.MaxUnavailable) && IsZero(rolling.MaxSurge))
                {
                    errors.Invalid($"{path}.rollingUpdate.maxUnavailable", (rolling.MaxUnavailable ?? 0).ToString(), "may not be 0 when `maxSurge` is 0");
                }

                NotOverAll(errors, rolling.MaxUnavailable ?? 0, $"{path}.rollingUpdate.maxUnavailable");
                break;
            default:
                errors.RequireOneOf($"{path}.type", strategy?.Type, "Recreate", "RollingUpdate");
                break;
        }
    }

    public static void Validate(FieldErrors errors, DaemonSetUpdateStrategy? strategy, string path)
    {
        switch (strategy?.Type)
        {
            case "OnDelete":
                break;
            case "RollingUpdate":
                if (strategy.RollingUpdate is not { } rolling)
                {
                    errors.Required($"{path}.rollingUpdate");
                    break;
                }

                var (hasUnavailable, hasSurge) = (!IsZero(rolling.MaxUnavailable), !IsZero(rolling.MaxSurge));
                Share(errors, rolling.MaxUnavailable ?? 0, $"{path}.rollingUpdate.maxUnavailable");
                Share(errors, rolling.MaxSurge ?? 0, $"{path}.rollingUpdate.maxSurge");
                if (hasUnavailable && hasSurge)
                {
                    errors.Invalid($"{path}.rollingUpdate.maxSurge", (rolling.MaxSurge ?? 0).ToString(), "may not be set when maxUnavailable is non-zero");
                }
                else if (!hasUnavailable && !hasSurge)
                {
                    errors.Required($"{path}.rollingUpdate.maxUnavailable", "cannot be 0 when maxSurge is 0");
                }

                NotOverAll(errors, rolling.MaxUnavailable ?? 0, $"{path}.rollingUpdate.maxUnavailable");
                NotOverAll(errors, rolling.MaxSurge ?? 0, $"{path}.rollingUpdate.maxSurge");
                break;
            default:
                errors.RequireOneOf($"{path}.type", strategy?.Type, "RollingUpdate", "OnDelete");
                break;
        }
    }

    /// <summary>A number of pods, or a percentage of them up to all.</summary>
    public static void ShareOfAll(FieldErrors errors, IntOrString share, string path)
    {
        Share(errors, share, path);
        NotOverAll(errors, share, path);
    }

    private static void Share(FieldErrors errors, IntOrString share, string path)
    {
        if (share.IsInt)
        {
            errors.NotNegative(path, share.Number);
        }
        else if (Percent(share) is null)
        {
            errors.Invalid(path, share.Text, NotAPercentage);
        }
    }

    private static void NotOverAll(FieldErrors errors, IntOrString share, string path)
    {
        if (Percent(share) > 100)
        {
            errors.Invalid(path, share.Text, "must not be greater than 100%");
        }
    }

    private static bool IsZero(IntOrString? share) => share is not { } value || (value.IsInt ? value.Number == 0 : Percent(value) is 0);

    private static long? Percent(IntOrString share) =>
        share.Text is [.., '%'] text && text.Length > 1 && text[..^1].All(char.IsAsciiDigit) && long.TryParse(text[..^1], out var percent) ? percent : null;
}
