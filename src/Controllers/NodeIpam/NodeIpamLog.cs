using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.NodeIpam;

/// <summary>Log messages of the nodeipam controller. Event ids 3220-3229.</summary>
internal static partial class NodeIpamLog
{
    [LoggerMessage(3220, LogLevel.Information, "Gave node {Node} the pod network {Cidr}")]
    public static partial void NetworkGiven(this ILogger logger, string node, string cidr);
}
