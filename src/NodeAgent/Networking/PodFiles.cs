using System.Text;
using KubeAspire.NodeAgent.Hosting;
using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Networking;

/// <summary>Texts of the files that tell a pod's programs about names: resolv.conf and hosts. Pure.</summary>
internal static class PodFiles
{
    /// <summary>Most name servers the C library reads.</summary>
    private const int NameserversMax = 3;

    /// <summary>Most search domains upstream allows.</summary>
    private const int SearchesMax = 32;

    /// <summary>Longest host name of Linux, less one.</summary>
    private const int HostnameCharsMax = 63;

    /// <summary>The pod's host name.</summary>
    public static string Hostname(Pod pod)
    {
        var name = pod.Spec.HostnameOverride ?? (string.IsNullOrEmpty(pod.Spec.Hostname) ? pod.Metadata.Name ?? "" : pod.Spec.Hostname);
        return name.Length <= HostnameCharsMax ? name : name[..HostnameCharsMax].TrimEnd('-', '.');
    }

    /// <summary>The pod's resolv.conf.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="options">Cluster name server and domain.</param>
    /// <param name="machine">The machine's own resolv.conf.</param>
    public static string ResolvConf(Pod pod, NodeAgentOptions options, string machine)
    {
        var lines = machine.Split('\n').Select(line => line.Trim().Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)).Where(parts => parts.Length > 1).ToList();
        var nameservers = lines.Where(parts => parts[0] == "nameserver").Select(parts => parts[1]).ToList();
        var searches = lines.LastOrDefault(parts => parts[0] is "search" or "domain")?.Skip(1).ToList() ?? [];
        var settings = lines.Where(parts => parts[0] == "options").SelectMany(parts => parts.Skip(1)).ToList();

        var policy = pod.Spec.DnsPolicy ?? "ClusterFirst";
        var host = pod.Spec.HostNetwork == true;
        if (policy == "None")
        {
            (nameservers, searches, settings) = ([], [], []);
        }
        else if ((policy == "ClusterFirst" && !host) || policy == "ClusterFirstWithHostNet")
        {
            var domain = options.ClusterDomain;
            nameservers = [options.ClusterDns];
            searches = [$"{pod.Metadata.Namespace}.svc.{domain}", $"svc.{domain}", domain, .. searches.Where(one => one != ".")];
            settings = ["ndots:5"];
        }

        if (pod.Spec.DnsConfig is { } own)
        {
            nameservers.AddRange(own.Nameservers ?? []);
            searches.AddRange(own.Searches ?? []);
            foreach (var option in own.Options ?? [])
            {
                settings.RemoveAll(one => one == option.Name || one.StartsWith(option.Name + ":", StringComparison.Ordinal));
                settings.Add(string.IsNullOrEmpty(option.Value) ? option.Name ?? "" : $"{option.Name}:{option.Value}");
            }
        }

        var text = new StringBuilder();
        if (searches.Count > 0)
        {
            text.Append("search ").AppendJoin(' ', searches.Distinct().Take(SearchesMax)).Append('\n');
        }

        foreach (var nameserver in nameservers.Distinct().Take(NameserversMax))
        {
            text.Append("nameserver ").Append(nameserver).Append('\n');
        }

        if (settings.Count > 0)
        {
            text.Append("options ").AppendJoin(' ', settings).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>The pod's hosts file.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="options">Cluster domain.</param>
    /// <param name="podIP">Its address.</param>
    /// <param name="machine">The machine's own hosts file, which pods on the machine's network see.</param>
    public static string Hosts(Pod pod, NodeAgentOptions options, string podIP, string machine)
    {
        var text = new StringBuilder();
        if (pod.Spec.HostNetwork == true)
        {
            text.Append("# Kubernetes-managed hosts file (host network).\n").Append(machine.TrimEnd('\n')).Append('\n');
        }
        else
        {
            var hostname = Hostname(pod);
            text.Append("# Kubernetes-managed hosts file.\n")
                .Append("127.0.0.1\tlocalhost\n")
                .Append("::1\tlocalhost ip6-localhost ip6-loopback\n")
                .Append("fe00::0\tip6-localnet\n")
                .Append("fe00::0\tip6-mcastprefix\n")
                .Append("fe00::1\tip6-allnodes\n")
                .Append("fe00::2\tip6-allrouters\n")
                .Append(podIP).Append('\t')
                .Append(string.IsNullOrEmpty(pod.Spec.Subdomain) ? hostname : $"{hostname}.{pod.Spec.Subdomain}.{pod.Metadata.Namespace}.svc.{options.ClusterDomain}\t{hostname}")
                .Append('\n');
        }

        if (pod.Spec.HostAliases is { Count: > 0 } aliases)
        {
            text.Append("\n# Entries added by HostAliases.\n");
            foreach (var alias in aliases)
            {
                text.Append(alias.Ip).Append('\t').AppendJoin('\t', alias.Hostnames ?? []).Append('\n');
            }
        }

        return text.ToString();
    }
}
