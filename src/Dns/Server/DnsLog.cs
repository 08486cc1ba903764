using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Dns.Server;

/// <summary>Log messages of the DNS server. Event ids 6500-6999.</summary>
internal static partial class DnsLog
{
    [LoggerMessage(6500, LogLevel.Information, "DNS listens on {Addresses}")]
    public static partial void Listening(this ILogger logger, string addresses);

    [LoggerMessage(6501, LogLevel.Warning, "Could not accept a DNS connection: {Error}")]
    public static partial void AcceptFailed(this ILogger logger, SocketError error);
}
