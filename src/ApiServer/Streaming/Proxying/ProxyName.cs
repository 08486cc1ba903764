using System.Globalization;

namespace KubeAspire.ApiServer.Streaming.Proxying;

/// <summary>What a proxied request names: <c>name</c>, <c>name:port</c> or <c>scheme:name:port</c>.</summary>
/// <param name="Scheme"><c>http</c>, <c>https</c>, or empty.</param>
/// <param name="Name">Name of the pod, service or node.</param>
/// <param name="Port">Port, by number or by name; may be empty.</param>
internal sealed record ProxyName(string Scheme, string Name, string Port)
{
    /// <summary>Reads a name; null where it is none.</summary>
    /// <remarks>Upstream's SplitSchemeNamePort.</remarks>
    public static ProxyName? Parse(string text) => text.Split(':') switch
    {
        [{ Length: > 0 } name] => new ProxyName("", name, ""),
        [{ Length: > 0 } name, var port] => new ProxyName("", name, port),
        [("" or "http" or "https") and var scheme, { Length: > 0 } name, var port] => new ProxyName(scheme, name, port),
        _ => null,
    };

    /// <summary>The port as a number; null where it is a name or absent.</summary>
    public int? Number => int.TryParse(Port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= ushort.MaxValue ? number : null;
}
