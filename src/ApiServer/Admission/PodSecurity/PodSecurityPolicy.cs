namespace KubeAspire.ApiServer.Admission.PodSecurity;

/// <summary>How much a pod may ask of its node.</summary>
internal enum PodSecurityLevel
{
    /// <summary>Anything.</summary>
    Privileged,

    /// <summary>Nothing that is known to lead out of the container.</summary>
    Baseline,

    /// <summary>What hardened applications need and no more.</summary>
    Restricted,
}

/// <summary>A level at a version of the standard.</summary>
/// <param name="Level">The level.</param>
/// <param name="Minor">Minor version of v1 whose standard counts; null for the latest.</param>
internal readonly record struct PodSecurityLevelVersion(PodSecurityLevel Level, int? Minor)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Level.ToString().ToLowerInvariant()}:{(Minor is { } minor ? $"v1.{minor}" : "latest")}";
}

/// <summary>What the labels of a namespace ask for.</summary>
/// <remarks>Kubernetes' Pod Security Admission: labels <c>pod-security.kubernetes.io/enforce|audit|warn[-version]</c>. There is no audit stage yet, so <c>audit</c> is checked for its form only.</remarks>
internal sealed record PodSecurityPolicy(PodSecurityLevelVersion Enforce, PodSecurityLevelVersion Warn)
{
    /// <summary>Beginning of the labels.</summary>
    public const string Prefix = "pod-security.kubernetes.io/";

    private static readonly string[] s_modes = ["enforce", "audit", "warn"];

    /// <summary>Whether nothing is asked for.</summary>
    public bool IsPrivileged => Enforce.Level == PodSecurityLevel.Privileged && Warn.Level == PodSecurityLevel.Privileged;

    /// <summary>Reads the labels. A label that cannot be read asks for the most, as upstream: better refuse than let through.</summary>
    public static PodSecurityPolicy Of(IReadOnlyDictionary<string, string>? labels) => new(Read(labels, "enforce"), Read(labels, "warn"));

    /// <summary>The labels that cannot be read, each with the reason.</summary>
    public static IEnumerable<(string Label, string Value, string Problem)> Problems(IReadOnlyDictionary<string, string>? labels)
    {
        foreach (var mode in s_modes)
        {
            if (labels?.GetValueOrDefault(Prefix + mode) is { } level && LevelOf(level) is null)
            {
                yield return (Prefix + mode, level, "must be one of privileged, baseline, restricted");
            }

            if (labels?.GetValueOrDefault($"{Prefix}{mode}-version") is { } version && !TryVersion(version, out _))
            {
                yield return ($"{Prefix}{mode}-version", version, "must be \"latest\" or \"v1.x\"");
            }
        }
    }

    private static PodSecurityLevelVersion Read(IReadOnlyDictionary<string, string>? labels, string mode)
    {
        if (labels?.GetValueOrDefault(Prefix + mode) is not { } level)
        {
            return new PodSecurityLevelVersion(PodSecurityLevel.Privileged, null);
        }

        TryVersion(labels.GetValueOrDefault($"{Prefix}{mode}-version") ?? "latest", out var minor);
        return new PodSecurityLevelVersion(LevelOf(level) ?? PodSecurityLevel.Restricted, minor);
    }

    private static PodSecurityLevel? LevelOf(string text) => text switch
    {
        "privileged" => PodSecurityLevel.Privileged,
        "baseline" => PodSecurityLevel.Baseline,
        "restricted" => PodSecurityLevel.Restricted,
        _ => null,
    };

    private static bool TryVersion(string text, out int? minor)
    {
        minor = null;
        if (text == "latest")
        {
            return true;
        }

        if (!text.StartsWith("v1.", StringComparison.Ordinal) || !int.TryParse(text.AsSpan(3), System.Globalization.NumberStyles.None, null, out var number)
            || (text.Length > 4 && text[3] == '0'))
        {
            return false;
        }

        minor = number;
        return true;
    }
}
