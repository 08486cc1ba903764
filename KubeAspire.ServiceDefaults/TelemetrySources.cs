namespace KubeAspire.ServiceDefaults;

/// <summary>
/// What is collected: our own sources, and those of the framework itself (the OpenTelemetry instrumentation packages only
/// subscribe to these, so they are not needed).
/// </summary>
public static class TelemetrySources
{
    /// <summary>Activity sources; <c>*</c> matches any rest.</summary>
    public static IReadOnlyList<string> Activities { get; } = ["KubeAspire.*", "Microsoft.AspNetCore", "System.Net.Http", "Yarp.ReverseProxy"];

    /// <summary>Meters; <c>*</c> matches any rest.</summary>
    public static IReadOnlyList<string> Meters { get; } =
    [
        "KubeAspire.*", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Net.Http", "System.Net.NameResolution",
        "System.Runtime", "Yarp.ReverseProxy",
    ];
}
