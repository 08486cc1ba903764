using System.Net;
using System.Net.Sockets;
using KubeAspire.Gateway.Network;

namespace KubeAspire.Gateway.Tests;

public sealed class NetlinkServiceNetworkTests
{
    // RFC 2544: set aside for benchmarks, so nobody's own.
    private static readonly IPNetwork Network = IPNetwork.Parse("198.18.200.0/24");

    [Fact]
    public void TheNetwork_IsThisMachinesOwn_UntilItIsRemoved()
    {
        var network = new NetlinkServiceNetwork();
        var problem = network.Add(Network);
        Assert.SkipWhen(problem is not null, $"needs CAP_NET_ADMIN: {problem}");
        try
        {
            Assert.Null(network.Add(Network)); // Left by a gateway that was killed: taken over.
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(IPEndPoint.Parse("198.18.200.7:0"));
        }
        finally
        {
            Assert.Null(network.Remove(Network));
        }

        Assert.Null(network.Remove(Network));
        using var after = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Assert.Throws<SocketException>(() => after.Bind(IPEndPoint.Parse("198.18.200.7:0")));
    }
}
