using System.Net;

namespace KubeAspire.Gateway.Network;

/// <summary>Makes a whole network addresses of this machine, so that a socket can be bound to each of them.</summary>
internal interface IServiceNetwork
{
    /// <summary>Adds the network.</summary>
    /// <returns>Null when it is there now; otherwise why it is not.</returns>
    string? Add(IPNetwork network);

    /// <summary>Takes the network away again.</summary>
    /// <returns>Null when it is gone; otherwise why it is not.</returns>
    string? Remove(IPNetwork network);
}
