using System.Buffers.Binary;
using System.Net;

namespace KubeAspire.NodeAgent.Networking;

/// <summary>Gives the addresses of a node's podCIDR to sandboxes. An address that was given back is given out again as late as possible.</summary>
internal sealed class AddressPool
{
    /// <summary>Largest range managed: a /16.</summary>
    private const int PrefixLengthMin = 16;

    private readonly Lock _gate = new();
    private readonly Queue<uint> _free = new();
    private readonly Dictionary<uint, string> _owners = [];
    private readonly uint _network;
    private readonly uint _last;

    /// <param name="cidr">Such as <c>10.244.1.0/24</c>.</param>
    /// <param name="excluded">Addresses that belong to others, such as the gateway.</param>
    public AddressPool(string cidr, params IEnumerable<string> excluded)
    {
        var range = IPNetwork.Parse(cidr);
        if (range.BaseAddress.AddressFamily != System.Net.Sockets.AddressFamily.InterNetwork || range.PrefixLength is < PrefixLengthMin or > 30)
        {
            throw new ArgumentException($"podCIDR {cidr} must be IPv4 and between /{PrefixLengthMin} and /30", nameof(cidr));
        }

        _network = ToNumber(range.BaseAddress);
        _last = _network + (1u << (32 - range.PrefixLength)) - 1;
        var others = excluded.Select(IPAddress.Parse).Select(ToNumber).ToHashSet();
        for (var address = _network + 1; address < _last; address++) // Neither the network's own address nor the broadcast.
        {
            if (!others.Contains(address))
            {
                _free.Enqueue(address);
            }
        }
    }

    /// <summary>Addresses that could be given out now.</summary>
    public int Free
    {
        get
        {
            lock (_gate)
            {
                return _free.Count;
            }
        }
    }

    /// <summary>An address for an owner; the same one if it already has one. Null when all are in use.</summary>
    public string? Take(string owner)
    {
        lock (_gate)
        {
            foreach (var (taken, by) in _owners)
            {
                if (by == owner)
                {
                    return ToText(taken);
                }
            }

            // Addresses claimed since they were queued are skipped here.
            while (_free.TryDequeue(out var address))
            {
                if (_owners.TryAdd(address, owner))
                {
                    return ToText(address);
                }
            }

            return null;
        }
    }

    /// <summary>Notes that a sandbox found at the start has an address. False when somebody else has it.</summary>
    public bool Claim(string address, string owner)
    {
        if (!IPAddress.TryParse(address, out var parsed))
        {
            return false;
        }

        var number = ToNumber(parsed);
        lock (_gate)
        {
            return number <= _network || number >= _last || _owners.TryAdd(number, owner) || _owners[number] == owner;
        }
    }

    /// <summary>Gives back what an owner has.</summary>
    public void Release(string owner)
    {
        lock (_gate)
        {
            foreach (var address in _owners.Where(one => one.Value == owner).Select(one => one.Key).ToList())
            {
                _owners.Remove(address);
                _free.Enqueue(address);
            }
        }
    }

    private static uint ToNumber(IPAddress address) => BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    private static string ToText(uint address)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, address);
        return new IPAddress(bytes).ToString();
    }
}
