using System.Net;

namespace KubeAspire.Dns.Server;

/// <summary>Reads the host's resolvers. resolv.conf(5).</summary>
public static class ResolvConf
{
    private const int DnsPort = 53;

    /// <summary>The servers of a file's text, without those that are ourselves.</summary>
    /// <param name="text">Lines such as <c>nameserver 192.0.2.1</c>; <c>#</c> and <c>;</c> begin comments.</param>
    /// <param name="own">Addresses this server listens on: asking them would be a loop.</param>
    public static IReadOnlyList<IPEndPoint> Upstreams(string text, IReadOnlyCollection<IPEndPoint> own)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(own);
        var found = new List<IPEndPoint>();
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words is ["nameserver", var server, ..] && IPAddress.TryParse(server, out var address))
            {
                var upstream = new IPEndPoint(address, DnsPort);
                if (!own.Contains(upstream) && !found.Contains(upstream) && found.Count < DnsServerLimits.Upstreams)
                {
                    found.Add(upstream);
                }
            }
        }

        return found;
    }
}
