using System.Globalization;

namespace KubeAspire.StateStore.Redis;

/// <summary>Where a Redis server is and how it is spoken to.</summary>
/// <param name="Host">Name or address.</param>
/// <param name="Port">Its port.</param>
public sealed record RedisAddress(string Host, int Port)
{
    /// <summary>The port of a server that names none.</summary>
    public const int DefaultPort = 6379;

    /// <summary>The user to log in as; null for the default user.</summary>
    public string? User { get; init; }

    /// <summary>The password; null where none is asked for.</summary>
    public string? Password { get; init; }

    /// <summary>The number of the database.</summary>
    public int Database { get; init; }

    /// <summary>Whether the connection is encrypted.</summary>
    public bool Tls { get; init; }

    /// <summary>The name that the server's certificate must bear; null for <see cref="Host"/>.</summary>
    public string? TlsHost { get; init; }

    /// <summary>Reads a connection string: <c>host[:port][,user=…][,password=…][,ssl=true][,sslHost=…][,defaultDatabase=n]</c>.</summary>
    /// <remarks>The form that .NET's Redis clients share and that Aspire writes into <c>ConnectionStrings__redis</c>. Options that only concern a client's own pace are passed over.</remarks>
    /// <exception cref="FormatException">It names no server, more than one, or an option with a value that makes no sense.</exception>
    public static RedisAddress Parse(string connectionString)
    {
        ArgumentNullException.ThrowIfNull(connectionString);
        RedisAddress? address = null;
        var options = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var part in connectionString.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                options[part[..equals].Trim()] = part[(equals + 1)..].Trim();
                continue;
            }

            // One log has one home: a list of servers would be a Redis cluster, whose parts know nothing of each other's order.
            address = address is null ? ParseHost(part) : throw new FormatException("The connection string of the state's Redis names more than one server.");
        }

        return (address ?? throw new FormatException("The connection string of the state's Redis names no server.")) with
        {
            User = options.GetValueOrDefault("user"),
            Password = options.GetValueOrDefault("password"),
            Database = Number(options, "defaultDatabase"),
            Tls = options.GetValueOrDefault("ssl") is { } tls && (bool.TryParse(tls, out var on) ? on : throw new FormatException($"ssl={tls} is neither true nor false.")),
            TlsHost = options.GetValueOrDefault("sslHost"),
        };
    }

    /// <summary>Host and port; never the password.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");

    private static RedisAddress ParseHost(string text)
    {
        var colon = text.LastIndexOf(':');
        var bare = colon < 0 || text.EndsWith(']');
        var host = (bare ? text : text[..colon]).Trim('[', ']');
        return int.TryParse(bare ? "6379" : text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536 && host.Length > 0
            ? new RedisAddress(host, port) : throw new FormatException($"{text} is no host with a port.");
    }

    private static int Number(Dictionary<string, string> options, string name) =>
        options.GetValueOrDefault(name) is not { } text ? 0
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new FormatException($"{name}={text} is no number.");
}
